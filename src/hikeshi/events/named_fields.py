"""Fields that come by name, put into the columns they belong to: for timelines that other tools wrote.

A field named like a column of ours is that column; the names that Plaso and Timesketch use are listed here. What fits no column, or
whose value does not fit, stays what it was and goes into `attrs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hikeshi.events.addresses import address
from hikeshi.events.event import COLUMNS
from hikeshi.events.json_records import BROKEN

OWN: Final = frozenset({
    "attrs", "dedup_key", "event_uid", "evidence_sha256", "message", "offset", "parser_version", "path", "raw", "seq",
    "source_kind", "ts", "ts_desc", "ts_sub",
})  # fmt: skip
"""Columns that say where an event comes from and when it was: never taken from a field of that name."""

ALIASES: Final[dict[str, str]] = {
    "client_ip": "src_ip",
    "command_line": "cmdline",
    "computer_name": "host",
    "dest_ip": "dst_ip",
    "dest_port": "dst_port",
    "destination_ip": "dst_ip",
    "destination_port": "dst_port",
    "filename": "file_path",
    "hostname": "host",
    "http_request_method": "method",
    "http_request_referer": "referer",
    "http_request_user_agent": "user_agent",
    "http_response_code": "http_status",
    "ip_address": "src_ip",
    "key_path": "registry_key",
    "md5_hash": "hash_md5",
    "process_name": "process",
    "sha1_hash": "hash_sha1",
    "sha256_hash": "hash_sha256",
    "source_ip": "src_ip",
    "source_port": "src_port",
    "user": "actor_name",
    "user_sid": "actor_id",
    "username": "actor_name",
}

LARGEST: Final = {"int32": 1 << 31, "int64": 1 << 63, "uint16": 1 << 16}


def columns_and_rest(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns that are in the fields, and the fields that are in no column. Empty ones are in neither."""
    columns: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None or value in ("", "-"):
            continue
        column = _COLUMN_OF.get(name)
        if column is None or column in columns or (fitting := _READ[column](value)) is None:
            rest[name] = value
        else:
            columns[column] = fitting
    return columns, rest


def fitting(column: str, value: Any) -> Any:
    """The value as the column has it, or None where it does not fit."""
    return _READ[column](value)


def attrs_of(rest: Mapping[str, Any]) -> bytes | None:
    """The fields without a column as JSON."""
    return msgspec.json.encode(rest) if rest else None


def _whole_number(limit: int) -> Callable[[Any], int | None]:
    def read(value: Any) -> int | None:
        try:
            number = int(value) if not isinstance(value, str) else int(value, 10)
        except (ValueError, TypeError, OverflowError):
            return None
        return number if -limit <= number < limit else None

    return read


def _fraction(value: Any) -> float | None:
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        return None


def _yes(value: Any) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def _several(value: Any) -> list[str] | None:
    if isinstance(value, str) and value.startswith("["):
        try:
            value = msgspec.json.decode(value)
        except BROKEN:
            return [value]
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None if isinstance(value, dict | list) else str(value)


def _address(value: Any) -> str | None:
    return address(value) if isinstance(value, str) else None


def _reader(column: str) -> Callable[[Any], Any]:
    arrow = COLUMNS[column].arrow
    if column in {"src_ip", "dst_ip"}:
        return _address
    if arrow in LARGEST:
        return _whole_number(LARGEST[arrow])
    return {"bool": _yes, "double": _fraction, "float": _fraction, "list<string>": _several}.get(arrow, _text)


_READ: Final = {column: _reader(column) for column in COLUMNS}
_COLUMN_OF: Final = {name: name for name in COLUMNS if name not in OWN} | ALIASES
