"""Events as machines and people ask for them: from words to a query, and from a row to plain JSON. No database, no Django."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hikeshi.errors import Refused
from hikeshi.stores.store import Query

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(name: str, time: datetime | None) -> int | None:
    """Microseconds since 1970 in UTC. Raises `Refused` for a time without a zone."""
    if time is None:
        return None
    if time.utcoffset() is None:
        raise Refused(f"{name} is {time.isoformat()}, which has no time zone.", hint="Write 2026-11-07T02:31+09:00.")
    return (time - EPOCH) // timedelta(microseconds=1)


def moment(since: int) -> datetime:
    """The time of so many microseconds since 1970, in UTC."""
    return EPOCH + timedelta(microseconds=since)


def asked_for(
    where: Iterable[str], *, start: datetime | None = None, end: datetime | None = None, search: str = "",
    after: str = "", limit: int = 100, descending: bool = False,
) -> Query:  # fmt: skip
    """A query. `where` holds field=value; one field several times means any of its values. Raises `Refused` for other forms."""
    wanted: dict[str, list[str]] = {}
    for one in where:
        field, equals, value = one.partition("=")
        if not equals:
            raise Refused(f"{one[:80]!r} is not understood.", hint="Write field=value, such as src_ip=192.0.2.7.")
        wanted.setdefault(field.strip(), []).append(value)
    return Query(
        start_us=microseconds("start", start),
        end_us=microseconds("end", end),
        where={field: values[0] if len(values) == 1 else tuple(values) for field, values in wanted.items()},
        search=search,
        after=_after(after),
        limit=limit,
        descending=descending,
    )


def key_of(row: Mapping[str, Any]) -> str:
    """Where a page ended, as text for `after`."""
    return f"{row['ts']}:{bytes(row['event_uid']).hex()}"


def _after(key: str) -> tuple[int, bytes] | None:
    if not key:
        return None
    time, _, identity = key.partition(":")
    try:
        return int(time), bytes.fromhex(identity)
    except ValueError as problem:
        raise Refused(f"{key[:80]!r} is not where a page ended.", hint="Send `next` of the last page.") from problem


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """One event as plain JSON: bytes become hex, or text where they are the raw record; empty fields are left out."""
    return {name: _plain(name, value) for name, value in row.items() if value is not None and value != ""}


def _plain(name: str, value: Any) -> Any:
    if not isinstance(value, bytes | bytearray | memoryview):
        return value
    octets = bytes(value)
    if name != "raw":
        return octets.hex()
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(octets).decode()}
