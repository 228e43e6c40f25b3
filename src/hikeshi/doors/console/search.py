"""What a reader of a timeline is looking at, as it stands in the address: filters, words, window, page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, gettext_lazy as _

from hikeshi.desk.timelines import searches
from hikeshi.desk.timelines.models import Hit, SavedSearch, Timeline
from hikeshi.desk.timelines.notes import noted
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
    saved: SavedSearch | None = None
    tag: str = ""
    starred: bool = False
    row: Timeline | None = None

    @classmethod
    def of(cls, row: Timeline, address: Mapping[str, str]) -> Search:
        """From the address of a timeline's page, with the hit and the saved search it names."""
        return replace(
            cls.read(row.name, address), row=row,
            hit=row.hits.filter(pk=_number(address.get("hit", ""))).first(),
            saved=row.searches.filter(pk=_number(address.get("saved", ""))).first(),
        )  # fmt: skip

    @classmethod
    def read(cls, timeline: str, address: Mapping[str, str]) -> Search:
        """From the address alone. What is not understood is left out: an address may be typed by hand."""
        start, end = address.get("start", ""), address.get("end", "")
        return cls(
            timeline=timeline,
            where={name: address[name] for name in FIELDS if address.get(name)},
            words=address.get("q", "").strip()[:200],
            start=start, end=end, after=address.get("after", ""), start_us=_microseconds(start), end_us=_microseconds(end),
            tag=address.get("tag", "").replace("\x00", "")[:40], starred=address.get("starred") == "1",
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
        query = self.bare(limit=limit, paged=paged, without=without, marks=marks)
        if self.saved:
            query = noted(self.saved.timeline, query, tags=self.saved.tags, starred=self.saved.starred)
        return noted(self.row, query, tags=[self.tag] if self.tag else [], starred=self.starred) if self.row else query

    def bare(
        self, *, limit: int = 1000, paged: bool = True, without: str = "", marks: Sequence[tuple[str, str]] = ()
    ) -> Query:
        """As `query`, before notes narrow it: what is kept when the search is saved."""
        query = Query(
            start_us=self.start_us, end_us=self.end_us, search=self.words, limit=limit, marks=marks,
            where={name: value for name, value in self.where.items() if name != without}
            | (self.hit.selector if self.hit else {}),
            after=_place(self.after) if paged and self.after else None,
        )  # fmt: skip
        return searches.merged(self.saved, query) if self.saved else query

    @property
    def state(self) -> dict[str, str]:
        """What the address says, without the page; for links, and for the hidden fields of forms."""
        said = {
            "t": self.timeline, **self.where, "hit": str(self.hit.pk) if self.hit else "",
            "saved": str(self.saved.pk) if self.saved else "", "tag": self.tag, "starred": "1" if self.starred else "",
            "q": self.words, "start": self.start, "end": self.end,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value}

    @property
    def kept(self) -> dict[str, str]:
        """What the search form carries on unseen: everything but its own fields."""
        return {name: value for name, value in self.state.items() if name not in {"t", "q", "start", "end"}}

    def link(self, **changes: str) -> str:
        """The address of this state with some of it changed; an empty value takes it out."""
        state = {**self.state, "after": self.after, **changes}
        return "?" + urlencode({name: value for name, value in state.items() if value})

    @property
    def chips(self) -> list[tuple[str, str]]:
        """What is set, each with the address that takes it out."""
        chips = [(f"{name}: {value}", self.link(**{name: "", "after": ""})) for name, value in self.where.items()]
        if self.hit:
            chips.append((said(self.hit.titles), self.link(hit="", after="")))
        if self.saved:
            chips.append((self.saved.name, self.link(saved="", after="")))
        if self.tag:
            chips.append((f"#{self.tag}", self.link(tag="", after="")))
        if self.starred:
            chips.append((gettext("Starred"), self.link(starred="", after="")))
        if self.start or self.end:
            chips.append((f"{self.start} – {self.end}", self.link(start="", end="", after="")))
        return chips


def _number(key: str) -> int:
    """A row's number; 0, which no row has, where the address names none."""
    return int(key) if re.fullmatch(r"[0-9]{1,18}", key) else 0


def _microseconds(text: str) -> int | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None:
        return None
    moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    return (moment - EPOCH) // MICROSECOND
