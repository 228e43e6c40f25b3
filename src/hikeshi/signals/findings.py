"""Findings for which `hikeshi.events` has a parser already: the event it makes of one, and the parts of a signal that are in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parser import Parser
from hikeshi.events.source import Source
from hikeshi.events.times import utc
from hikeshi.signals import fields
from hikeshi.signals.signal import Kind


def event_of(parser: Parser, finding: Any) -> Event:
    """The one event of a finding. Raises ValueError with the parser's reason where there is none."""
    found = next(parser.events(Source.of(msgspec.json.encode(finding))), None)
    if isinstance(found, Event):
        return found
    raise ValueError(found.message.partition(": ")[2] if isinstance(found, Unreadable) else "there is no finding in it")


def common(event: Event) -> dict[str, Any]:
    """What every finding says in the same columns, as arguments of a signal. Severity is 0 to 100 in events, 0 to 10 in signals."""
    return {
        "score": score_of(event.severity or 0),
        "account": fields.account(event.account),
        "region": fields.name(event.region, 30),
        "instance_id": fields.name(event.instance, 40) or _instance(event),
        "remote_address": remote_of(event),
        "principal": fields.name(event.actor_name),
        "sample": event.sample is True,
        "count": fields.count(event.finding_count),
        "first_seen_at": utc(event.ts),
        "last_seen_at": utc(event.ts_end) if event.ts_end is not None else None,
    }


def _instance(event: Event) -> str:
    """The machine among the resources, where the finding names one and no more."""
    found = {machine for resource in event.resource_ids or () if (machine := fields.instance_of(resource))}
    return found.pop() if len(found) == 1 else ""


def score_of(severity: float) -> float:
    """0 to 10 from 0 to 100. Security Hub writes 1 for all that is low (1 to 39): anything above nothing is at least 2."""
    return fields.number(max(2.0, severity / 10) if severity > 0 else 0)


def remote_of(event: Event) -> str:
    """The other side: of an outbound connection the target, else the caller."""
    here = event.direction in {"outbound", "egress"} or event.dst_host
    return (event.dst_ip if here else event.src_ip) or ""


def named_by(event: Event) -> Iterator[tuple[Kind, Any]]:
    """What the columns name, by which alerts belong together."""
    yield "account", event.account
    yield "instance", event.instance
    yield "address", remote_of(event)
    yield "principal", event.actor_name
    yield "key", event.access_key
    yield "domain", event.dst_host
    yield "host", event.host
    yield "file", event.file_path
    for digest in (event.hash_sha256, event.hash_sha1, event.hash_md5):
        yield "hash", digest
    yield "address", event.src_ip
    yield "address", event.dst_ip
    for resource in event.resource_ids or ():
        yield "resource", resource
