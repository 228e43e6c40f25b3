"""Suricata's EVE JSON (eve.json): alerts, flows, dns, http, tls, ssh, files and anomalies, one record a line.

`timestamp` is when the record was written; a flow is an interval from `flow.start` to `flow.end`, and that is its time here. Severity
1 is the worst in an alert, so it becomes 90, 2 is 60, 3 is 30. `allowed` in an alert says that nothing was blocked. What has no column
stays in `attrs` as the bytes it was.

References:
  https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
  https://docs.suricata.io/en/latest/output/eve/eve-json-output.html
  https://github.com/OISF/suricata/blob/master/etc/schema.json
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN, Record, records
from hikeshi.events.source import Source
from hikeshi.events.times import instant

NAME = "suricata"
VERSION = "1"


class Alert(msgspec.Struct, gc=False):
    action: str | None = None
    gid: int | None = None
    signature_id: int | None = None
    rev: int | None = None
    signature: str | None = None
    category: str | None = None
    severity: int | None = None


class Http(msgspec.Struct, gc=False):
    hostname: str | None = None
    url: str | None = None
    http_user_agent: str | None = None
    http_refer: str | None = None
    http_method: str | None = None
    status: int | None = None
    length: int | None = None


class Flow(msgspec.Struct, gc=False):
    start: str | None = None
    end: str | None = None
    pkts_toserver: int = 0
    pkts_toclient: int = 0
    bytes_toserver: int = 0
    bytes_toclient: int = 0
    state: str | None = None


class File(msgspec.Struct, gc=False):
    filename: str | None = None
    size: int | None = None
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None


class Eve(msgspec.Struct, gc=False):
    """One record. Only what becomes a column is typed."""

    timestamp: str | None = None
    event_type: str | None = None
    flow_id: int | None = None
    in_iface: str | None = None
    src_ip: str | None = None
    src_port: int | None = None
    dest_ip: str | None = None
    dest_port: int | None = None
    proto: str | None = None
    app_proto: str | None = None
    host: str | None = None
    alert: Alert | None = None
    http: Http | None = None
    flow: Flow | None = None
    netflow: Flow | None = None
    fileinfo: File | None = None


CATEGORIES = {
    "alert": "finding",
    "anomaly": "finding",
    "flow": "flow",
    "netflow": "flow",
    "http": "http",
    "stats": "system",
}
SEVERITIES = {1: 90.0, 2: 60.0, 3: 30.0, 4: 10.0}
SHOWN = frozenset({
    "timestamp", "event_type", "src_ip", "src_port", "dest_ip", "dest_port", "proto", "in_iface", "host", "app_proto",
})  # fmt: skip
"""Fields that are wholly in a column; the rest is kept in attrs."""

_eve = msgspec.json.Decoder(Eve)
_fields = msgspec.json.Decoder(dict[str, Raw])
_shape = re.compile(
    rb'\{(?=[^\n]*"event_type"\s*:\s*"[a-z0-9_]+")(?=[^\n]*"timestamp"\s*:\s*"\d{4}-)'
    rb'(?=[^\n]*"(?:flow_id|in_iface|dest_ip|stats|engine)"\s*:)'
)
_zone = re.compile(r"([+-]\d\d)(\d\d)$")


def recognises(head: bytes) -> bool:
    return _shape.match(head.lstrip().removeprefix(b"[").lstrip()) is not None


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every record, whatever its type."""
    for record in records(source):
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            yield _event(bytes(record.data), record)
        except BROKEN as error:
            yield source.unreadable(str(error), f"record {record.seq:,}")


def _decoded(data: bytes) -> Eve:
    """The typed record. A field of another type than documented is left out of it, and stays in the raw record."""
    try:
        return _eve.decode(data)
    except msgspec.ValidationError:
        eve = Eve()
        for name, value in _fields.decode(data).items():
            if name in Eve.__struct_fields__:
                try:
                    setattr(eve, name, getattr(_eve.decode(b'{"%b":%b}' % (name.encode(), value)), name))
                except msgspec.ValidationError:
                    continue
        return eve


def _event(data: bytes, record: Record) -> Event:
    """Raises ValueError where the record has no type or no time."""
    eve = _decoded(data)
    if eve.event_type is None:
        raise ValueError("the record has no event_type: this is no EVE record")
    flow = eve.flow or eve.netflow or Flow()
    interval = eve.event_type in {"flow", "netflow"} and flow.start is not None
    text = flow.start if interval else eve.timestamp
    at = instant(_zone.sub(r"\1:\2", text)) if text else None
    if at is None or text is None:
        raise ValueError(f"no time that can be read: {text!r}" if text else "the record has no timestamp")
    end = instant(_zone.sub(r"\1:\2", flow.end)) if interval and flow.end else None
    alert, http, file = eve.alert or Alert(), eve.http or Http(), eve.fileinfo or File()
    rest = {name: value for name, value in _fields.decode(data).items() if name not in SHOWN}
    total = flow.bytes_toserver + flow.bytes_toclient
    return Event(
        ts=at.us,
        ts_end=end.us if end else None,
        ts_precision=at.precision,
        ts_desc="window_start" if interval else "recorded",
        ts_basis=at.basis,
        ts_raw=text,
        seq=record.seq,
        source_variant=eve.event_type,
        offset=record.offset,
        raw=data,
        category=CATEGORIES.get(eve.event_type, "network"),
        service=eve.app_proto or "suricata",
        action=alert.signature or http.http_method or eve.event_type or "record",
        outcome={"blocked": "denied", "allowed": "success"}.get(alert.action or "", _outcome(http.status)),
        severity=SEVERITIES.get(alert.severity or 0),
        message=_message(eve, alert, http, file),
        session_name=str(eve.flow_id) if eve.flow_id is not None else None,
        src_ip=address(eve.src_ip),
        src_port=_within(eve.src_port, 65535),
        user_agent=http.http_user_agent,
        dst_ip=address(eve.dest_ip),
        dst_port=_within(eve.dest_port, 65535),
        dst_host=http.hostname,
        proto=eve.proto.lower() if eve.proto else None,
        bytes=_within(total) if total else None,
        packets=_within(flow.pkts_toserver + flow.pkts_toclient) or None,
        bytes_out=_within(http.length),
        method=http.http_method,
        url=http.url,
        http_status=_within(http.status, 999),
        referer=http.http_refer,
        host=eve.host,
        interface=eve.in_iface,
        file_path=file.filename,
        file_size=_within(file.size),
        hash_md5=file.md5,
        hash_sha1=file.sha1,
        hash_sha256=file.sha256,
        finding_type=alert.category,
        finding_id=f"{alert.gid or 1}:{alert.signature_id}:{alert.rev or 0}"
        if alert.signature_id is not None
        else None,
        attrs=_joined(rest),
    )


def _joined(fields: dict[str, Raw]) -> bytes | None:
    if not fields:
        return None
    return b"{%b}" % b",".join(b"%b:%b" % (msgspec.json.encode(name), value) for name, value in fields.items())


def _message(eve: Eve, alert: Alert, http: Http, file: File) -> str:
    ends = f"{eve.src_ip}:{eve.src_port or ''} -> {eve.dest_ip}:{eve.dest_port or ''}" if eve.src_ip else ""
    request = f"{http.http_method or ''} {http.hostname or ''}{http.url or ''}".strip()
    said = alert.signature or file.filename or request
    return " ".join(part for part in (eve.event_type or "", ends, said) if part)


def _outcome(status: int | None) -> str | None:
    if status is None:
        return None
    return "denied" if status in {401, 403, 407} else "success" if status < 400 else "failure"


def _within(value: Any, most: int = 1 << 62) -> int | None:
    return value if isinstance(value, int) and 0 <= value <= most else None
