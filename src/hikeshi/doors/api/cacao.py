"""Playbooks to and from other systems: CACAO 2.0."""

from __future__ import annotations

from typing import Any, Literal

from django.utils import timezone
from ninja import Router
from pydantic import Field

from hikeshi.doors import find
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.cacao import Imported, imported
from hikeshi.playbooks.cacao import exporting

router = Router()


class Document(Body):
    """`text` is the JSON document as it came, byte for byte, so that its signatures can be checked.

    `keys` are public keys in PEM: one of them has to have signed it.
    """

    text: str = Field(max_length=1024 * 1024)
    keys: list[str] = Field([], max_length=20)


@router.get("/playbooks/{playbook}/cacao", response=dict[str, Any])
def show_cacao(request: Call, playbook: str, language: Literal["en", "ja"] = "en") -> dict[str, Any]:
    """One playbook as a CACAO 2.0 document, in the language that other systems will see."""
    book = find.playbook(request.auth, playbook)
    return exporting.export(book, at=timezone.now(), language=language)


@router.post("/playbooks/cacao", response=Imported)
def read_cacao(request: Call, body: Document) -> Imported:
    """A CACAO 2.0 document as the YAML of a playbook. Nothing is kept: send the YAML on as a draft.

    Refused where a signature in it does not hold, or none by one of the keys where some are named.
    """
    find.insider(request.auth)
    return imported(body.text.encode(), source="document", keys=body.keys)
