"""Amazon CloudFront access logs (standard logging): one line for each request at an edge.

Text lines are divided by tabs, and `#Fields` says which field stands where; it may come again in a file put together from several.
Without it the documented order is taken. JSON lines of the newer delivery have the same fields by name. The time is when the edge
had answered, in whole seconds, UTC; lines of one file are in no order. Odd letters are encoded as in addresses.

Other logs with `#Fields` (web servers of Microsoft) have no x-edge-location and are not these.

References:
  https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
  https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.access_lines import LONGEST, number, outcome, seconds, status, told
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN
from hikeshi.events.json_shape import first_record
from hikeshi.events.source import Line, Source
from hikeshi.events.times import instant

NAME = "cloudfront"
VERSION = "1"

DOCUMENTED = (
    "date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status", "cs(Referer)",
    "cs(User-Agent)", "cs-uri-query", "cs(Cookie)", "x-edge-result-type", "x-edge-request-id", "x-host-header", "cs-protocol",
    "cs-bytes", "time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher", "x-edge-response-result-type",
    "cs-protocol-version", "fle-status", "fle-encrypted-fields", "c-port", "time-to-first-byte", "x-edge-detailed-result-type",
    "sc-content-type", "sc-content-len", "sc-range-start", "sc-range-end",
)  # fmt: skip
"""The fields in the order the documentation lists them."""

COLUMNS = frozenset(
    {"date", "time", "sc-bytes", "c-ip", "c-port", "cs-method", "sc-status", "cs(Referer)", "cs(User-Agent)", "cs-bytes",
     "time-taken", "cs-uri-stem", "cs-uri-query", "cs-protocol", "x-host-header"}
)  # fmt: skip

_FIELDS = re.compile(rb"#Fields:\s*(.*)")
_HEADERLESS = re.compile(rb"\s*\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[A-Z]{3}\d*[\w-]*\t\d+\t[\da-fA-F.:]+\t[A-Z]+\t\S+\t/")
_row = msgspec.json.Decoder(dict[str, str | int | float | None])


def recognises(head: bytes) -> bool:
    if head.lstrip().startswith(b"#"):
        named = _FIELDS.search(head)
        return named is not None and b"x-edge-location" in named[1].split()
    return _HEADERLESS.match(head) is not None or "x-edge-location" in first_record(head)


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every request, with the time it was answered."""
    names = DOCUMENTED
    for line in source.lines():
        if line.data.startswith(b"#"):
            if named := _FIELDS.match(line.data):
                names = tuple(named[1].decode("utf-8", "replace").split())
            continue
        if not line.data.strip():
            continue
        try:
            yield _event(*_fields(line.data, names), line)
        except BROKEN as error:
            yield source.unreadable(str(error), f"line {line.number:,}")


def _fields(data: bytes, names: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """The fields that have a value, and the shape they came in. Raises ValueError where the line is none of this log."""
    if len(data) > LONGEST:
        raise ValueError(f"a line of {len(data):,} bytes is no request")
    if data.lstrip().startswith(b"{"):
        return {name: str(value) for name, value in _row.decode(data).items() if told(str(value or ""))}, "json"
    parts = data.decode("utf-8", "backslashreplace").split("\t")
    if len(parts) < min(12, len(names)):
        raise ValueError(f"{len(parts)} fields where the layout has {len(names)}")
    return {name: part for name, part in zip(names, parts, strict=False) if told(part)}, "text"


def _event(row: dict[str, str], variant: str, line: Line) -> Event:
    """Raises ValueError where the time cannot be read."""
    get = row.get
    text = f"{get('date', '')}T{get('time', '')}Z"
    at = instant(text)
    if at is None:
        raise ValueError(f"the time cannot be read: {text[:40]!r}")
    code, method, url = status(get("sc-status")), get("cs-method"), _url(row)
    taken = seconds(get("time-taken", ""))
    rest = {name: value for name, value in row.items() if name not in COLUMNS}
    return Event(
        dedup_key=f"cloudfront:{request}" if (request := get("x-edge-request-id")) else None,
        ts=at.us,
        ts_desc="completed",
        ts_raw=f"{get('date')} {get('time')}",
        seq=line.number,
        source_variant=variant,
        offset=line.offset,
        raw=line.data,
        category="web",
        provider="aws",
        service="cloudfront",
        action=method or "request",
        outcome=outcome(code),
        message=f"{method or '?'} {url} from {get('c-ip', '?')}: {code or 'no status'} {get('x-edge-result-type', '')}".rstrip(),
        src_ip=address(get("c-ip")),
        src_port=number(get("c-port"), 65535),
        dst_host=get("x-host-header") or get("cs(Host)"),
        user_agent=unquote(get("cs(User-Agent)", "")) or None,
        proto={"https": "tcp", "http": "tcp"}.get(get("cs-protocol", "")),
        method=method,
        url=url,
        http_status=code,
        referer=get("cs(Referer)"),
        bytes=number(get("cs-bytes")),
        bytes_out=number(get("sc-bytes")),
        duration_ms=round(taken * 1000, 3) if taken is not None else None,
        resource_type="AWS::CloudFront::Distribution" if get("cs(Host)") else None,
        resource_ids=[host] if (host := get("cs(Host)")) else None,
        attrs=msgspec.json.encode(rest) if rest else None,
    )


def _url(row: dict[str, str]) -> str:
    get = row.get
    host, query = get("x-host-header") or get("cs(Host)", ""), get("cs-uri-query")
    return f"{get('cs-protocol', 'https')}://{host}{get('cs-uri-stem', '')}" + (f"?{query}" if query else "")
