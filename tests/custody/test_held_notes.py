"""Notes are found wherever they were kept, and what is no note is said."""

from __future__ import annotations

from hypothesis import given, strategies as st

from hikeshi.custody.held_notes import HeldNote, read_notes
from hikeshi.errors import Unreadable

ROOT = "A" * 43 + "="
NOTES = [f"a.example/x\n{size}\n{ROOT}\n\n— a.example/x AAAAAAA=\n" for size in (1, 22)]


def _sizes(text: str) -> list[int | str]:
    found = read_notes(text, source="f")
    return [one.checkpoint.size if isinstance(one, HeldNote) else one.place or one.source for one in found]


def test_many_notes_in_one_file() -> None:
    assert _sizes("\n".join(NOTES)) == [1, 22]
    assert _sizes("\n\n\n".join(NOTES).replace("\n", "\r\n")) == [1, 22]
    assert _sizes(NOTES[0]) == [1]


def test_what_was_cut_short_costs_only_itself() -> None:
    assert _sizes(f"{NOTES[0][:20]}\n\n{NOTES[1]}") == ["line 1", 22]
    assert _sizes(f"{NOTES[0]}\n{NOTES[1][:30]}") == [1, "line 7"]


def test_a_note_that_is_none_is_named_with_its_place() -> None:
    found = list(read_notes(NOTES[0].replace("\n1\n", "\n01\n"), source="f"))
    assert [type(one) for one in found] == [Unreadable]
    assert "f, line 1" in str(found[0])


@given(st.text())
def test_any_text_is_read_without_falling(text: str) -> None:
    assert bool(list(read_notes(text, source="f"))) == bool(text.replace("\r\n", "\n").strip("\n"))
