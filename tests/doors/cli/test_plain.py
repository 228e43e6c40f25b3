"""Nothing an attacker wrote is obeyed by the terminal."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given, strategies as st

from hikeshi.doors.cli.plain import plain, plain_json


@given(st.text())
def test_no_control_or_unseen_character_is_left(text: str) -> None:
    left = plain(text)
    assert not any(unicodedata.category(sign) == "Cc" for sign in left if sign not in "\t\n")
    assert not set(left) & set("\u200b\u202e\u2066\ufeff\u2028")


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_says_the_same_after_it(value: object) -> None:
    text = plain_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not set(text) & {"\x7f", "\x9b", "\u202e"}


def test_colours_and_titles_are_written_out() -> None:
    assert plain("\x1b[31mred\x1b]0;title\x07 \x9b2J") == r"\x1b[31mred\x1b]0;title\x07 \x9b2J"
    assert plain("日本語\tok\n") == "日本語\tok\n"
