"""Amazon Route 53 Resolver query logs: one JSON record for each name that a machine in a VPC asked for.

Delivered to S3 and by Firehose as JSON lines, and through CloudWatch Logs. Names answered out of the resolver's cache are not logged
again while they are valid. Where DNS Firewall had a rule for the name, `firewall_rule_action` says what it did.

Logs of public hosted zones (who asked for one's own names) are divided by spaces and are another log.

References:
  https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
  https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-example-json.html
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.access_lines import number
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_envelopes import made, messages
from hikeshi.events.json_records import Record
from hikeshi.events.json_shape import first_record
from hikeshi.events.json_typed import reader, rest
from hikeshi.events.source import Source
from hikeshi.events.times import instant

NAME = "resolver"
VERSION = "1"


class Asker(msgspec.Struct, gc=False):
    instance: str | None = None
    resolver_endpoint: str | None = None
    resolver_network_interface: str | None = None


class Query(msgspec.Struct, gc=False):
    """One name that was asked for."""

    query_timestamp: str
    query_name: str
    query_type: str | None = None
    rcode: str | None = None
    account_id: str | None = None
    region: str | None = None
    vpc_id: str | None = None
    srcaddr: str | None = None
    srcport: str | int | None = None
    transport: str | None = None
    srcids: Asker = msgspec.field(default_factory=Asker)
    firewall_rule_action: str | None = None


COLUMNS = frozenset(
    {"query_timestamp", "query_name", "account_id", "region", "vpc_id", "srcaddr", "srcport", "transport"}
)
"""Fields wholly held by columns; the others go to attrs."""

_read = reader(Query)


def recognises(head: bytes) -> bool:
    return {"query_name", "query_timestamp"} <= first_record(head).keys()


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every query, with the time it was asked."""
    yield from made(source, messages(source), _event)


def _event(record: Record) -> Event:
    """Raises one of BROKEN where the record has no time or is none of this log."""
    data = bytes(record.data)
    query = _read(data)
    at = instant(query.query_timestamp)
    if at is None:
        raise ValueError(f"query_timestamp cannot be read: {query.query_timestamp[:40]!r}")
    who = query.srcids
    name = query.query_name.removesuffix(".") or "."
    return Event(
        dedup_key=f"resolver:{query.vpc_id}:{query.query_timestamp}:{query.srcaddr}:{query.srcport}:{name}:{query.query_type}"
        if query.srcport is not None
        else None,
        ts=at.us,
        ts_precision=at.precision,
        ts_basis=at.basis,
        ts_raw=query.query_timestamp,
        seq=record.seq,
        source_variant=record.variant,
        offset=record.offset,
        raw=data,
        category="dns",
        provider="aws",
        service="route53resolver",
        action="query",
        outcome=_outcome(query),
        error_code=query.rcode if query.rcode != "NOERROR" else None,
        message=f"{who.instance or query.srcaddr or 'somebody'} asked for {name} {query.query_type or ''}: {query.rcode or '?'}"
        + (f", firewall: {query.firewall_rule_action}" if query.firewall_rule_action else ""),
        src_ip=address(query.srcaddr),
        src_port=number(str(query.srcport), 65535),
        dst_host=name,
        proto=query.transport.lower() if query.transport else None,
        account=query.account_id,
        region=query.region,
        vpc=query.vpc_id,
        instance=who.instance,
        interface=who.resolver_network_interface,
        attrs=rest(data, COLUMNS),
    )


def _outcome(query: Query) -> str:
    if query.firewall_rule_action == "BLOCK":
        return "denied"
    return "unknown" if query.rcode is None else "success" if query.rcode == "NOERROR" else "failure"
