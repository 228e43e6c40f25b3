"""The chain-of-custody form on the screen, to be printed from there, and as PDF."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from hikeshi.desk.evidence.models import Item
from hikeshi.desk.evidence.printing import Format, print_form
from hikeshi.doors.console.evidence import show
from hikeshi.doors.console.visit import actor, incident_of
from hikeshi.errors import HikeshiError


@require_safe
def form(request: HttpRequest, name: str, item: str = "", kind: Format = "html") -> HttpResponse:
    """The form of one item, or of all, in the reader's language."""
    incident = incident_of(request, name)
    rows = Item.objects.filter(incident=incident).select_related("incident").order_by("name")
    items = [get_object_or_404(rows, name=item)] if item else list(rows)
    pdf = reverse("item_form_pdf", args=(name, item)) if item else reverse("evidence_form_pdf", args=(name,))
    language = get_language() or "en"
    try:
        made = print_form(
            incident, items, actor=actor(request), language=language, kind=kind, pdf=pdf if kind == "html" else None
        )
    except HikeshiError as problem:
        return show(request, incident, None, problem)
    if kind == "html":
        return HttpResponse(made, content_type="text/html; charset=utf-8")
    named = f"{incident.name}-{item or 'evidence'}-{language}.pdf"
    return HttpResponse(
        made, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{named}"'}
    )
