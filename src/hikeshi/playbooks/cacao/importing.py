"""A CACAO document, read: exactly as it was where we wrote it, else as `foreign.py` understands it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.playbooks.cacao.foreign import Note, read_foreign
from hikeshi.playbooks.cacao.names import EXTENSION, SPEC_VERSION, print_of, seen, shape
from hikeshi.playbooks.playbook import Playbook
from hikeshi.text import Text

SIZE_LIMIT: Final = 1024 * 1024
NEEDED: Final = (
    "type",
    "spec_version",
    "id",
    "name",
    "created_by",
    "created",
    "modified",
    "workflow_start",
    "workflow",
)
"""Section 3.1: what every playbook has."""


def load(text: bytes, *, source: str = "playbook") -> tuple[Playbook, list[Note]]:
    """Read a JSON document. Raises `Unreadable` naming what is wrong where; what could only be taken over in another way is in the notes."""
    return read(document_of(text, source=source), source=source)


def document_of(text: bytes, *, source: str = "playbook") -> Any:
    """The plain values of a JSON text. Raises `Unreadable` where it is too large, nested too deeply, or not JSON."""
    if len(text) > SIZE_LIMIT:
        raise Unreadable(f"larger than {SIZE_LIMIT} bytes", source=source)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Unreadable(f"not JSON: {problem}", source=source) from problem


def read(document: Any, *, source: str = "playbook") -> tuple[Playbook, list[Note]]:
    """As `load`, from plain values."""
    _refuse_strangers(document, source)
    try:
        if EXTENSION in (document.get("playbook_extensions") or {}):
            return _ours(document)
        return read_foreign(document)
    except (AttributeError, KeyError, TypeError, ValueError, msgspec.ValidationError) as problem:
        raise Unreadable(f"not a CACAO playbook as the specification has it: {problem}", source=source) from problem


def _refuse_strangers(document: Any, source: str) -> None:
    if not isinstance(document, dict) or document.get("type") != "playbook":
        raise Unreadable("no CACAO playbook: its `type` has to be `playbook`", source=source, place="type")
    if document.get("spec_version") != SPEC_VERSION:
        said = str(document.get("spec_version"))[:40]
        raise Unreadable(
            f"`spec_version` is {said!r}, and only {SPEC_VERSION} is understood", source=source, place="spec_version"
        )
    missing = [name for name in NEEDED if not document.get(name)]
    if missing:
        raise Unreadable(f"`{missing[0]}` is missing", source=source, place=missing[0])
    if not isinstance(document["workflow"], dict):
        raise Unreadable("`workflow` has to be a mapping of steps by id", source=source, place="workflow")


def _ours(document: Mapping[str, Any]) -> tuple[Playbook, list[Note]]:
    """From our extension, with what others have changed in the visible part: their words count, the order of the steps is ours."""
    said = document["playbook_extensions"][EXTENSION]
    notes: list[Note] = []
    head = dict(said["playbook"])
    if said.get("seen") != print_of(seen(dict(document))):
        _take(head, "title", document.get("name"), said, "name", notes)
        _take(head, "summary", document.get("description"), said, "description", notes)
    if said.get("flow") != print_of(shape(dict(document))):
        notes.append(Note("workflow", Text(
            "The order of the steps was changed elsewhere; the order in Hikeshi's extension was kept.",
            "ステップの順序が他のシステムで変更されています。Hikeshi の拡張に保存された順序を使います。",
        )))  # fmt: skip
    placed: dict[str, tuple[int, dict[str, Any]]] = {}
    for at, step in document["workflow"].items():
        ours = (step.get("step_extensions") or {}).get(EXTENSION)
        if ours is None:
            if step.get("type") in {"action", "playbook-action"}:
                notes.append(
                    Note(
                        at,
                        Text(
                            "This step was added elsewhere and was not taken over.",
                            "他のシステムで追加されたステップのため、取り込んでいません。",
                        ),
                    )
                )
            continue
        spec = dict(ours["step"])
        if ours.get("seen") != print_of([step.get("name"), step.get("description")]):
            _take(spec, "title", step.get("name"), said, at, notes)
            _take(spec, "text", step.get("description"), said, at, notes)
        placed[spec["key"]] = (ours["place"], spec)
    steps = [spec for _, spec in sorted(placed.values(), key=lambda pair: pair[0])]
    return msgspec.convert({**head, "steps": steps}, Playbook), notes


def _take(
    body: dict[str, Any], field: str, said: object, extension: Mapping[str, Any], place: str, notes: list[Note]
) -> None:
    """Put in what another system wrote, in the language that was exported."""
    language = "ja" if extension.get("language") == "ja" else "en"
    if isinstance(said, str) and said.strip() and body[field][language] != said:
        body[field] = {**body[field], language: said}
        notes.append(
            Note(
                place,
                Text(
                    f"`{field}` was changed elsewhere and is taken over.",
                    f"`{field}` は他のシステムで変更されており、その内容を取り込みました。",
                ),
            )
        )
