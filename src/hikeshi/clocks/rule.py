"""What a clock rule is, and the rules that come with Hikeshi.

A rule says from which recorded moment a deadline counts (`anchor`), how (`counting`), and which recorded moment meets it
(`stops_on`). Rules are data: `rules/*.yaml`, each file a list of rules, its fields those of `Rule`. To add a file, add its name to
RULES; to add a moment, add it to MOMENTS; to count in a new way, see `counting.py`.
"""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from hikeshi.strict_yaml import Document, read
from hikeshi.text import Text, Words

RULES: Final = ("response.yaml", "review.yaml", "update.yaml")
"""The rule files, in alphabetical order."""

FOLDER: Final = Path(__file__).parent / "rules"

Name = Annotated[str, Meta(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
Seconds = Annotated[int, Meta(ge=1, le=100 * 366 * 86400)]


MOMENTS: Final[dict[str, Text]] = {
    "acknowledged_at": Text("acknowledgement by a responder", "対応担当者の着手"),
    "closed_at": Text("closure", "終結"),
    "detected_at": Text("detection", "検知"),
    "next_update_at": Text("the next update", "次の状況報告"),
    "review_held_at": Text("the review meeting", "ふりかえりの実施"),
    "updated_at": Text("the last update", "前回の状況報告"),
}
"""The moments that rules count from and end with. Each is a recorded fact with a person and a time, never a guess."""


class Elapsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="mode", tag="elapsed"):
    """Exactly so many seconds after the anchor; nights, weekends, holidays and clock changes all count."""

    seconds: Seconds


Counting = Elapsed
"""All ways of counting. A new one is a Struct with its own tag here, and a function in `counting.COUNTING`."""


class WarnAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a clock turns to "soon": after this fraction of the time, or so many seconds before its end. Exactly one of the two."""

    fraction: Annotated[float, Meta(gt=0, lt=1)] | None = None
    seconds_before: Seconds | None = None

    def __post_init__(self) -> None:
        if (self.fraction is None) == (self.seconds_before is None):
            # msgspec turns this into a validation error that carries the place.
            raise ValueError("Give either `fraction` or `seconds_before`")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One deadline. `source` is the text or address the number comes from; `valid_from` is the first day it applies."""

    name: Name
    title: Text
    anchor: str
    counting: Counting
    warn_at: WarnAt
    stops_on: str
    source: Words
    version: Annotated[int, Meta(ge=1)]
    valid_from: date


def load(path: Path) -> dict[str, Rule]:
    """The rules of one file by name. Raises `Unreadable` naming file, line and column of what is wrong."""
    document = read(path)
    found: dict[str, Rule] = {}
    for number, rule in enumerate(document.convert(list[Rule])):
        _check(document, number, rule)
        if rule.name in found:
            raise document.complaint(f"the rule {rule.name} is there twice", (number, "name"))
        found[rule.name] = rule
    return found


def rules() -> dict[str, Rule]:
    """The rules that come with Hikeshi, by name. Read once."""
    return dict(_rules())


@functools.cache
def _rules() -> dict[str, Rule]:
    return {name: rule for file in RULES for name, rule in load(FOLDER / file).items()}


def _check(document: Document, number: int, rule: Rule) -> None:
    for field in ("anchor", "stops_on"):
        moment = getattr(rule, field)
        if moment not in MOMENTS:
            raise document.complaint(
                f"{moment!r} is not a moment", (number, field), hint=f"Known are {', '.join(MOMENTS)}."
            )
    if rule.anchor == rule.stops_on:
        raise document.complaint("the clock would stop as it starts", (number, "stops_on"))
