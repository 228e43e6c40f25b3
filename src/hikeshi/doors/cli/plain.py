"""Making text safe for a terminal. Logs, alerts and file names are written by attackers too, and a terminal obeys control characters."""

from __future__ import annotations

import re
from typing import Final

# C0 and C1 controls, what joins or reverses letters unseen, and the separators some terminals break lines at.
UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
UNSAFE_IN_JSON: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


def plain(text: str) -> str:
    """The text with each such character written out as its number. Tabs and line ends stay."""
    return UNSAFE.sub(_written, text)


def plain_json(text: str) -> str:
    """JSON with them escaped, which changes nothing in what it says: they can only stand inside its strings."""
    return UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _written(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
