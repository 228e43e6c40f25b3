"""What people know of a source and its records do not say: how wrong its clock was, in which zone it wrote, what its fields mean.

    --skew fw.log=+3.5s     its clock was 3.5 seconds behind: so much is added to every time (units: us, ms, s, m, h, d)
    --zone syslog=Asia/Tokyo     its times without a zone are of Tokyo, not UTC
    --mapping shop.csv=shop.yaml     it is read as that mapping says (`mapping.py`), whatever it looks like

A source is named by its kind (see `events parsers`) or by a pattern of its path, of which the last parts are enough. Where several fit,
the last one counts. A mapping is for paths only: what it reads is of no kind before. It is kept as text, so that it goes wherever the
log is read and the build can be repeated. Nothing is lost by it: `ts_skew_us` keeps the correction, `ts_raw` the time as written, the manifest what was
assumed, and reading again without it gives the events as they were. The ids of events do not depend on it.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from hikeshi.errors import Refused, Unreadable
from hikeshi.events.event import Event
from hikeshi.events.times import MICROSECOND, in_zone

if TYPE_CHECKING:
    from hikeshi.events.mapped import Mapped

UNITS = {
    "us": timedelta(microseconds=1),
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
MOST = timedelta(days=36_525)
"""No clock is wrong by more than a century."""

MAPPING_LIMIT = 16 * 1024
"""Bytes of a mapping: it is in the manifest of every source that it read."""

EVERY = "*"
ZONELESS = frozenset({"zone_assumed", "year_inferred"})
"""`ts_basis` of times that were written without a zone."""

_SKEW = re.compile(r"([+-])(\d{1,8}(?:\.\d{1,6})?)(us|ms|s|m|h|d)", re.ASCII)
_LAST_US = (1 << 63) - 1


class Assumption(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is assumed of the sources that are of the kind `source`, or whose path fits it."""

    source: str
    skew_us: int = 0
    """Added to every time, in microseconds."""
    zone: str = ""
    """IANA name of the zone of times that name none."""
    mapping: str = ""
    """The text of a mapping, which reads the source."""

    def __str__(self) -> str:
        """As people write it: syslog=+3.5s, *=Asia/Tokyo. Of a mapping the SHA-256 of its text."""
        if self.mapping:
            return f"{self.source}=mapping sha256:{hashlib.sha256(self.mapping.encode()).hexdigest()}"
        return f"{self.source}={self.zone or f'{self.skew_us / 1_000_000:+.6f}'.rstrip('0').rstrip('.') + 's'}"

    @property
    def parser(self) -> Mapped:
        """What the mapping reads with. Raises Unreadable with the line of what is wrong in it, Refused where its name is taken."""
        return _mapped(self.mapping, f"the mapping of {self.source}")

    def fits(self, name: str) -> bool:
        """Whether the path fits: from its right end, as in a shell, or as a whole."""
        return PurePath(name).match(self.source) or fnmatchcase(name, self.source)


def skew(text: str) -> Assumption:
    """SOURCE=+3.5s. Raises Refused."""
    source, _, amount = text.rpartition("=")
    found = _SKEW.fullmatch(amount)
    if not source or found is None:
        raise Refused(
            f"{text[:80]!r} is no correction of a clock.",
            hint=f"Write SOURCE=+3.5s or SOURCE=-2m: a kind of log or a pattern of its path, the sign, and {', '.join(UNITS)}.",
        )
    off = float(found[2]) * UNITS[found[3]]
    if off > MOST:
        raise Refused(f"{amount!r} is more than any clock is wrong.", hint=f"At most {MOST.days:,} days.")
    return Assumption(source, skew_us=off // MICROSECOND * (-1 if found[1] == "-" else 1))


def zone(text: str) -> Assumption:
    """SOURCE=Asia/Tokyo, or Asia/Tokyo for every source. Raises Refused."""
    source, equals, name = text.rpartition("=")
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise Refused(f"There is no time zone {name[:80]!r}.", hint="Write SOURCE=Asia/Tokyo, or UTC.") from error
    if equals and not source:
        raise Refused(f"{text[:80]!r} names no source.", hint="Write SOURCE=Asia/Tokyo.")
    return Assumption(source or EVERY, zone=name)


def mapping(source: str, text: str, *, called: str = "") -> Assumption:
    """A mapping for the paths that fit `source`; `called` names it in errors. Raises Refused, and Unreadable with the line of what is wrong."""
    if not source or not text.strip():
        raise Refused(
            "A mapping needs a source and its text.", hint="A source is a pattern of a path, such as shop.csv."
        )
    if len(text.encode()) > MAPPING_LIMIT:
        raise Refused(f"The mapping of {source[:80]!r} is too long.", hint=f"At most {MAPPING_LIMIT:,} bytes.")
    _mapped(text, called or f"the mapping of {source}")
    return Assumption(source, mapping=text)


def mapping_file(text: str) -> Assumption:
    """SOURCE=mapping.yaml, the file read now. Raises Refused, and Unreadable with file and line."""
    source, _, path = text.rpartition("=")
    if not source or not path:
        raise Refused(f"{text[:80]!r} names no source or no mapping.", hint="Write SOURCE=mapping.yaml.")
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAPPING_LIMIT + 1).decode()
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", source=path) from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"not YAML in UTF-8: {error}", source=path) from error
    return mapping(source, content, called=path)


@functools.lru_cache(64)
def _mapped(text: str, called: str) -> Mapped:
    from hikeshi.events import mapped, mapping as mappings  # YAML and all parsers, and few logs have a mapping

    return mapped.Mapped(mappings.parse(text.encode(), source=called))


def check(assumed: Sequence[Assumption], names: Sequence[str], kinds: Iterable[str]) -> None:
    """Raises Refused for one that is of no kind and fits none of the paths: it is a slip of the hand. And as `Assumption.parser`."""
    known = {*kinds, *(one.parser.NAME for one in assumed if one.mapping)}
    for one in assumed:
        if (one.mapping or one.source not in known) and not any(one.fits(name) for name in names):
            raise Refused(
                f"No source is called {one.source!r}.",
                hint="Name a kind of log (see `events parsers`) or a pattern of a path, such as fw.log.",
            )


def about(assumed: Iterable[Assumption], name: str) -> tuple[Assumption, ...]:
    """What may be true of the source of that name: its path fits (then it is of every kind), or its kind will tell."""
    return tuple(
        msgspec.structs.replace(one, source=EVERY) if one.fits(name) else one
        for one in assumed
        if not one.mapping or one.fits(name)
    )


def mapped_by(candidates: Iterable[Assumption]) -> Mapped | None:
    """The mapping that reads the source they are `about`: the last one."""
    return next((one.parser for one in reversed([*candidates]) if one.mapping), None)


def applied(candidates: Iterable[Assumption], kind: str) -> tuple[Assumption, ...]:
    """What is true of a source of that kind. Of one whose parts may be of many kinds (the kind is empty), all."""
    return tuple(one for one in candidates if not kind or one.source in {EVERY, kind})


class Clock(NamedTuple):
    """The clock of one source: what has to be added to it in microseconds, and the zone of times that name none."""

    skew_us: int = 0
    zone: str = ""

    @classmethod
    def of(cls, candidates: Iterable[Assumption], kind: str) -> Clock:
        skew_us, zone = 0, ""
        for one in applied(candidates, kind):
            skew_us, zone = one.skew_us or skew_us, one.zone or zone
        return cls(skew_us, zone)

    def corrected(self, found: Iterable[Any]) -> Iterator[Any]:
        """Events and record batches of events with the right times; what is unreadable as it is."""
        if self == Clock():
            yield from found
            return
        zone = ZoneInfo(self.zone) if self.zone else None
        for one in found:
            if isinstance(one, Event):
                if zone is not None and one.ts_basis in ZONELESS:
                    _move_to(one, zone)
                if self.skew_us:
                    _move_by(one, self.skew_us)
                yield one
            else:
                yield one if isinstance(one, Unreadable) else _columns(one, zone, self.skew_us)


def _move_to(event: Event, zone: ZoneInfo) -> None:
    event.ts = in_zone(event.ts, zone)
    if event.ts_end is not None:
        event.ts_end = in_zone(event.ts_end, zone)
    if event.ts_basis == "zone_assumed":
        event.ts_basis = "zone_given"


def _move_by(event: Event, skew_us: int) -> None:
    event.ts = _bounded(event.ts + skew_us)
    if event.ts_end is not None:
        event.ts_end = _bounded(event.ts_end + skew_us)
    event.ts_skew_us = skew_us


def _bounded(us: int) -> int:
    return max(-_LAST_US, min(_LAST_US, us))


def _columns(batch: Any, zone: ZoneInfo | None, skew_us: int) -> Any:
    import pyarrow as pa  # half a second that who reads without a store need not wait
    import pyarrow.compute as pc

    made = {name: batch.column(name) for name in batch.schema.names}
    if zone is not None and not ZONELESS.isdisjoint(made["ts_basis"].dictionary.to_pylist()):
        basis = made["ts_basis"].cast(pa.string())
        zoneless = pc.is_in(basis, pa.array(ZONELESS))
        made |= {name: pc.if_else(zoneless, _times_in(made[name], zone), made[name]) for name in ("ts", "ts_end")}
        given = pc.if_else(pc.equal(basis, "zone_assumed"), "zone_given", basis)
        made["ts_basis"] = given.dictionary_encode().cast(batch.schema.field("ts_basis").type)
    if skew_us:
        made |= {name: pc.add(made[name], skew_us) for name in ("ts", "ts_end")}
        made["ts_skew_us"] = pa.repeat(pa.scalar(skew_us, pa.int64()), batch.num_rows)
    return pa.record_batch(list(made.values()), schema=batch.schema)


def _times_in(times: Any, zone: ZoneInfo) -> Any:
    """Times of a zone, each different one read once."""
    import pyarrow as pa

    coded = times.dictionary_encode()
    return pa.array([in_zone(us, zone) for us in coded.dictionary.to_pylist()], pa.int64()).take(coded.indices)
