"""Checkpoints as they are held outside: many notes in one file, mail or paper, between other words and what was cut short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from hikeshi.custody.checkpoint import DASH, Checkpoint, Note, read_note, read_text
from hikeshi.errors import Unreadable


class HeldNote(msgspec.Struct, frozen=True, kw_only=True):
    """One note that was found: taken apart, and what it says. Nothing is said yet of who signed it."""

    place: str
    note: Note
    checkpoint: Checkpoint


def read_notes(text: str, *, source: str) -> Iterator[HeldNote | Unreadable]:
    """Every note in the text. What is between them and is no note is a value, so that nothing is silently left out."""
    pending: tuple[int, list[str]] = (0, [])
    for line, block in _blocks(text.replace("\r\n", "\n").split("\n")):
        signed = sum(1 for one in block if one.startswith(f"{DASH} "))
        if pending[1] and block[0].startswith(f"{DASH} "):
            yield _read([*pending[1], "", *block[:signed], ""], source, f"line {pending[0]}")
            pending = (line + signed, block[signed:])
            continue
        if pending[1]:
            yield _no_note(source, pending[0])
        pending = (line, block)
    if pending[1]:
        yield _no_note(source, pending[0])


def _read(lines: list[str], source: str, place: str) -> HeldNote | Unreadable:
    try:
        note = read_note("\n".join(lines), source=f"{source}, {place}")
        return HeldNote(place=place, note=note, checkpoint=read_text(note.text, source=f"{source}, {place}"))
    except Unreadable as problem:
        return problem


def _no_note(source: str, line: int) -> Unreadable:
    return Unreadable("these lines are no signed checkpoint", source=source, place=f"line {line}")


def _blocks(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Lines that stand together, with the number of the first."""
    block: list[str] = []
    for number, line in enumerate((*lines, ""), start=1):
        if line:
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
