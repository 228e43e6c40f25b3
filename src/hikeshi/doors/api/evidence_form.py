"""The chain-of-custody form, of one item or of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from django.http import HttpResponse
from ninja import Router

from hikeshi.desk.evidence.models import Item
from hikeshi.desk.evidence.printing import Format, print_form
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors import find
from hikeshi.doors.api.bearer import Call

router = Router()
TYPES: Final[dict[Format, str]] = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
Language = Literal["en", "ja"]


@router.get("/incidents/{name}/evidence-form", response=None)
def print_all(request: Call, name: str, language: Language = "en", format: Format = "pdf") -> HttpResponse:  # noqa: A002 - the word callers expect
    """The form of every item as PDF or HTML. What was printed is a line of each item's custody."""
    row = find.incident(request.auth, name)
    return _form(request, row, list(row.evidence.select_related("incident")), language, format)


@router.get("/incidents/{name}/evidence/{item}/form", response=None)
def print_item(
    request: Call,
    name: str,
    item: str,
    language: Language = "en",
    format: Format = "pdf",  # noqa: A002 - as above
) -> HttpResponse:
    """The form of one item as PDF or HTML. What was printed is a line of its custody."""
    row = find.incident(request.auth, name)
    return _form(request, row, [find.item(row, item)], language, format)


def _form(request: Call, row: Incident, items: Sequence[Item], language: Language, kind: Format) -> HttpResponse:
    made = print_form(row, items, actor=request.auth, language=language, kind=kind)
    named = f"{row.name}-{items[0].name if len(items) == 1 else 'evidence'}-{language}.{kind}"
    return HttpResponse(
        made, content_type=TYPES[kind], headers={"Content-Disposition": f'attachment; filename="{named}"'}
    )
