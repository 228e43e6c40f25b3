"""What a reader of a timeline is looking at, as it stands in the address: filters, words, window, page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.timelines.models import Hit
from hikeshi.doors.console.templatetags.console import said
from hikeshi.stores.store import Query

PER_PAGE: Final = 100
KEY: Final = re.compile(r"(-?\d{1,18})\.([0-9a-f]{1,64})")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

FACETS: Final = {
    "source_kind": _("Source"),
    "action": _("Action"),
    "actor_name": _("Actor"),
    "src_ip": _("Source address"),
    "outcome": _("Result"),
}
FIELDS: Final = (*FACETS, "access_key", "session_name", "service", "region", "dst_ip")


def at(microseconds: int) -> datetime:
    """A store's time as a moment, exact to the microsecond."""
    return EPOCH + timedelta(microseconds=microseconds)


def key_of(row: Mapping[str, Any]) -> str:
    """A row's place in the order, as an address may carry it: time and id."""
    return f"{row['ts']}.{row['event_uid']}"


def _place(key: str) -> tuple[int, str] | None:
    found = KEY.fullmatch(key)
    return (int(found[1]), found[2]) if found else None


@dataclass(frozen=True)
class Search:
    """One state of the timeline page. `start` and `end` are what the form shows, in the reader's own zone."""

    timeline: str = ""
    where: dict[str, str] = field(default_factory=dict)
    words: str = ""
    start: str = ""
    end: str = ""
    after: str = ""
    start_us: int | None = None
    end_us: int | None = None
    hit: Hit | None = None

    @classmethod
    def read(cls, timeline: str, address: Mapping[str, str], hit: Hit | None = None) -> Search:
        """From the address. What is not understood is left out: an address may be typed by hand."""
        start, end = address.get("start", ""), address.get("end", "")
        return cls(
            timeline=timeline,
            where={name: address[name] for name in FIELDS if address.get(name)},
            words=address.get("q", "").strip()[:200],
            start=start, end=end, after=address.get("after", ""), start_us=_microseconds(start), end_us=_microseconds(end),
            hit=hit,
        )  # fmt: skip

    @classmethod
    def exactly(cls, key: str) -> Search | None:
        """The search that finds the one event with this key."""
        place = _place(key)
        return cls(start_us=place[0], end_us=place[0] + 1) if place else None

    def query(
        self, *, limit: int = 1000, paged: bool = True, without: str = "", marks: Sequence[tuple[str, str]] = ()
    ) -> Query:
        """The store's question. `without` leaves one filter out, so that its facet shows the other values too."""
        return Query(
            start_us=self.start_us, end_us=self.end_us, search=self.words, limit=limit, marks=marks,
            where={name: value for name, value in self.where.items() if name != without}
            | (self.hit.selector if self.hit else {}),
            after=_place(self.after) if paged and self.after else None,
        )  # fmt: skip

    def link(self, **changes: str) -> str:
        """The address of this state with some of it changed; an empty value takes it out."""
        state = {
            "t": self.timeline,
            **self.where,
            "hit": str(self.hit.pk) if self.hit else "",
            "q": self.words,
            "start": self.start,
            "end": self.end,
            "after": self.after,
        }
        return "?" + urlencode({name: value for name, value in (state | changes).items() if value})

    @property
    def chips(self) -> list[tuple[str, str]]:
        """What is set, each with the address that takes it out."""
        chips = [(f"{name}: {value}", self.link(**{name: "", "after": ""})) for name, value in self.where.items()]
        if self.hit:
            chips.append((said(self.hit.titles), self.link(hit="", after="")))
        if self.start or self.end:
            chips.append((f"{self.start} – {self.end}", self.link(start="", end="", after="")))
        return chips


def _microseconds(text: str) -> int | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None:
        return None
    moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    return (moment - EPOCH) // MICROSECOND
