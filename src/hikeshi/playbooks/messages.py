"""Texts of messages: `{alert.x}`, `{incident.x}` and `{fact.x}` are replaced by what is known, and nothing else is looked at.

No attributes, no indexes, no formats, no expressions: a fact that came from outside stays a text, and is not looked into again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hikeshi.text import Text

FIELD: Final = re.compile(r"\{((?:alert|fact|incident)\.[a-z][a-z0-9_]{0,39})\}")
UNKNOWN: Final = Text("(not known yet)", "(未確認)")
WORDS: Final = {True: Text("yes", "はい"), False: Text("no", "いいえ")}
LONGEST_VALUE: Final = 1_000
"""Characters of one fact in a message; the rest is cut off."""


def named(text: Text) -> Iterator[str]:
    """The facts that a text names, in either language."""
    yield from dict.fromkeys([*FIELD.findall(text.en), *FIELD.findall(text.ja)])


def rendered(text: Text, facts: Mapping[str, Any]) -> Text:
    """The text with the facts put in, by full name; of one that is missing it is said that it is not known yet."""
    en = FIELD.sub(lambda found: said(facts.get(found[1])).en, text.en)
    return Text(en, FIELD.sub(lambda found: said(facts.get(found[1])).ja, text.ja))


def said(value: Any) -> Text:
    """One fact in words."""
    if value is None or value in ("", []):
        return UNKNOWN
    if isinstance(value, bool):
        return WORDS[value]
    if isinstance(value, list):
        return Text(_cut(", ".join(map(str, value))), _cut("、".join(map(str, value))))
    return Text(_cut(str(value)), _cut(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."
