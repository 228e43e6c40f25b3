"""The offline kit."""

from __future__ import annotations

from typing import Final, Literal

from django.http import HttpResponse
from ninja import Router

from hikeshi.desk.reports.kit import Format, kit
from hikeshi.doors.api.bearer import Call

router = Router()
TYPES: Final[dict[Format, str]] = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}


@router.get("/kit", response=None)
def take_kit(request: Call, language: Literal["en", "ja"] = "en", format: Format = "html") -> HttpResponse:  # noqa: A002 - the word callers expect
    """Plan, contact list, on call, playbooks and deadlines in one file. It holds personal data: that you took it is in the ledger."""
    made = kit(actor=request.auth, language=language, kind=format)
    headers = {"Content-Disposition": f'attachment; filename="hikeshi-kit-{language}.{format}"'}
    return HttpResponse(made, content_type=TYPES[format], headers=headers)
