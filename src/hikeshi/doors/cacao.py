"""Playbooks from other systems, the same for every door."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from hikeshi.playbooks.cacao import importing, verifying
from hikeshi.playbooks.writing import written


class Said(BaseModel):
    """A sentence in both languages, and where it belongs."""

    place: str
    en: str
    ja: str


class SignatureShape(BaseModel):
    """One signature. `key` is the SHA-256 of the public key (DER), in hex: whose it is, a person has to know."""

    signee: str
    good: bool
    key: str
    why: str


class Imported(BaseModel):
    """What came in: as the YAML of a playbook, with what could only be taken over in another way, and its signatures."""

    name: str
    steps: int
    yaml: str
    notes: list[Said]
    signatures: list[SignatureShape]


def imported(text: bytes, *, source: str, keys: Iterable[str] = ()) -> Imported:
    """Read a CACAO document. Raises `Unreadable`, and `Refused` for a signature that does not hold, or none by one of `keys` (PEM) where some
    are named. Nothing is kept: the YAML goes the way of every other draft.
    """
    document = importing.document_of(text, source=source)
    book, notes = importing.read(document, source=source)
    return Imported(
        name=book.name, steps=len(book.steps), yaml=written(book),
        notes=[Said(place=one.place, en=one.what.en, ja=one.what.ja) for one in notes],
        signatures=[
            SignatureShape(signee=one.signee, good=one.good, key=one.key, why=one.why)
            for one in verifying.demand(document, keys)
        ],
    )  # fmt: skip
