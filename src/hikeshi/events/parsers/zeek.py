r"""Zeek (once Bro) logs: conn, dns, http, ssl, ssh, files, notice and all others, as text with tabs or as JSON lines.

Text begins with `#separator`, and `#fields` names the columns - again wherever logs were put together; what stands for no value
(`-`) and for an empty one (`(empty)`) is told there too. JSON lines are told apart from other logs by `ts` next to `uid` and
`id.orig_h`, or by the kind that shippers add as `_path`. The fields that all logs share become columns; the rest is kept in `attrs`
as it is written. A connection is an interval: `ts` is its first packet, `ts_end` its last. Lines without a time are unreadable.

References:
  https://docs.zeek.org/en/master/log-formats.html
  https://docs.zeek.org/en/master/logs/index.html
  https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN
from hikeshi.events.source import Line, Source
from hikeshi.events.times import instant

NAME = "zeek"
VERSION = "1"

_epoch = re.compile(r"(\d{1,11})(?:\.(\d{1,9})\d*)?").fullmatch
_header = re.compile(rb"#separator (\S+)")
_json = re.compile(
    rb'\s*\{(?=[^\n]*"ts"\s*:\s*["\d])(?:(?=[^\n]*"uid"\s*:\s*"C)(?=[^\n]*"id[._]orig_h")|(?=[^\n]*"_path"\s*:\s*"))'
)
_decoder = msgspec.json.Decoder(dict[str, Any])

CATEGORIES = {
    "conn": "flow", "dns": "network", "http": "http", "intel": "finding", "kerberos": "login", "notice": "finding", "ntlm": "login",
    "rdp": "login", "ssh": "login", "weird": "finding",
}  # fmt: skip
TAKEN = frozenset({
    "ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "user_agent", "method", "uri", "status_code", "referrer",
    "username", "user", "md5", "sha1", "sha256", "filename", "_path",
})  # fmt: skip
"""Fields that have a column of their own; everything else goes to attrs."""


class Layout(NamedTuple):
    """What the header told."""

    separator: str = "\t"
    unset: str = "-"
    empty: str = "(empty)"
    kind: str = ""
    fields: tuple[str, ...] = ()


def recognises(head: bytes) -> bool:
    text = head.lstrip()
    return (_header.match(text) is not None and b"#fields" in text) or _json.match(text) is not None


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every record. A header line, wherever it stands, tells the layout of the lines that follow."""
    layout = Layout()
    for line in source.lines():
        data = line.data
        if data.startswith(b"#"):
            layout = _told(data.decode("utf-8", "backslashreplace"), layout)
            continue
        if not data.strip():
            continue
        try:
            fields, kind = _of_json(data) if data.lstrip()[:1] == b"{" else _of_text(data, layout)
            yield _event(fields, kind, line, "json" if data.lstrip()[:1] == b"{" else "tsv")
        except BROKEN as error:
            yield source.unreadable(str(error), f"line {line.number:,}")


def _told(text: str, layout: Layout) -> Layout:
    if text.startswith("#separator "):
        given = text[11:].strip()
        escaped = re.fullmatch(r"\\x([0-9A-Fa-f]{2})", given)
        return Layout(separator=chr(int(escaped[1], 16)) if escaped else given or "\t")
    name, _, value = text.partition(layout.separator)
    match name:
        case "#unset_field":
            return layout._replace(unset=value)
        case "#empty_field":
            return layout._replace(empty=value)
        case "#path":
            return layout._replace(kind=value)
        case "#fields":
            return layout._replace(fields=tuple(value.split(layout.separator)))
    return layout


def _of_text(data: bytes, layout: Layout) -> tuple[dict[str, Any], str]:
    if not layout.fields:
        raise ValueError("no header before this line: its fields are not known")
    parts = data.decode("utf-8", "backslashreplace").split(layout.separator)
    if len(parts) != len(layout.fields):
        raise ValueError(f"{len(parts)} fields where the header has {len(layout.fields)}")
    unset, empty = layout.unset, layout.empty
    pairs = zip(layout.fields, parts, strict=True)
    return {name: "" if part == empty else part for name, part in pairs if part != unset}, layout.kind


def _of_json(data: bytes) -> tuple[dict[str, Any], str]:
    fields = _decoder.decode(data)
    kind = fields.get("_path")
    return fields, kind if isinstance(kind, str) else _guessed(fields)


def _guessed(fields: dict[str, Any]) -> str:
    """JSON does not name its log: some fields do."""
    for name, kind in (
        ("conn_state", "conn"),
        ("query", "dns"),
        ("method", "http"),
        ("cipher", "ssl"),
        ("note", "notice"),
        ("fuid", "files"),
    ):
        if name in fields:
            return kind
    return ""


def _time(value: Any) -> tuple[int, str]:
    """UTC microseconds and how fine they are. Raises ValueError where it is no time."""
    text = value if isinstance(value, str) else repr(value) if isinstance(value, (int, float)) else ""
    if found := _epoch(text):
        return int(found[1]) * 1_000_000 + int((found[2] or "").ljust(6, "0")[:6]), "us" if found[2] else "s"
    at = instant(text)
    if at is None:
        raise ValueError(f"no time that can be read: {text[:40]!r}" if text else "the record has no time")
    return at.us, at.precision


def _event(fields: dict[str, Any], kind: str, line: Line, shape: str) -> Event:
    get = fields.get
    at, precision = _time(get("ts"))
    source, target = _text(get("id.orig_h")) or _text(get("src")), _text(get("id.resp_h")) or _text(get("dst"))
    duration = _float(get("duration"))
    rest = {name: value for name, value in fields.items() if name not in TAKEN}
    sent, answered = _number(get("orig_bytes")), _number(get("resp_bytes"))
    user = _text(get("username")) or _text(get("user"))
    return Event(
        ts=at,
        ts_end=at + int(duration * 1_000_000) if duration is not None else None,
        ts_precision=precision,
        ts_desc="window_start" if kind == "conn" else "occurred",
        ts_raw=str(get("ts")),
        seq=line.number,
        source_variant=f"{kind or 'unknown'}/{shape}",
        offset=line.offset,
        raw=line.data,
        category=CATEGORIES.get(kind, "network"),
        service=_text(get("service")) or kind or "zeek",
        action=_text(get("conn_state")) or _text(get("note")) or _text(get("method")) or kind or "record",
        outcome=_outcome(get("auth_success"), get("status_code")),
        message=_message(fields, kind, source, target),
        actor_name=user,
        session_name=_text(get("uid")),
        src_ip=address(source),
        src_port=_port(get("id.orig_p")),
        user_agent=_text(get("user_agent")),
        dst_ip=address(target),
        dst_port=_port(get("id.resp_p")),
        dst_host=_text(get("server_name")) or _text(get("host")),
        proto=_text(get("proto")),
        bytes=(sent or 0) + (answered or 0) if sent is not None or answered is not None else None,
        bytes_out=answered,
        method=_text(get("method")),
        url=_text(get("uri")),
        http_status=_number(get("status_code"), 999),
        referer=_text(get("referrer")),
        duration_ms=duration * 1000 if duration is not None else None,
        file_path=_text(get("filename")),
        hash_md5=_text(get("md5")),
        hash_sha1=_text(get("sha1")),
        hash_sha256=_text(get("sha256")),
        attrs=msgspec.json.encode(rest) if rest else None,
    )


SAID = ("query", "uri", "server_name", "note", "msg", "message", "name", "filename", "cookie", "history")
"""What is worth reading in one line, the first that a record has."""


def _message(fields: dict[str, Any], kind: str, source: str | None, target: str | None) -> str:
    said = next((text for name in SAID if (text := _text(fields.get(name)))), "")
    ports = [f":{port}" if (port := _port(fields.get(name))) is not None else "" for name in ("id.orig_p", "id.resp_p")]
    ends = f"{source}{ports[0]} -> {target}{ports[1]}" if source and target else ""
    return " ".join(part for part in (kind or "zeek", ends, said) if part)


def _outcome(authenticated: Any, status: Any) -> str | None:
    if isinstance(authenticated, (bool, str)) and authenticated != "":
        return "success" if authenticated in {True, "T", "true"} else "failure"
    code = _number(status, 999)
    return None if code is None else "denied" if code in {401, 403, 407} else "success" if code < 400 else "failure"


def _text(value: Any) -> str | None:
    return value or None if isinstance(value, str) else None


def _number(value: Any, most: int = 1 << 62) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    return value if type(value) is int and 0 <= value <= most else None


def _port(value: Any) -> int | None:
    return _number(value, 65535)


def _float(value: Any) -> float | None:
    try:
        number = float(value) if isinstance(value, (str, int, float)) else -1.0
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e9 else None
