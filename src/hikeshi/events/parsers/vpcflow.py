"""AWS VPC flow logs as text or Parquet, versions 2 to 10, delivered to S3 or exported from CloudWatch Logs.

The `version` in a line does not tell its layout: it is the highest version among the fields that were chosen. The layout is the
header line, which may come again in a file put together from several. Without one the documented order is taken, cut to the number
of fields in the line; a layout of one's own cannot be guessed and is said to be unreadable.

A line is a window: `start` and `end` are its first and last packet. NODATA (nothing happened) and SKIPDATA (something was lost) are
gaps, and become events of category gap. Behind NAT `srcaddr` is the gateway; the true address is kept as pkt-srcaddr in `attrs`.
In Parquet the names have underscores, and `raw` is the row as JSON text.

References:
  https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
  https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
  https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
  https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import UID, Event
from hikeshi.events.source import Line, Source
from hikeshi.events.times import SECOND

NAME = "vpcflow"
VERSION = "2"

DOCUMENTED = (
    "version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol",
    "packets", "bytes", "start", "end", "action", "log-status",
    "vpc-id", "subnet-id", "instance-id", "tcp-flags", "type", "pkt-srcaddr", "pkt-dstaddr",
    "region", "az-id", "sublocation-type", "sublocation-id",
    "pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction", "traffic-path",
    "ecs-cluster-arn", "ecs-cluster-name", "ecs-container-instance-arn", "ecs-container-instance-id", "ecs-container-id",
    "ecs-second-container-id", "ecs-service-name", "ecs-task-definition-arn", "ecs-task-arn", "ecs-task-id",
    "reject-reason", "resource-id", "encryption-status",
)  # fmt: skip
"""The fields in the order the documentation lists them, version by version."""

WIDTHS = frozenset({14, 21, 25, 29, 39, 40, 41, 42})
"""How many fields the layouts have that a line without a header may follow."""

PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "58": "icmpv6", "132": "sctp"}
KEY = ("interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "start", "end", "action")
"""What makes a flow one flow; without all of these the place in the file stands for it."""

COLUMNS = frozenset(
    {*KEY, "version", "account-id", "packets", "bytes", "log-status", "vpc-id", "subnet-id", "instance-id", "tcp-flags", "region", "az-id", "flow-direction"}
)  # fmt: skip
"""Fields that have a column of the event; the rest goes to attrs."""

_HEADERLESS = re.compile(
    rb"\d{1,2} (\d{9,12}|unknown|-) (eni-\w+|-) \S+ \S+ [\d-]+ [\d-]+ [\d-]+ [\d-]+ [\d-]+ \d+ \d+ \S+ (OK|NODATA|SKIPDATA)\b"
)


class Layout(NamedTuple):
    """Which field stands where."""

    names: tuple[str, ...]

    def read(self, parts: list[str]) -> dict[str, str]:
        """The fields of a line that have a value."""
        return {name: part for name, part in zip(self.names, parts, strict=True) if part != "-"}


def recognises(head: bytes) -> bool:
    first, _, _ = head.lstrip().partition(b"\n")
    return _layout(first.decode("ascii", "replace").split()) is not None or _HEADERLESS.match(first) is not None


def header(line: Line) -> Layout | None:
    """The layout that a line tells, where it is a header."""
    return _layout(line.data.decode("utf-8", "replace").split())


def _layout(words: list[str]) -> Layout | None:
    """The layout, where the words are names of fields. Transit gateways write a log of their own that looks alike."""
    known = sum(word in DOCUMENTED for word in words)
    if known < 4 or known * 2 < len(words) or any(word.startswith("tgw-") for word in words):
        return None
    return Layout(tuple(words))


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every flow and every gap. A header line, wherever it stands, tells the layout of the lines that follow."""
    yield from of_lines(source.lines(), None, source)


def of_lines(lines: Iterable[Line], layout: Layout | None, source: Source) -> Iterator[Event | Unreadable]:
    """The events of some lines of the source, in the layout known so far."""
    for line in lines:
        parts = line.data.decode("utf-8", "replace").split()
        if not parts:
            continue
        if not parts[0].isdigit() and (told := _layout(parts)) is not None:
            layout = told
            continue
        try:
            yield _event(_fields(parts, layout), line)
        except ValueError as error:
            yield source.unreadable(str(error), f"line {line.number:,}", hint="See the log's own format in AWS.")


def of_json(source: Source) -> Iterator[Event | Unreadable]:
    """The events of rows of Parquet as lines of JSON; names may have underscores."""
    for line in source.lines():
        try:
            row = msgspec.json.decode(line.data, type=dict[str, str | int | None])
            yield _event(_of_row(row), line)
        except (ValueError, RecursionError) as error:
            yield source.unreadable(str(error), f"row {line.number:,}")


def _of_row(row: dict[str, str | int | None]) -> dict[str, str]:
    """The fields of a row as a line would have them. Of a gap, numbers that say nothing are zero in Parquet."""
    fields = {name.replace("_", "-"): str(value) for name, value in row.items() if value not in {None, "", "-"}}
    if fields.get("log-status") in GAPS and "srcaddr" not in fields:
        return {name: value for name, value in fields.items() if value != "0" or name in {"start", "end"}}
    return fields


def _fields(parts: list[str], layout: Layout | None) -> dict[str, str]:
    if layout is None:
        if len(parts) not in WIDTHS:
            raise ValueError(f"{len(parts)} fields and no header: the layout is not known")
        layout = Layout(DOCUMENTED[: len(parts)])
    if len(parts) != len(layout.names):
        raise ValueError(f"{len(parts)} fields where the layout has {len(layout.names)}")
    return layout.read(parts)


def _event(fields: dict[str, str], line: Line) -> Event:
    """Raises ValueError where a number is none or the line has no time."""
    get = fields.get
    start, status = get("start"), get("log-status")
    if start is None:
        raise ValueError("the line has no start time")
    seconds = _number(start, LAST)
    gap = status in GAPS and "srcaddr" not in fields
    action = get("action")
    key = _key(fields, gap=gap)
    rest = {name: value for name, value in fields.items() if name not in COLUMNS}
    return Event(
        event_uid=uid(key, seconds) if key else b"",
        dedup_key=key,
        ts=seconds * SECOND,
        ts_end=_number(end, LAST) * SECOND if (end := get("end")) else None,
        ts_precision="window",
        ts_desc="window_start",
        ts_raw=start,
        seq=line.number,
        source_variant=f"v{get('version', '?')}",
        offset=None if key else line.offset,
        raw=line.data,
        category="gap" if gap else "flow",
        provider="aws",
        service="vpc",
        action=status if gap else action,
        outcome=None if gap else OUTCOMES.get(action or "", "unknown"),
        message=_message(fields, gap=gap),
        src_ip=address(get("srcaddr")),
        src_port=_optional(get("srcport"), 65535),
        dst_ip=address(get("dstaddr")),
        dst_port=_optional(get("dstport"), 65535),
        proto=PROTOCOLS.get(protocol, protocol) if (protocol := get("protocol")) else None,
        direction=get("flow-direction"),
        bytes=_optional(get("bytes")),
        packets=_optional(get("packets")),
        tcp_flags=_optional(get("tcp-flags"), 65535),
        flow_action=action,
        flow_status=status,
        account=get("account-id"),
        region=get("region"),
        zone=get("az-id"),
        vpc=get("vpc-id"),
        subnet=get("subnet-id"),
        instance=get("instance-id"),
        interface=get("interface-id"),
        attrs=msgspec.json.encode(rest) if rest else None,
    )


LAST = 253_402_300_799
"""The last second of the year 9999."""

GAPS = {"NODATA": "no traffic", "SKIPDATA": "flow records were lost"}
OUTCOMES = {"ACCEPT": "success", "REJECT": "denied"}


def _key(fields: dict[str, str], *, gap: bool) -> str | None:
    if gap:
        return f"vpcflow:{fields.get('interface-id')}:{fields['log-status']}:{fields['start']}:{fields.get('end')}"
    try:
        return "vpcflow:" + ":".join([fields[name] for name in KEY])
    except KeyError:
        return None


def uid(key: str, start: int) -> bytes:
    """The id of what a window has: its first second, so that it is found without looking at all others, and SHA-256 of its key.

    Databases know both, so that nobody needs to keep it (stores/derived.py).
    """
    return (start % (1 << 32)).to_bytes(4) + sha256(key.encode("utf-8", "surrogatepass")).digest()[: UID - 4]


def _message(fields: dict[str, str], *, gap: bool) -> str:
    get = fields.get
    if gap:
        return f"{get('interface-id', 'an interface')}: {GAPS[fields['log-status']]}"
    return (
        f"{get('srcaddr', '?')}:{get('srcport', '?')} -> {get('dstaddr', '?')}:{get('dstport', '?')} "
        f"{get('action', '?')}, {get('bytes', '?')} bytes"
    )


def _number(text: str, most: int = 1 << 62) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        raise ValueError(f"no number that is possible here: {text[:40]!r}")
    return int(text)


def _optional(text: str | None, most: int = 1 << 62) -> int | None:
    return None if text is None else _number(text, most)
