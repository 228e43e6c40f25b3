"""Playbooks to other systems and from them: the document of one, and a draft from a document that came."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.custody.signing import KEY_LIMIT
from hikeshi.desk.playbooks import drafting
from hikeshi.desk.playbooks.models import Draft
from hikeshi.desk.playbooks.reading import books
from hikeshi.doors.cacao import Imported, imported
from hikeshi.doors.console.clock_rules import refuse_strangers
from hikeshi.doors.console.visit import actor, attempt, page
from hikeshi.errors import Refused
from hikeshi.playbooks.cacao import exporting
from hikeshi.playbooks.cacao.importing import SIZE_LIMIT
from hikeshi.playbooks.signatures import BLOCK


@require_safe
def document(request: HttpRequest, book: str) -> HttpResponse:
    """One playbook as a CACAO 2.0 file, in the reader's language."""
    refuse_strangers(request)
    found = books().get(book)
    if found is None:
        raise Http404
    language: exporting.Language = "ja" if get_language() == "ja" else "en"
    body = msgspec.json.format(
        msgspec.json.encode(exporting.export(found, at=timezone.now(), language=language)), indent=2
    )
    return HttpResponse(
        body, content_type="application/json", headers={"Content-Disposition": f'attachment; filename="{book}.cacao.json"'}
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def bring_in(request: HttpRequest) -> HttpResponse:
    """A draft from a CACAO 2.0 file, with what could only be taken over in another way."""
    refuse_strangers(request)
    made: dict[str, Any] = {}
    problem = attempt(lambda: _begin(request, made)) if request.method == "POST" else None
    return page(request, "console/playbook_import.html", made, problem=problem)


def _begin(request: HttpRequest, made: dict[str, Any]) -> None:
    file = request.FILES.get("file")
    if file is None:
        raise Refused("No file was chosen.", hint="Choose the JSON document that the other system wrote.")
    typed = request.POST.get("keys", "").strip()[:KEY_LIMIT]
    keys = BLOCK.findall(typed) or ([typed] if typed else [])
    found: Imported = imported(file.read(SIZE_LIMIT + 1), source=file.name or "document", keys=keys)
    draft: Draft = drafting.begin(actor=actor(request), text=found.yaml)
    made |= {"found": found, "draft": draft}
