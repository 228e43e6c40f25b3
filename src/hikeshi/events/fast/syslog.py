"""syslog a column at a time; parsers/syslog.py says what the events are.

Lines that differ only in digits are one template: to what reads them (parsers/syslog.py, logins.py) one digit is as good as another, so
every part of a line stands where it stands in its template. A template is read once; of its lines the parts with digits are cut out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.fast.assembling import Coded, as_text, assembled, cut, lines_of, parted, placed, uids
from hikeshi.events.fast.blocks import SIZE as BLOCK, SMALL, Block, blocks
from hikeshi.events.logins import Rule, understood
from hikeshi.events.parsers import syslog
from hikeshi.events.parsers.syslog import ISO, REPEATED, YEARLESS, Reading, prepared, service_of, shown, without_year
from hikeshi.events.reading import stamped
from hikeshi.events.source import Line, Source
from hikeshi.events.times import instant
from hikeshi.events.years import MONTHS

PLAIN = bytes(range(0x20, 0x7F)) + b"\n"

LONGEST = 2000
"""Bytes of a line that is read here: a pattern may look no farther than 4,096, and templates are kept."""

ENOUGH = 4
"""Lines of a block from which on a template is worth more than giving each of them to the parser."""

KEPT = 1 << 14
"""Templates that are kept from block to block."""

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_dated = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) ").match
_fraction = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{3}|\d{6}))?(?:Z|[+-]\d\d:?\d\d)").fullmatch

Span = tuple[int, int]


class Shape(NamedTuple):
    """How the time is written: the variant, its length, and how many digits of it are a fraction of a second."""

    variant: str
    width: int
    digits: int


class Template(NamedTuple):
    """What lines have in common that differ only in digits."""

    shape: Shape
    same: Mapping[str, str | None]
    """Texts by the names of columns (`place` is an address or what stands there) that all of them have."""
    spans: Mapping[str, Span]
    """Where the others stand."""
    rest: tuple[tuple[str, Span], ...]
    """Where what goes to `attrs` stands, if it has digits; else `attrs` is one of the same."""
    text: Span | None
    """Where the text of the message stands, if the columns do not tell it (stores/derived.py)."""


NONE = Template(Shape("", 0, 0), {}, {}, (), None)
"""Stands for what only the parser reads."""


class _NotPlainError(Exception):
    """Something in the block needs the parser."""


def batches(source: Source) -> Iterator[Any | Event | Unreadable]:
    """Record batches of the source's lines, events that are the parser's, and what could not be read."""
    with ExitStack() as opened:
        content, calendar = prepared(source, opened)
        lines = _Lines(source, calendar)
        for block in blocks(content, BLOCK):
            yield from lines.block(block) if isinstance(block, Block) else lines.slowly(block)
        yield from lines.rest()


class _Lines:
    """The lines of a source. The parser is given every line that another may belong to, so that it knows it."""

    def __init__(self, source: Source, calendar: syslog.Calendar) -> None:
        self._source = source
        self._calendar = calendar
        self._reading = Reading(source, calendar)

    def slowly(self, lines: Iterable[Line]) -> Iterator[Event | Unreadable]:
        """What the parser makes of the lines."""
        yield from stamped(self._reading.of(lines), self._source, syslog)

    def rest(self) -> Iterator[Event | Unreadable]:
        yield from stamped(self._reading.rest(), self._source, syslog)

    def block(self, block: Block) -> Iterator[Any | Event | Unreadable]:
        try:
            plain, left = self._columns(block)
        except (_NotPlainError, pa.ArrowInvalid):  # months change, or some line is not UTF-8
            if block.count <= SMALL:
                yield from self.slowly(block.lines(self._source))
                return
            for half in block.halves():
                yield from self.block(half)
            return
        if plain is not None:
            yield plain
        yield from self.slowly(left)

    def _columns(self, block: Block) -> tuple[Any, list[Line]]:
        """The plain lines as columns, and the lines that are left. Raises _NotPlainError where the block is the parser's."""
        place = {"raw": block.rows} | placed(block)
        masked = lines_of(block.text.translate(_DIGITS)).dictionary_encode()
        templates = _templates(masked)
        shape = next((one.shape for one in templates if one is not NONE), NONE.shape)
        if shape is NONE.shape:
            return None, list(block.lines(self._source))
        plain = pa.array([one.shape == shape for one in templates]).take(masked.indices)
        if block.text.translate(None, PLAIN):
            plain = pc.and_(plain, pc.match_substring_regex(place["raw"], "^[ -~]*$"))
        times = self._times(place["raw"], shape, plain)
        kept = _without_needed(pc.and_(plain, pc.is_valid(times["ts"])), place["raw"])
        place, left = parted(place, kept)
        if not len(place["raw"]):
            return None, left
        times = {name: value.filter(kept) if isinstance(value, pa.Array) else value for name, value in times.items()}
        made = times | _made(Coded(masked.filter(kept)), templates, place["raw"])
        return assembled(
            made | {
                "event_uid": uids(place["offset"].cast(pa.string()), f"{self._source.sha256}{self._source.part}:"),
                "source_variant": shape.variant, "source_kind": syslog.NAME, "parser_version": syslog.VERSION,
                "path": self._source.name, "evidence_sha256": self._source.sha256, "ts_desc": "recorded", **place,
            },
            len(place["raw"]),
        ), left  # fmt: skip

    def _times(self, lines: Any, shape: Shape, plain: Any) -> dict[str, Any]:
        """The columns of the time. Raises _NotPlainError where the calendar would move on between these lines."""
        octets = pc.if_else(plain, lines, pa.scalar(None, pa.string())).cast(pa.binary())
        if shape.variant == "rfc3164":
            seconds = Coded(pc.binary_slice(octets, 0, shape.width).cast(pa.string()))
            months = {text[:3] for text in seconds.distinct if text}
            months |= {*filter(None, map(_month, lines.filter(pc.invert(plain)).to_pylist()))}
            if len(months) != 1:
                raise _NotPlainError
            year = self._calendar.of(*months)
            read = [text and without_year(text, year) for text in seconds.distinct]
            ts = seconds.spread([found and found[0] for found in read], pa.int64())
            return {"ts": ts, "ts_precision": "s", "ts_basis": "year_inferred"}
        end = 20 + shape.digits if shape.digits else 19
        zone = pc.binary_slice(octets, end, shape.width)
        seconds = Coded(pc.binary_join_element_wise(pc.binary_slice(octets, 0, 19), zone, b"").cast(pa.string()))
        known = [text and instant(text) for text in seconds.distinct]
        ts = seconds.spread([found and found.us for found in known], pa.int64())
        if shape.digits:
            part = pc.binary_slice(octets, 20, end).cast(pa.string()).cast(pa.int64())
            ts = pc.add(ts, pc.multiply(part, 10 ** (6 - shape.digits)))
        precision = {0: "s", 3: "ms", 6: "us"}[shape.digits]
        basis = seconds.spread([found.basis if found else None for found in known], pa.string())
        return {"ts": ts, "ts_precision": precision, "ts_basis": basis}


def _month(line: str) -> str | None:
    """The name of the month that a line may begin with."""
    found = _dated(line)
    return found[1] if found and found[1] in MONTHS else None


def _without_needed(plain: Any, lines: Any) -> Any:
    """Which lines are plain and no other one's: not the one before a line that may go on with it, nor the last."""
    marks = plain.to_pylist()
    odd = pc.indices_nonzero(pc.invert(plain))
    rows = zip(odd.to_pylist(), lines.take(odd).to_pylist(), strict=True)
    belong = [at for at, text in rows if text[:1] in {" ", "\t"} or "repeated" in text]
    kept = marks.copy()
    for at in [*belong, len(marks)]:
        before = next((before for before in range(at - 1, -1, -1) if marks[before]), -1)
        if before >= 0:
            kept[before] = False
    return pa.array(kept, pa.bool_())


_kept: dict[str, Template] = {}


def _templates(masked: Any) -> list[Template]:
    """The templates of lines with zeros for their digits, in the order of the dictionary."""
    if len(_kept) > KEPT:
        _kept.clear()
    counts = (
        pc.value_counts(masked.indices).field("counts").to_pylist()
    )  # in the order in which they came, as the texts are
    found = []
    for text, count in zip(masked.dictionary.to_pylist(), counts, strict=True):
        one = _kept.get(text)
        if one is None and count >= ENOUGH and len(text) <= LONGEST:
            one = _kept[text] = _template(text) or NONE
        found.append(one or NONE)
    return found


def _template(masked: str) -> Template | None:
    """What a line with zeros for its digits says; None where it is the parser's."""
    variant, found = "rfc3164", YEARLESS(masked)
    if found is None:
        variant, found = "iso", ISO(masked)
    if found is None or found[1] is not None:
        return None
    time, program, pid, text = found.group(2, 4, 5, 6)
    digits = 0
    if variant == "iso":
        part = _fraction(time)
        begin, text = len(masked) - len(text.lstrip()), text.lstrip()
        digits = len(part[1] or "") if part else -1
    else:
        begin = found.start(6)
    if digits < 0 or (variant == "rfc3164" and len(time) != 15) or ("repeated" in text and REPEATED(text)):
        return None
    service = service_of(program)
    inside = found.start(4) + program.partition("(")[0].rfind("/") + 1
    parts: dict[str, Span] = {"host": found.span(3), "service": (inside, inside + len(service))}
    if pid is not None:
        parts["pid"] = found.span(5)
    same: dict[str, str | None] = {"category": "system"}
    rest: tuple[tuple[str, Span], ...] = ()
    if service and (known := understood(service, text)):
        rule, match = known
        said = rule.meaning(match)
        same = {"category": said.category, "action": said.action, "outcome": said.outcome}
        spans = {name: (begin + at, begin + end) for name in match.re.groupindex for at, end in [match.span(name)]}
        parts |= _parts(rule, spans)
        rest = tuple((name, spans[name]) for name in said.rest)
        if not any("0" in masked[at:end] for _, (at, end) in rest):
            same["attrs"] = msgspec.json.encode(said.rest).decode() if said.rest else None
            rest = ()
    elif not service:
        same["action"] = "message"
    else:
        parts["action"] = parts["service"]
    varied = {name: span for name, span in parts.items() if "0" in masked[slice(*span)]}
    same |= {name: masked[slice(*span)] for name, span in parts.items() if name not in varied}
    told = text and service and masked[masked.find(": ") + 2 :] == text
    return Template(Shape(variant, len(time), digits), same, varied, rest, None if told else (begin, len(masked)))


def _parts(rule: Rule, spans: Mapping[str, Span]) -> dict[str, Span]:
    """Where the columns of a message stand."""
    some = {name: span for name, span in spans.items() if span[1] > span[0]}
    found = {"actor_name": some.get("user") or (some.get("target") if rule.category == "login" else None)}
    found |= {"place": some.get("ip"), "port": some.get("port"), "target": some.get("target")}
    found["cmdline"] = spans["cmdline"] if spans.get("cmdline", (-1, -1))[0] >= 0 else None
    return {name: span for name, span in found.items() if span}


def _made(masked: Coded, templates: Sequence[Template], lines: Any) -> dict[str, Any]:
    """The columns of what the lines say."""

    def column(name: str) -> Any:
        """The texts of a part, coded where all come from the templates; None where no line has it."""
        same = [one.same.get(name) for one in templates]
        spans = [one.spans.get(name) for one in templates]
        whole = masked.spread(same, pa.string()) if any(text is not None for text in same) else None
        if not any(spans):
            return whole
        where = masked.spread([span and span[0] << 16 | span[1] for span in spans], pa.int64())
        texts = cut(lines, where)
        return texts if whole is None else pc.coalesce(texts, as_text(whole))

    service = column("service")
    made = {name: column(name) for name in ("host", "category", "action", "outcome", "actor_name", "cmdline")}
    made |= {"service": service, "process": service, "attrs": _attrs(masked, templates, lines, column("attrs"))}
    if (pid := column("pid")) is not None:
        made["pid"] = _text(pid).cast(pa.int64())
    if (place := column("place")) is not None:
        places = Coded(place)
        made["src_ip"] = places.mapped(address)
        made["src_host"] = places.mapped(lambda text: text if text and address(text) is None else None)
    if (port := column("port")) is not None:
        number = _text(port).cast(pa.int64())
        made["src_port"] = pc.if_else(pc.less(number, 65536), number, pa.scalar(None, pa.int64()))
    if (target := column("target")) is not None:
        target = _text(target)
        there = pc.is_valid(target)
        ends = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(there.cast(pa.int32()))])
        made["resource_type"] = pc.if_else(there, "user", pa.scalar(None, pa.string()))
        made["resource_ids"] = pa.ListArray.from_arrays(ends, target.drop_null(), mask=pc.invert(there))
    return made | {"message": _message(masked, templates, lines)}


def _text(texts: Any) -> Any:
    return as_text(texts) if pa.types.is_dictionary(texts.type) else texts


class _Some:
    """The lines of some templates, of which something is made one by one."""

    def __init__(self, masked: Coded, which: Sequence[bool], lines: Any) -> None:
        numbers = masked.spread([at if chosen else None for at, chosen in enumerate([*which, False])], pa.int32())
        self._there = pc.is_valid(numbers)
        rows = zip(numbers.drop_null().to_pylist(), lines.filter(self._there).to_pylist(), strict=True)
        self.rows: list[tuple[int, str]] = list(rows)

    def spread(self, texts: list[str]) -> Any:
        """What was made, at the places of the lines."""
        return pc.replace_with_mask(pa.nulls(len(self._there), pa.string()), self._there, pa.array(texts, pa.string()))


def _attrs(masked: Coded, templates: Sequence[Template], lines: Any, same: Any) -> Any:
    """JSON of what has no column."""
    if not any(one.rest for one in templates):
        return same if same is None else _text(same)
    some = _Some(masked, [bool(one.rest) for one in templates], lines)
    made = [{name: line[at:end] for name, (at, end) in templates[number].rest} for number, line in some.rows]
    found = some.spread([msgspec.json.encode(one).decode() for one in made])
    return found if same is None else pc.coalesce(found, _text(same))


def _message(masked: Coded, templates: Sequence[Template], lines: Any) -> Any:
    """The sentences of lines whose columns do not tell them."""
    if not any(one.text for one in templates):
        return None
    some = _Some(masked, [one.text is not None for one in templates], lines)
    made = []
    for number, line in some.rows:
        one = templates[number]
        service = line[slice(*one.spans["service"])] if "service" in one.spans else one.same.get("service")
        made.append(shown(service, line[slice(*(one.text or (0, 0)))]))
    return some.spread(made)
