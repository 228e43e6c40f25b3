"""Evidence that leaves as a bundle, and bundles that arrive."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.evidence import bundles, imports
from hikeshi.desk.evidence.models import TLP
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors import bundles as doors
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import HikeshiError, Refused


@require_safe
def bundle(request: HttpRequest, name: str) -> HttpResponse:
    return _show(request, incident_of(request, name))


def _show(request: HttpRequest, incident: Incident, problem: HikeshiError | None = None) -> HttpResponse:
    context = {
        **head(request, incident, "evidence"), "items": incident.evidence.order_by("name"), "markings": TLP,
        "chosen": request.POST.getlist("items") if problem else [],
    }  # fmt: skip
    return page(request, "console/bundle.html", context, problem=problem)


@require_POST
def export(request: HttpRequest, name: str) -> HttpResponseBase:
    """The zip, streamed while it is made."""
    incident = incident_of(request, name)
    sent = request.POST
    choice = bundles.Choice(
        items=tuple(sent.getlist("items")), hashes_only="hashes_only" in sent, tlp=sent.get("tlp", ""),
        record="custody" if sent.get("record") == "custody" else "whole", recipient=sent.get("recipient", "")[:200],
        purpose=sent.get("purpose", "")[:300],
    )  # fmt: skip
    made: list[bundles.Export] = []
    problem = attempt(lambda: made.append(bundles.begin(incident, choice, actor=actor(request))))
    return _show(request, incident, problem) if problem else doors.download(request, made[0])


@require_POST
def take_in(request: HttpRequest, name: str) -> HttpResponse:
    """A bundle of another instance becomes items of this incident."""
    incident = incident_of(request, name)
    kept: list[imports.Imported] = []
    problem = attempt(lambda: kept.append(_take_in(request, incident)))
    if problem is not None:
        return _show(request, incident, problem)
    said = _("The bundle was verified and taken in: %(count)s items.") % {"count": len(kept[0].items)}
    return done(request, said, "item", incident.name, kept[0].items[0].name)


def _take_in(request: HttpRequest, incident: Incident) -> imports.Imported:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise Refused(_("No file was sent."), hint=_("Choose the bundle's zip."))
    sent = request.POST
    with doors.uploaded(file) as path:
        return imports.take_in(
            path, incident, actor=actor(request), key=sent.get("key", ""), anyway=sent.get("anyway", "")[:500]
        )  # fmt: skip
