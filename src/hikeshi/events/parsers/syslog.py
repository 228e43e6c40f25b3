"""syslog as it lies in /var/log: messages, auth.log, secure, cron; lines of RFC 3164, RFC 5424 and rsyslog's ISO dates, also mixed.

RFC 3164 has no year and no zone: the year is found from the last write of the file (or now) backwards, `ts_basis` is year_inferred
and the note of the source says what was taken; the time is taken as UTC. A copy that lost its last write gets a wrong year. What
sshd, sudo, su, cron, useradd and PAM say becomes actor, address and outcome (`events/logins.py`). "message repeated n times" is one
event with the meaning of what was repeated and `repeated` in `attrs`. Lines that begin with a blank belong to the line before them.

References:
  https://www.rfc-editor.org/rfc/rfc3164
  https://www.rfc-editor.org/rfc/rfc5424
  https://www.rsyslog.com/doc/configuration/templates.html#reserved-template-names
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.logins import Meaning, meaning
from hikeshi.events.shape import most
from hikeshi.events.source import SPOOLED, Line, Source
from hikeshi.events.times import EPOCH, MICROSECOND, instant
from hikeshi.events.years import MONTHS, dates, first_year, turn

NAME = "syslog"
VERSION = "1"

FOLLOWING = 64 * 1024
"""Bytes of lines that are taken to belong to the line before them."""

YEARLESS = re.compile(
    r"(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) (\S+) ([^\s:\[]+)(?:\[(\d{1,10})\])?: ?(.*)",
    re.DOTALL,
).fullmatch
_loose = re.compile(
    r"(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:: | )(.+)", re.DOTALL
).fullmatch
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
ISO = re.compile(rf"(?:<(\d{{1,3}})>)?({_ISO}) (\S+) ([^\s:\[]+)(?:\[(\d{{1,10}})\])?:? ?(.*)", re.DOTALL).fullmatch
_5424 = re.compile(
    rf'(?:\d+ )?<(\d{{1,3}})>\d{{1,2}} ({_ISO}|-) (\S+) (\S+) (\S+) (\S+) (-|(?:\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\])+)(?: (.*))?',
    re.DOTALL,
).fullmatch
_parameter = re.compile(r'\[([^ \]="]+)|([^ \]="]+)="((?:[^"\\]|\\.)*)"')
_shape = re.compile(
    rb"(?:<\d{1,3}>)?(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?: \S|: )"
    rb"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d) [^\s\[{\"]+ [^\s:\[{\"]+(?:\[\d+\])?: )"
    rb"|(?:\d+ )?<\d{1,3}>\d{1,2} (?:\d{4}-\d\d-\d\dT|- )"
)
REPEATED = re.compile(r"(?:-+ )?(?:message|last message) repeated (\d{1,9}) times?(?:: \[ ?(.*)\])?", re.DOTALL).match


Said = tuple[str, str | None, str, str | None, str | None, str | None, str, Mapping[str, object]]
"""One line: variant, priority, time, host, program, process id, text, what has no column."""


def recognises(head: bytes) -> bool:
    return most(head, _shape)


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every line that has a time, with the lines that belong to it."""
    with ExitStack() as opened:
        content, calendar = prepared(source, opened)
        reading = Reading(source, calendar)
        yield from reading.of(content.lines())
        yield from reading.rest()


class Reading:
    """Lines one after the other, in as many calls as there is need for; what comes next may belong to the last event."""

    def __init__(self, source: Source, calendar: Calendar) -> None:
        self._source = source
        self._calendar = calendar
        self._held: Event | None = None
        self._before: Meaning | None = None

    def of(self, lines: Iterable[Line]) -> Iterator[Event | Unreadable]:
        """What the lines tell, except for the last event."""
        for line in lines:
            text = line.data.decode("utf-8", "backslashreplace")
            held = self._held
            if text[:1] in {" ", "\t"} and held is not None and len(held.raw) + len(text) < FOLLOWING:
                held.raw += b"\n" + line.data
                held.message += "\n" + text
                continue
            said = _said(text)
            if said is None:
                if text.strip():
                    yield self._source.unreadable("this is no line of syslog", f"line {line.number:,}")
                continue
            event, self._before = _event(said, line, self._calendar, self._before)
            if event is None:
                yield self._source.unreadable(f"there is no such time: {said[2]!r}", f"line {line.number:,}")
                continue
            if held is not None:
                yield held
            self._held = event

    def rest(self) -> Iterator[Event]:
        """The last event, when no line comes any more."""
        if self._held is not None:
            yield self._held
        self._held = None


def _said(text: str) -> Said | None:
    if found := YEARLESS(text):
        priority, time, host, program, pid, message = found.groups()
        return ("rfc3164", priority, time, host, program, pid, message, NOTHING)
    if found := ISO(text):
        priority, time, host, program, pid, message = found.groups()
        return ("iso", priority, time, host, program, pid, message.lstrip(), NOTHING)
    if found := _5424(text):
        priority, time, host, program, pid, kind, data, message = found.groups()
        rest: dict[str, object] = {} if kind == "-" else {"msgid": kind}
        if data != "-":
            rest["structured_data"] = _structured(data)
        host, program, pid = (None if part == "-" else part for part in (host, program, pid))
        return ("rfc5424", priority, time, host, program, pid, (message or "").removeprefix("\ufeff"), rest)
    if found := _loose(text):
        priority, time, message = found.groups()
        host, _, after = message.partition(" ")
        named = bool(after) and not host.endswith(":") and not message.startswith("-")
        return ("rfc3164", priority, time, host if named else None, None, None, after if named else message, NOTHING)
    return None


NOTHING: Mapping[str, object] = {}


def _structured(data: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    element: dict[str, str] = {}
    for name, key, value in _parameter.findall(data):
        if name:
            element = found.setdefault(name, {})
        else:
            element[key] = re.sub(r'\\(["\\\]])', r"\1", value)
    return found


class Calendar:
    """The year of each line, read from the first on."""

    def __init__(self, first: int) -> None:
        self.year = first
        self.name = ""
        self.month = 0

    def of(self, name: str) -> int:
        """The year of a line with the name of this month."""
        if name != self.name and (month := MONTHS.get(name, 0)):
            self.year += turn(self.month, month) if self.month else 0
            self.name, self.month = name, month
        return self.year


def prepared(source: Source, opened: ExitStack) -> tuple[Source, Calendar]:
    """Where to read the lines from, and the calendar for dates without a year: a large file is then gone through twice."""
    latest = datetime.now(UTC)
    if next(dates([source.head]), None) is None:
        return source, Calendar(latest.year)
    path, content, ahead = Path(source.name), source, source.ahead(SPOOLED)
    known = "the present day"
    if path.is_file():
        latest = min(latest, datetime.fromtimestamp(path.stat().st_mtime, UTC))
        known = "the last write of the file"
    if ahead is not None:
        chunks: Iterable[bytes] = ahead
    elif path.is_file():
        chunks = Source(source.name, opened.enter_context(path.open("rb")), limits=source.limits).chunks()
    else:
        body = source.body()
        content = Source.of(body, limits=source.limits)
        content.troubles, chunks = source.troubles, [body]
    first = first_year(dates(chunks), latest)
    source.note = f"The dates have no year: {first} for the first line was inferred from {known}, {latest:%Y-%m-%d}."
    return content, Calendar(first)


@functools.lru_cache(maxsize=8192)  # many lines share a second
def without_year(text: str, year: int) -> tuple[int, str, str] | None:
    """UTC microseconds of "Mar  7 13:06:56" or "Mar  7 13:06:56.123" in a year, how fine it is, how it was known."""
    try:
        second = min(59, int(text[13:15]))  # 60 is a leap second
        fraction = int(text[16:].ljust(6, "0")) if len(text) > 15 else 0
        read = datetime(
            year, MONTHS[text[:3]], int(text[4:6]), int(text[7:9]), int(text[10:12]), second, fraction, tzinfo=UTC
        )
    except (ValueError, KeyError):
        return None
    precision = "s" if len(text) == 15 else "ms" if len(text) < 20 else "us"
    return (read - EPOCH) // MICROSECOND, precision, "year_inferred"


def _at(variant: str, time: str, calendar: Calendar) -> tuple[int, str, str] | None:
    """The time, how fine it is, and how UTC was known."""
    if variant == "rfc3164":
        return without_year(time, calendar.of(time[:3]))
    return instant(time)


def _event(said: Said, line: Line, calendar: Calendar, before: Meaning | None) -> tuple[Event | None, Meaning | None]:
    """The event, and the meaning that a line "last message repeated" would have next."""
    variant, priority, time, host, program, pid, text, rest = said
    when = _at(variant, time, calendar)
    if when is None:
        return None, before
    service = service_of(program) if program else None
    if "repeated" in text and (again := REPEATED(text)):
        rest = {**rest, "repeated": int(again[1])}
        says = meaning(service or "", again[2]) if again[2] else before
    else:
        says = meaning(service, text) if service else None
    level = int(priority) if priority and int(priority) < 192 else None
    if level is not None:
        rest = {**rest, "facility": level >> 3, "severity": level & 7}
    known = says or UNKNOWN
    rest = {**known.rest, **rest} if rest else known.rest
    return Event(
        ts=when[0],
        ts_precision=when[1],
        ts_desc="recorded",
        ts_basis=when[2],
        ts_raw=time,
        seq=line.number,
        source_variant=variant,
        offset=line.offset,
        raw=line.data,
        category=known.category,
        service=service,
        action=known.action or service or "message",
        outcome=known.outcome,
        severity=None if level is None else SEVERITY[level & 7],
        message=shown(service, text),
        actor_name=known.actor,
        src_ip=known.src_ip,
        src_port=known.src_port,
        src_host=known.src_host,
        resource_type="user" if known.target else None,
        resource_ids=[known.target] if known.target else None,
        host=host,
        process=service,
        pid=int(pid) if pid and pid.isascii() and pid.isdigit() and len(pid) < 19 else None,
        cmdline=known.cmdline,
        attrs=msgspec.json.encode(rest) if rest else None,
    ), says


def shown(service: str | None, text: str) -> str:
    """The event in one line."""
    return f"{service}: {text}" if service and text else text or service or "(nothing)"


UNKNOWN = Meaning("", "system")


@functools.lru_cache(maxsize=1024)
def service_of(program: str) -> str:
    """The program without its path and without the module of PAM that older systems write behind it."""
    return program.partition("(")[0].rpartition("/")[2]


SEVERITY = (100.0, 95.0, 90.0, 70.0, 50.0, 30.0, 10.0, 0.0)
"""From emergency to debug, on our scale."""
