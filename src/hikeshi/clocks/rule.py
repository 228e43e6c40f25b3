"""What a clock rule is, and the rules that come with Hikeshi.

A rule says from which recorded moment a deadline counts (`anchor`), how (`counting`), and which recorded moment meets it
(`stops_on`). Rules are data: `rules/*.yaml`, each file a list of rules, its fields those of `Rule`; what the law asks has a `duty`
beside the clock (`duty.py`). To add a file, add its name to RULES; to add a moment, see `moments.py`; to count in a new way, see
`counting.py`.
"""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from hikeshi.clocks.calendars import calendars
from hikeshi.clocks.duty import Duty
from hikeshi.clocks.moments import MOMENTS
from hikeshi.errors import Unreadable
from hikeshi.strict_yaml import Document, read
from hikeshi.text import Text, Words

RULES: Final = (
    "asia-pacific.yaml",
    "containment.yaml",
    "contract.yaml",
    "europe.yaml",
    "glass.yaml",
    "hold.yaml",
    "japan.yaml",
    "response.yaml",
    "review.yaml",
    "step.yaml",
    "united-states.yaml",
    "update.yaml",
)
"""The rule files, in alphabetical order."""

FOLDER: Final = Path(__file__).parent / "rules"

Name = Annotated[str, Meta(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
Seconds = Annotated[int, Meta(ge=1, le=100 * 366 * 86400)]
Zone = str


class Elapsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="mode", tag="elapsed"):
    """Exactly so many seconds after the anchor; nights, weekends, holidays and clock changes all count."""

    seconds: Seconds


class ExactHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="mode", tag="exact_hours"):
    """So many hours after the instant of the anchor, over weekends and holidays.

    Where only the day is known, its first moment in `tz` counts: early is safe.
    """

    hours: Annotated[int, Meta(ge=1, le=24 * 366)]
    tz: Zone = "UTC"


class Days(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all ways of counting days share: the zone in which a day is a day, and the time of day at which the last one ends.

    `roll` moves a last day that is closed in `calendar` to the next open one.
    """

    tz: Zone
    until: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^end_of_day$")] = "end_of_day"
    roll: Literal["none", "next_open_day"] = "none"
    calendar: str = ""


class DaysAfter(Days, frozen=True, kw_only=True, tag_field="mode", tag="days_after"):
    """The day of the anchor is day 0."""

    days: Annotated[int, Meta(ge=1, le=3660)]


class StartDayIsDay1(Days, frozen=True, kw_only=True, tag_field="mode", tag="start_day_is_day_1"):
    """The day of the anchor is day 1."""

    days: Annotated[int, Meta(ge=1, le=3660)]


class BusinessDaysAfter(Days, frozen=True, kw_only=True, tag_field="mode", tag="business_days_after"):
    """Only open days of `calendar` count, and the day of the anchor is day 0; an anchor on a closed day counts from the last open one."""

    days: Annotated[int, Meta(ge=1, le=366)]


class MonthsAfter(Days, frozen=True, kw_only=True, tag_field="mode", tag="months_after"):
    """The same day of a later month, or its last day where there is none."""

    months: Annotated[int, Meta(ge=1, le=120)]


class NoNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="mode", tag="no_number"):
    """The text says "without delay" or the like: a duty without a date. What date to aim at is for the organisation to say."""


class Limb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of several limits. It falls away when the moment `void_after` came only after this limit had passed."""

    anchor: str
    hours: Annotated[int, Meta(ge=1, le=24 * 366)]
    void_after: str = ""


class FirstOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="mode", tag="first_of"):
    """Several limits that bind at once: the earliest of those whose moment is recorded."""

    limbs: Annotated[tuple[Limb, ...], Meta(min_length=2)]


Counting = Elapsed | ExactHours | DaysAfter | StartDayIsDay1 | BusinessDaysAfter | MonthsAfter | NoNumber | FirstOf
"""All ways of counting. A new one is a Struct with its own tag here, and a function in `counting.COUNTING`."""


class WarnAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a clock turns to "soon": after this fraction of the time, so many seconds before its end, or as the day of this number begins.

    Exactly one of the three. Days are numbered as the rule counts them.
    """

    fraction: Annotated[float, Meta(gt=0, lt=1)] | None = None
    seconds_before: Seconds | None = None
    day: Annotated[int, Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if [self.fraction, self.seconds_before, self.day].count(None) != 2:
            # msgspec turns this into a validation error that carries the place.
            raise ValueError("Give one of `fraction`, `seconds_before` and `day`")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One deadline. `source` is the text or address the number comes from; `valid_from` is the first day it applies, `valid_to` the last.

    `warn_at` is absent exactly where nothing is counted. `duty` says whose duty it is and to whom, where a law or a contract asks.
    """

    name: Name
    title: Text
    anchor: str
    counting: Counting
    warn_at: WarnAt | None = None
    stops_on: str
    source: Words
    version: Annotated[int, Meta(ge=1)]
    valid_from: date
    valid_to: date | None = None
    duty: Duty | None = None

    @property
    def in_force(self) -> bool:
        """Whether it can start a clock at all. What is only proposed, or not in force yet, never does."""
        return self.duty is None or self.duty.status in {"in_force", "voluntary"}

    @property
    def anchors(self) -> tuple[str, ...]:
        """The moments it counts from: one, but for limits that bind together."""
        if isinstance(self.counting, FirstOf):
            return tuple(limb.anchor for limb in self.counting.limbs)
        return (self.anchor,)


class Loaded(NamedTuple):
    """What a file gave: its rules by name, and what is wrong with the others, each with file, line and reason."""

    rules: dict[str, Rule]
    problems: list[Unreadable]


def load(path: Path) -> Loaded:
    """The rules of one file. Whatever is wrong with one rule leaves the others working."""
    found = Loaded({}, [])
    try:
        document = read(path)
        for number, rule in document.each(Rule):
            problem = rule if isinstance(rule, Unreadable) else _problem(document, number, rule, found.rules)
            if problem is not None:
                found.problems.append(problem)
            elif isinstance(rule, Rule):
                found.rules[rule.name] = rule
    except Unreadable as problem:
        found.problems.append(problem)
    return found


def rules() -> dict[str, Rule]:
    """The rules that come with Hikeshi and the organisation's own, by name. Read once."""
    return dict(_everything().rules)


def problems() -> tuple[Unreadable, ...]:
    """What is wrong in the organisation's own rule files, each with file, line and reason. The rest of them works."""
    return tuple(_everything().problems)


def use_own(folder: Path) -> None:
    """Read the organisation's own rules from the *.yaml files of this folder too, from now on. It need not exist."""
    _own.clear()
    _own.append(folder)
    _everything.cache_clear()


_own: Final[list[Path]] = []


@functools.cache
def _everything() -> Loaded:
    """Raises `Unreadable` where a file of ours is damaged: that must not pass as a rule less."""
    every = Loaded({}, [])
    for file in RULES:
        ours = load(FOLDER / file)
        if ours.problems:
            raise ours.problems[0]
        every.rules.update(ours.rules)
    for path in sorted(path for folder in _own for path in folder.glob("*.yaml")):
        own = load(path)
        every.problems.extend(own.problems)
        for name, rule in own.rules.items():
            if name in every.rules:
                hint = "Give your own rule a name of its own, such as one that begins with the contract's."
                every.problems.append(Unreadable(f"there is a rule {name} already", source=str(path), hint=hint))
            else:
                every.rules[name] = rule
    return every


def _problem(document: Document, number: int, rule: Rule, before: dict[str, Rule]) -> Unreadable | None:
    try:
        _check(document, number, rule)
    except Unreadable as problem:
        return problem
    return document.complaint(f"the rule {rule.name} is there twice", (number, "name")) if rule.name in before else None


def _check(document: Document, number: int, rule: Rule) -> None:
    named = [("anchor", name) for name in (rule.anchor, *rule.anchors)] + [("stops_on", rule.stops_on)]
    for field, moment in named:
        if moment not in MOMENTS:
            raise document.complaint(
                f"{moment!r} is not a moment", (number, field), hint=f"Known are {', '.join(MOMENTS)}."
            )
    if rule.stops_on in rule.anchors:
        raise document.complaint("the clock would stop as it starts", (number, "stops_on"))
    if isinstance(rule.counting, NoNumber) != (rule.warn_at is None):
        raise document.complaint("there is a warning exactly where there is a number", (number, "counting"))
    if isinstance(rule.counting, Days):
        _check_days(document, number, rule.counting)


def _check_days(document: Document, number: int, counting: Days) -> None:
    needed = counting.roll != "none" or isinstance(counting, BusinessDaysAfter)
    if needed and counting.calendar not in calendars():
        raise document.complaint(
            f"{counting.calendar!r} is not a calendar",
            (number, "counting"),
            hint=f"Known are {', '.join(calendars())}.",
        )
    if not needed and counting.calendar:
        raise document.complaint("the calendar changes nothing here", (number, "counting"), hint="Leave it out.")
    try:
        ZoneInfo(counting.tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise document.complaint(f"{counting.tz!r} is not a time zone", (number, "counting")) from error
