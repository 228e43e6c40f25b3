"""Events as machines and people ask for them: from words to a query, and from a row to plain JSON. No database, no Django."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hikeshi.errors import Refused
from hikeshi.events import assumed
from hikeshi.events.assumed import Assumption
from hikeshi.stores.entity import Entity
from hikeshi.stores.store import Query

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEY = re.compile(r"-?[0-9]{1,19}:[0-9a-f]{32}")


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


def said(
    skew: Iterable[str] | None, zone: Iterable[str] | None, mappings: Iterable[Assumption] = ()
) -> tuple[Assumption, ...]:
    """What people say of sources: mappings, and clocks as `assumed.py` reads them. Raises `Refused`."""
    return (*map(assumed.skew, skew or ()), *map(assumed.zone, zone or ()), *mappings)


def key_of(row: Mapping[str, Any]) -> str:
    """Where a page ended, as text for `after`."""
    return f"{row['ts']}:{row['event_uid']}"


def _after(key: str) -> tuple[int, str] | None:
    if not key:
        return None
    if not KEY.fullmatch(key):
        raise Refused(f"{key[:80]!r} is not where a page ended.", hint="Send `next` of the last page.")
    time, _, identity = key.partition(":")
    return int(time), identity


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """One event as plain JSON: `attrs` opened, bytes as text or hex, empty fields left out."""
    return {name: _plain(name, value) for name, value in row.items() if value is not None and value not in ("", b"")}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes) and name == "event_uid":
        return value.hex()
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
    if name == "attrs" and isinstance(text, str):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def entity_shape(found: Entity) -> dict[str, Any]:
    """What is known of one name, as plain JSON with its moments as times."""
    return {
        "value": found.value,
        "events": found.events,
        "first": moment(found.first_us) if found.first_us is not None else None,
        "last": moment(found.last_us) if found.last_us is not None else None,
        "named_in": [{"field": column, "count": count} for column, count in found.named_in],
        "told": [
            {"field": column, "value": value, "count": count}
            for column, values in found.told.items()
            for value, count in values
        ],
    }
