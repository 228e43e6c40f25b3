"""Kubernetes audit logs, of Amazon EKS and of any other cluster: one JSON record for each stage of each request to the API server.

Read are JSON lines, lists of events (`EventList`, as a webhook is sent them) and what EKS delivers through CloudWatch Logs. One
request has one `auditID` and may be written at several stages; each is an event of its own. It lasts from its arrival to its stage.
On EKS `user.extra` holds the AWS identity behind the Kubernetes user.

References:
  https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
  https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
  https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
"""

# Fields are spelled as in the record, so that the typed record reads like the documentation.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_envelopes import Piece, made, messages, opened
from hikeshi.events.json_records import BROKEN, Record
from hikeshi.events.json_shape import first_record
from hikeshi.events.json_typed import reader, rest
from hikeshi.events.source import Source
from hikeshi.events.times import instant

NAME = "kubernetes_audit"
VERSION = "1"

READING = frozenset({"get", "list", "watch"})


class Extra(msgspec.Struct, gc=False):
    arn: list[str] | None = None
    canonicalArn: list[str] | None = None
    sessionName: list[str] | None = None
    accessKeyId: list[str] | None = None


class User(msgspec.Struct, gc=False):
    username: str | None = None
    uid: str | None = None
    groups: list[str] | None = None
    extra: Extra = msgspec.field(default_factory=Extra)


class Target(msgspec.Struct, gc=False):
    resource: str | None = None
    subresource: str | None = None
    namespace: str | None = None
    name: str | None = None


class Status(msgspec.Struct, gc=False):
    code: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None
    reason: str | None = None
    message: str | None = None


class Call(msgspec.Struct, gc=False):
    """One request at one stage."""

    verb: str
    auditID: str | None = None
    stage: str | None = None
    requestURI: str | None = None
    user: User = msgspec.field(default_factory=User)
    impersonatedUser: User | None = None
    sourceIPs: list[str] | None = None
    userAgent: str | None = None
    objectRef: Target | None = None
    responseStatus: Status | None = None
    requestReceivedTimestamp: str | None = None
    stageTimestamp: str | None = None


class EventList(msgspec.Struct):
    items: list[msgspec.Raw]
    kind: str


COLUMNS = frozenset({"kind", "requestReceivedTimestamp", "stageTimestamp", "userAgent", "verb"})
"""Fields wholly held by columns; the others are kept in attrs too."""

_read = reader(Call)
_list = msgspec.json.Decoder(EventList)


def recognises(head: bytes) -> bool:
    found = first_record(head)
    if not found.get("apiVersion", "audit.k8s.io/").startswith("audit.k8s.io/"):
        return False
    return {"auditID", "verb"} <= found.keys() or (found.get("kind") == "EventList" and b'"auditID"' in head)


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every stage of every request, with the time the request came."""
    yield from made(source, opened(messages(source), _items), _event)


def _items(data: bytes, _variant: str) -> list[Piece]:
    if b'"EventList"' not in data:
        return []
    try:
        found = _list.decode(data)
    except BROKEN:
        return []
    return [(bytes(item), "list") for item in found.items] if found.kind == "EventList" else []


def _event(record: Record) -> Event:
    """Raises one of BROKEN where the record has no time or is none of this log."""
    data = bytes(record.data)
    call = _read(data)
    came, then = (instant(text or "") for text in (call.requestReceivedTimestamp, call.stageTimestamp))
    at = came or then
    if at is None:
        raise ValueError("the record has no time that can be read")
    target, status, extra = call.objectRef or Target(), call.responseStatus or Status(), call.user.extra
    kind = "/".join(part for part in (target.resource, target.subresource) if part) or None
    who = call.user.username
    played = f" as {call.impersonatedUser.username}" if call.impersonatedUser else ""
    addresses = [one for text in call.sourceIPs or [] if (one := address(text))]
    whole = "/".join(part for part in (target.namespace, target.resource, target.name, target.subresource) if part)
    return Event(
        dedup_key=f"kubernetes_audit:{call.auditID}:{call.stage}" if call.auditID else None,
        ts=at.us,
        ts_end=then.us if came and then else None,
        ts_precision=at.precision,
        ts_desc="received" if came else "recorded",
        ts_basis=at.basis,
        ts_raw=call.requestReceivedTimestamp if came else call.stageTimestamp,
        seq=record.seq,
        source_variant=record.variant,
        offset=record.offset,
        raw=data,
        category="api",
        provider="aws" if extra.arn else "kubernetes",
        service="kubernetes",
        action=call.verb,
        outcome=_outcome(status.code),
        error_code=status.reason,
        error_message=status.message,
        read_only=call.verb in READING,
        message=f"{who or 'somebody'}{played} {call.verb} {whole or call.requestURI or ''} from {', '.join(addresses) or 'nowhere known'}"
        + (f": {status.code}" if status.code else ""),
        actor_type=_kind(who),
        actor_id=_first(extra.arn) or call.user.uid,
        actor_name=who,
        session_name=_first(extra.sessionName),
        session_issuer=_first(extra.canonicalArn),
        access_key=_first(extra.accessKeyId),
        src_ip=addresses[0] if addresses else None,
        user_agent=call.userAgent,
        url=call.requestURI,
        http_status=status.code,
        resource_type=kind,
        resource_ids=[whole] if whole else None,
        attrs=rest(data, COLUMNS),
    )


def _outcome(code: int | None) -> str:
    if not code:
        return "unknown"
    return "denied" if code in (401, 403) else "failure" if code >= 400 else "success"


def _kind(who: str | None) -> str | None:
    if who is None:
        return None
    if who.startswith("system:serviceaccount:"):
        return "ServiceAccount"
    if who.startswith("system:node:"):
        return "Node"
    return "Anonymous" if who == "system:anonymous" else "System" if who.startswith(("system:", "eks:")) else "User"


def _first(values: list[str] | None) -> str | None:
    return values[0] if values else None
