"""Access and connection logs of AWS Application Load Balancers.

An access line is one request: the type of connection (http, https, h2, grpcs, ws, wss), then fields by position, the newer ones
appended at the end; what is behind the known ones is kept. `request_creation_time` is when it arrived and `time` when the answer was
sent: the event lasts from one to the other. -1 in a time means that no target was reached. Connection lines lie in the same bucket:
they begin with the time and say how TLS was agreed on, or why not.

Not read here: lines of Network Load Balancers (they begin with `tls`), which `nlb` reads.

References:
  https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
  https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-connection-logs.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.access_lines import end, fields, host_of, number, outcome, place, request, seconds, status, told
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.source import Line, Source
from hikeshi.events.times import instant

NAME = "alb"
VERSION = "1"

ACCESS = (
    "type", "time", "elb", "client:port", "target:port",
    "request_processing_time", "target_processing_time", "response_processing_time",
    "elb_status_code", "target_status_code", "received_bytes", "sent_bytes", "request", "user_agent",
    "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id",
    "domain_name", "chosen_cert_arn", "matched_rule_priority", "request_creation_time", "actions_executed", "redirect_url",
    "error_reason", "target:port_list", "target_status_code_list", "classification", "classification_reason", "conn_trace_id",
    "transformed_host", "transformed_uri", "request_transform_status",
)  # fmt: skip
"""Fields of an access line in their order. Logs of 2016 end with trace_id."""

CONNECTION = (
    "timestamp", "client_ip", "client_port", "listener_port", "tls_protocol", "tls_cipher", "tls_handshake_latency",
    "leaf_client_cert_subject", "leaf_client_cert_validity", "leaf_client_cert_serial_number", "tls_verify_status",
    "conn_trace_id", "tls_keyexchange",
)  # fmt: skip
"""Fields of a connection line in their order."""

TYPES = frozenset({"http", "https", "h2", "grpc", "grpcs", "ws", "wss"})
"""How the client spoke, the first field of an access line."""

COLUMNS = frozenset(
    {"time", "elb", "client:port", "target:port", "elb_status_code", "received_bytes", "sent_bytes", "request", "user_agent", "request_creation_time"}
    | {"timestamp", "client_ip", "client_port", "listener_port"}
)  # fmt: skip
"""Fields that have a column of the event; the rest goes to attrs."""

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
_HEAD = re.compile(
    rf"""\s*(?:(?:https?|h2|grpcs?|wss?)\ {_TIME}\ (?:app/)?\S+\ \S+\ \S+\ [-\d.]+\ [-\d.]+\ [-\d.]+\ [-\d]+\ [-\d]+\ \d+\ \d+\ "
    |{_TIME}\ [\da-fA-F.:]+\ \d+\ \d+\ \S+\ \S+\ \S+\ "[^"]*"\ \S+\ \S+\ (?:Success|Failed\S*|-)(?:\s|$))""".encode(),
    re.VERBOSE,
)


def recognises(head: bytes) -> bool:
    return _HEAD.match(head) is not None


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every request and every connection."""
    for line in source.lines():
        if not line.data.strip():
            continue
        try:
            parts = fields(line.data)
            yield _connection(parts, line) if parts and parts[0][:1].isdigit() else _request(parts, line)
        except ValueError as error:
            yield source.unreadable(str(error), f"line {line.number:,}")


def _request(parts: list[str], line: Line) -> Event:
    """Raises ValueError where the line is no access line or has no time."""
    if len(parts) < ACCESS.index("ssl_cipher") or parts[0] not in TYPES:
        raise ValueError("this is no access line of an application load balancer")
    get = dict(zip(ACCESS, parts, strict=False)).get
    sent, created = instant(parts[1]), instant(get("request_creation_time", ""))
    at = created or sent
    if at is None:
        raise ValueError(f"the time cannot be read: {parts[1][:40]!r}")
    code, (method, url) = status(parts[8]), request(parts[12])
    src_ip, src_port = end(parts[3])
    dst_ip, dst_port = end(parts[4])
    region, account = place(get("target_group_arn", ""), get("chosen_cert_arn", ""))
    waits = [wait for text in parts[5:8] if (wait := seconds(text)) is not None]
    return Event(
        dedup_key=f"alb:{parts[2]}:{parts[1]}:{parts[3]}:{get('trace_id', '')}",
        ts=at.us,
        ts_end=sent.us if sent and created else None,
        ts_precision="us",
        ts_desc="received" if created else "completed",
        ts_basis=at.basis,
        ts_raw=get("request_creation_time") if created else parts[1],
        seq=line.number,
        source_variant="access",
        offset=line.offset,
        raw=line.data,
        category="web",
        provider="aws",
        service="elasticloadbalancing",
        action=method or "request",
        outcome=outcome(code),
        message=f"{method or '?'} {url or '?'} from {parts[3]}: {code or 'no status'}",
        src_ip=src_ip,
        src_port=src_port,
        dst_ip=dst_ip,
        dst_port=dst_port,
        dst_host=told(get("domain_name", "")) or host_of(url),
        user_agent=told(parts[13]),
        method=method,
        url=url,
        http_status=code,
        bytes=number(parts[10]),
        bytes_out=number(parts[11]),
        duration_ms=round(sum(waits) * 1000, 3) if waits else None,
        resource_type="loadbalancer",
        resource_ids=[parts[2]],
        account=account,
        region=region,
        attrs=_attrs(ACCESS, parts),
    )


def _connection(parts: list[str], line: Line) -> Event:
    """Raises ValueError where the line is no connection line or has no time."""
    at = instant(parts[0])
    if at is None or len(parts) < CONNECTION.index("conn_trace_id"):
        raise ValueError("this is no connection line of a load balancer")
    good = parts[10] == "Success" or (parts[10] == "-" and told(parts[4]) is not None)
    wait = seconds(parts[6])
    return Event(
        dedup_key=f"alb:{parts[0]}:{parts[1]}:{parts[2]}:{parts[3]}",
        ts=at.us,
        ts_precision="us",
        ts_basis=at.basis,
        ts_raw=parts[0],
        seq=line.number,
        source_variant="connection",
        offset=line.offset,
        raw=line.data,
        category="flow",
        provider="aws",
        service="elasticloadbalancing",
        action="connection",
        outcome="success" if good else "failure",
        error_code=None if good else told(parts[10]),
        message=f"connection from {parts[1]}:{parts[2]} to port {parts[3]}, {told(parts[4]) or 'no TLS'}: {parts[10]}",
        src_ip=address(parts[1]),
        src_port=number(parts[2], 65535),
        dst_port=number(parts[3], 65535),
        proto="tcp",
        duration_ms=round(wait * 1000, 3) if wait is not None else None,
        attrs=_attrs(CONNECTION, parts),
    )


def _attrs(names: tuple[str, ...], parts: list[str]) -> bytes | None:
    """The fields without a column, and under `more` those that are newer than this parser."""
    rest: dict[str, Any] = {
        name: part for name, part in zip(names, parts, strict=False) if name not in COLUMNS and part not in ("", "-")
    }
    if len(parts) > len(names):
        rest["more"] = parts[len(names) :]
    return msgspec.json.encode(rest) if rest else None
