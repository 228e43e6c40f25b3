"""Amazon S3 server access logs: one line for each request to a bucket, also the anonymous ones.

Fields stand by position; newer ones are appended at the end and kept. The time is when the request was received, with its offset.
Delivery is best effort: a request may be missing, come hours late or, rarely, twice. User agents may hold quotes that nobody escaped;
such a line is read from both ends.

References:
  https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
  https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.access_lines import LONGEST, number, outcome, request, status, told
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.source import Line, Source
from hikeshi.events.times import Instant, instant

NAME = "s3access"
VERSION = "1"

FIELDS = (
    "bucket_owner", "bucket", "time", "remote_ip", "requester", "request_id", "operation", "key", "request_uri",
    "http_status", "error_code", "bytes_sent", "object_size", "total_time", "turn_around_time", "referer", "user_agent",
    "version_id", "host_id", "signature_version", "cipher_suite", "authentication_type", "host_header", "tls_version",
    "access_point_arn", "acl_required", "source_region",
)  # fmt: skip
"""Fields in their order. The oldest logs end with version_id."""

COLUMNS = frozenset(
    {"time", "remote_ip", "requester", "operation", "request_uri", "http_status", "error_code", "bytes_sent", "object_size",
     "total_time", "referer", "user_agent", "host_header"}
)  # fmt: skip

_LINE = re.compile(
    r'(\S+) (\S+) \[([^\]]+)\] (\S+) (\S+) (\S+) (\S+) (\S+) (?:"(.*?)"|(-)) (\d{3}|-) (\S+) (\d+|-) (\d+|-) (\d+|-) (\d+|-) '
    r'(?:"(.*?)"|(-)) (?:"(.*)"|(-)) ([^"]*)$'
)
_HEAD = re.compile(
    rb'\s*(?:[0-9a-f]{20,64}|-) \S+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \S+ \S+ \S+ (?:REST|SOAP|WEBSITE|BATCH|S3)\.\S+ \S+ (?:"|-)'
)
_TIME = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})$")
MONTHS = dict(
    zip(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), range(1, 13), strict=True)
)
READING = re.compile(r"\.(?:GET|HEAD|OPTIONS)\.")


def recognises(head: bytes) -> bool:
    return _HEAD.match(head) is not None


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every request, with the time it was received."""
    for line in source.lines():
        if not line.data.strip():
            continue
        try:
            yield _event(_fields(line.data), line)
        except ValueError as error:
            yield source.unreadable(str(error), f"line {line.number:,}")


def _fields(line: bytes) -> list[str]:
    if len(line) > LONGEST:
        raise ValueError(f"a line of {len(line):,} bytes is no request")
    found = _LINE.match(line.decode("utf-8", "backslashreplace"))
    if found is None:
        raise ValueError("this is no line of an S3 access log")
    *fixed, tail = (part for part in found.groups() if part is not None)
    return [*fixed, *tail.split()]


def _event(parts: list[str], line: Line) -> Event:
    """Raises ValueError where the time cannot be read."""
    row = {name: part for name, part in zip(FIELDS, parts, strict=False) if told(part)}
    at = _instant(parts[2])
    if at is None:
        raise ValueError(f"the time cannot be read: {parts[2][:40]!r}")
    get = row.get
    code, (method, url) = status(get("http_status")), request(get("request_uri", ""))
    who, key, operation = get("requester"), get("key"), parts[6]
    lasted = number(get("total_time"))
    rest: dict[str, Any] = {name: part for name, part in row.items() if name not in COLUMNS}
    if len(parts) > len(FIELDS):
        rest["more"] = parts[len(FIELDS) :]
    return Event(
        dedup_key=f"s3access:{parts[5]}:{operation}:{parts[2]}:{parts[7]}" if told(parts[5]) else None,
        ts=at.us,
        ts_desc="received",
        ts_basis=at.basis,
        ts_raw=parts[2],
        seq=line.number,
        source_variant="s3",
        offset=line.offset,
        raw=line.data,
        category="web",
        provider="aws",
        service="s3",
        action=operation,
        outcome="denied" if get("error_code") == "AccessDenied" else outcome(code),
        error_code=get("error_code"),
        read_only=True if READING.search(operation) else None,
        message=f"{_name(who) or 'anonymous'}: {operation} {parts[1]}/{unquote(key) if key else ''} from {parts[3]}: {code or '-'}",
        actor_type=_kind(who),
        actor_id=who,
        actor_name=_name(who),
        actor_account=_account(who),
        session_name=who.rpartition("/")[2] if who and ":assumed-role/" in who else None,
        src_ip=address(get("remote_ip")),
        dst_host=get("host_header"),
        user_agent=get("user_agent"),
        method=method,
        url=url,
        http_status=code,
        referer=get("referer"),
        bytes_out=number(get("bytes_sent")),
        duration_ms=float(lasted) if lasted is not None else None,
        resource_type="AWS::S3::Object" if key else "AWS::S3::Bucket",
        resource_ids=[f"arn:aws:s3:::{parts[1]}/{_plain(key)}"] if key else [f"arn:aws:s3:::{parts[1]}"],
        file_size=number(get("object_size")),
        attrs=msgspec.json.encode(rest),
    )


@functools.lru_cache(maxsize=8192)
def _instant(text: str) -> Instant | None:
    """A time as 06/Nov/2026:14:21:31 +0000."""
    found = _TIME.match(text)
    if found is None or found[2] not in MONTHS:
        return None
    day, month, year, clock, offset = found.groups()
    zone = "Z" if offset == "+0000" else offset
    return instant(f"{year}-{MONTHS[month]:02}-{day}T{clock}{zone}")


def _plain(key: str) -> str:
    """The key as it is: keys are written with their odd letters encoded twice."""
    return unquote(unquote(key))


def _kind(who: str | None) -> str | None:
    if who is None:
        return "Anonymous"
    if not who.startswith("arn:"):
        return "CanonicalUser" if len(who) == 64 else "AWSService"
    return (
        "AssumedRole"
        if ":assumed-role/" in who
        else "IAMUser"
        if ":user/" in who
        else "Root"
        if who.endswith(":root")
        else None
    )


def _name(who: str | None) -> str | None:
    """The name people know: of a user his own, of a session its role's."""
    if who is None or not who.startswith("arn:"):
        return who
    _, _, path = who.partition(":assumed-role/")
    return path.partition("/")[0] if path else who.rpartition("/")[2].rpartition(":")[2] or None


def _account(who: str | None) -> str | None:
    parts = (who or "").split(":", 5)
    return parts[4] or None if len(parts) == 6 else None
