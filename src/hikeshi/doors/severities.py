"""The severity matrix as plain data. No database."""

from __future__ import annotations

from typing import Any

from hikeshi.desk.incidents import severities
from hikeshi.text import Text


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "ja": text.ja}


def matrix() -> list[dict[str, Any]]:
    """One row per level, with the seconds of each of our targets."""
    return [
        {
            "severity": one.severity, "name": _both(one.name), "meaning": _both(one.meaning),
            "examples": [_both(text) for text in one.examples], "called": _both(one.called),
            **{family: one.seconds(family) for family in ("response", "update", "containment", "review")},
        }
        for one in severities.LEVELS
    ]  # fmt: skip
