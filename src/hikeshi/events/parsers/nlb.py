"""Access logs of AWS Network Load Balancers: one line for each TLS connection.

Only listeners with TLS write them. A line begins with `tls` and the version of its layout; newer fields are appended at the end. The
times have no zone and are UTC, says the documentation. The event lasts from the start of the connection to its end.

References:
  https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.access_lines import end, fields, number, place, told
from hikeshi.events.event import Event
from hikeshi.events.source import Line, Source
from hikeshi.events.times import instant

NAME = "nlb"
VERSION = "1"

FIELDS = (
    "type", "version", "time", "elb", "listener", "client:port", "destination:port", "connection_time", "tls_handshake_time",
    "received_bytes", "sent_bytes", "incoming_tls_alert", "chosen_cert_arn", "chosen_cert_serial", "tls_cipher",
    "tls_protocol_version", "tls_named_group", "domain_name", "alpn_fe_protocol", "alpn_be_protocol",
    "alpn_client_preference_list", "tls_connection_creation_time",
)  # fmt: skip
"""Fields in their order; version 1.0 ends with domain_name."""

COLUMNS = frozenset(
    {"time", "client:port", "destination:port", "received_bytes", "sent_bytes", "connection_time", "domain_name", "tls_connection_creation_time"}
)  # fmt: skip

_HEAD = re.compile(rb"\s*tls \d\.\d \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ? net/\S+ \S+ \S+ \S+ ")


def recognises(head: bytes) -> bool:
    return _HEAD.match(head) is not None


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every connection, with the time it was made."""
    for line in source.lines():
        if not line.data.strip():
            continue
        try:
            yield _event(fields(line.data), line)
        except ValueError as error:
            yield source.unreadable(str(error), f"line {line.number:,}")


def _event(parts: list[str], line: Line) -> Event:
    """Raises ValueError where the line is none of this log or has no time."""
    if len(parts) < FIELDS.index("tls_named_group") or parts[0] != "tls":
        raise ValueError("this is no TLS line of a network load balancer")
    row = {name: part for name, part in zip(FIELDS, parts, strict=False) if told(part)}
    ended, began = instant(parts[2]), instant(row.get("tls_connection_creation_time", ""))
    at = began or ended
    if at is None:
        raise ValueError(f"the time cannot be read: {parts[2][:40]!r}")
    src_ip, src_port = end(parts[5])
    dst_ip, dst_port = end(parts[6])
    region, account = place(row.get("chosen_cert_arn", ""))
    alert, agreed = row.get("incoming_tls_alert"), "tls_cipher" in row
    lasted = number(parts[7])
    rest = {name: part for name, part in row.items() if name not in COLUMNS}
    return Event(
        dedup_key=f"nlb:{parts[3]}:{parts[4]}:{parts[2]}:{parts[5]}:{row.get('tls_connection_creation_time', '')}",
        ts=at.us,
        ts_end=ended.us if ended and began else None,
        ts_precision="s",
        ts_desc="connected" if began else "disconnected",
        ts_basis="utc",
        ts_raw=row.get("tls_connection_creation_time") if began else parts[2],
        seq=line.number,
        source_variant=f"tls {parts[1]}",
        offset=line.offset,
        raw=line.data,
        category="flow",
        provider="aws",
        service="elasticloadbalancing",
        action="connection",
        outcome="success" if agreed else "failure",
        error_code=alert,
        message=f"TLS connection from {parts[5]} to {row.get('domain_name') or parts[6]}"
        + ("" if agreed else ": no cipher was agreed on"),
        src_ip=src_ip,
        src_port=src_port,
        dst_ip=dst_ip,
        dst_port=dst_port,
        dst_host=row.get("domain_name"),
        proto="tcp",
        bytes=number(parts[9]),
        bytes_out=number(parts[10]),
        duration_ms=float(lasted) if lasted is not None else None,
        resource_type="loadbalancer",
        resource_ids=[parts[3]],
        account=account,
        region=region,
        attrs=msgspec.json.encode(rest),
    )
