"""AWS CloudTrail: every call to the control plane, and data events where a trail asks for them.

Read are the objects CloudTrail delivers to S3 (`{"Records": [...]}`), arrays, single records, JSON lines, answers of LookupEvents
(the record is text inside `CloudTrailEvent`), EventBridge envelopes (the record is `detail`) and copies by log shippers that have
`@timestamp` in the place of `eventTime`. Digest files are recognised, noted and hold no events.

`eventTime` is when the call was completed, in whole seconds; the order inside a second is unknown. One event delivered by two trails
has one `eventID`; a call across accounts is two events that share `sharedEventID`, which is kept in `attrs`.

References:
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
  https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

# Fields are spelled as in the record, so that the typed record reads like the documentation.
# ruff: noqa: N815

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN, Record, records
from hikeshi.events.json_shape import first_record
from hikeshi.events.source import Source
from hikeshi.events.times import instant

NAME = "cloudtrail"
VERSION = "1"

DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized|Forbidden|^Client\.Auth|ExplicitDeny")
"""What services call the same thing: the caller was not allowed to."""


class SessionIssuer(msgspec.Struct, gc=False):
    type: str | None = None
    arn: str | None = None
    userName: str | None = None


class SessionAttributes(msgspec.Struct, gc=False):
    mfaAuthenticated: str | bool | None = None


class SessionContext(msgspec.Struct, gc=False):
    sessionIssuer: SessionIssuer | None = None
    attributes: SessionAttributes | None = None


class Identity(msgspec.Struct, gc=False):
    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None
    accessKeyId: str | None = None
    userName: str | None = None
    invokedBy: str | None = None
    sessionContext: SessionContext | None = None


class Resource(msgspec.Struct, gc=False):
    ARN: str | None = None
    type: str | None = None


class Call(msgspec.Struct, gc=False):
    """One record. What has no column is kept as the bytes it was, and goes to `attrs`."""

    eventTime: str | None = None
    eventSource: str | None = None
    eventName: str | None = None
    eventID: str | None = None
    userIdentity: Identity | None = None
    awsRegion: str | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    readOnly: bool | str | None = None
    recipientAccountId: str | None = None
    resources: list[Resource] | None = None
    timestamp: str | None = msgspec.field(name="@timestamp", default=None)
    detail: Raw | UnsetType = UNSET
    CloudTrailEvent: str | UnsetType = UNSET
    requestParameters: Raw | UnsetType = UNSET
    responseElements: Raw | UnsetType = UNSET
    additionalEventData: Raw | UnsetType = UNSET
    serviceEventDetails: Raw | UnsetType = UNSET
    tlsDetails: Raw | UnsetType = UNSET
    eventContext: Raw | UnsetType = UNSET
    insightDetails: Raw | UnsetType = UNSET
    sharedEventID: Raw | UnsetType = UNSET
    vpcEndpointId: Raw | UnsetType = UNSET
    eventType: Raw | UnsetType = UNSET


class Insight(msgspec.Struct):
    """What CloudTrail Insights says: an unusual rate of this call."""

    insightType: str | None = None
    eventSource: str | None = None
    eventName: str | None = None


VARIANTS = {"wrapped": "s3"}
"""Records in a list are what S3 delivery writes; the other shapes keep their name."""


_WORDS = re.compile(rb'"(CloudTrailEvent|eventSource|eventName)"\s*:')
_call = msgspec.json.Decoder(Call)
_insight = msgspec.json.Decoder(Insight)
_fields = msgspec.json.Decoder(dict[str, Raw])


def recognises(head: bytes) -> bool:
    """By the record's own keys: other logs quote calls. Where the head is no JSON, such as JSON inside a page, by its words."""
    found = first_record(head)
    if not found:
        words = set(_WORDS.findall(head))
        return b"CloudTrailEvent" in words or words.issuperset((b"eventSource", b"eventName"))
    if "eventName" in found and found.keys() & {"eventSource", "eventVersion", "userIdentity"}:
        return not found.get("eventSource", "").startswith("aws:")  # what S3 and queues tell their subscribers
    if found.keys() & {"CloudTrailEvent", "digestS3Object", "insightDetails"}:
        return True
    if "detail-type" in found:
        return found["detail-type"].endswith("via CloudTrail")
    return found.keys() == {"Records"}  # an hour without calls


def is_digest(source: Source) -> bool:
    """Whether the source is a digest file, which the source then says in its note."""
    found = b'"digestS3Object"' in source.head and b'"eventName"' not in source.head
    if found:
        source.note = "CloudTrail digest file: it proves log files and holds no events"
    return found


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every call, with the time it was completed. A digest file gives a note and no events."""
    if not is_digest(source):
        yield from of_records(records(source), source)


def of_records(found: Iterable[Record | Unreadable], source: Source) -> Iterator[Event | Unreadable]:
    """The events of some records of the source."""
    for record in found:
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            yield _event(*_unwrapped(record), record)
        except BROKEN as error:
            yield source.unreadable(str(error), f"record {record.seq:,}")


def _unwrapped(record: Record) -> tuple[Call, bytes, str]:
    """The typed record, its bytes, and the name of the shape it came in."""
    data = bytes(record.data)
    call = _decoded(data)
    if call.eventName is None and isinstance(call.CloudTrailEvent, str):
        data = call.CloudTrailEvent.encode()
        return _decoded(data), data, "lookup"
    if call.eventName is None and isinstance(call.detail, Raw):
        data = bytes(call.detail)
        return _decoded(data), data, "eventbridge"
    return call, data, VARIANTS.get(record.variant, record.variant)


def _decoded(data: bytes) -> Call:
    """The typed record. A field of another type than documented is left out of it, and stays in the raw record."""
    try:
        return _call.decode(data)
    except msgspec.ValidationError:
        call = Call()
        for name, value in _fields.decode(data).items():
            _set(call, name, value)
        return call


def _set(call: Call, name: str, value: Raw) -> None:
    try:
        part = _call.decode(b'{"%b":%b}' % (name.encode(), value))
    except msgspec.ValidationError:
        return
    field = "timestamp" if name == "@timestamp" else name
    if field in Call.__struct_fields__:
        setattr(call, field, getattr(part, field))


def _take_insight(call: Call, details: Raw) -> None:
    """An Insight event has the call it is about in its details. It is no call itself, so its own kind is its name: ApiCallRateInsight."""
    about = _insight.decode(details)
    call.eventName, call.eventSource = about.insightType, call.eventSource or about.eventSource
    if call.sourceIPAddress is None:
        call.sourceIPAddress = "cloudtrail.amazonaws.com"


def _event(call: Call, data: bytes, variant: str, record: Record) -> Event:
    """Raises ValueError where the record has no name or no time: then it cannot stand in a timeline."""
    text = call.eventTime or call.timestamp
    at = instant(text) if text else None
    if at is None or text is None:
        raise ValueError(f"eventTime cannot be read: {text!r}" if text else "the record has no eventTime")
    if call.eventName is None and isinstance(call.insightDetails, Raw):
        _take_insight(call, call.insightDetails)
    if call.eventName is None:
        raise ValueError("the record has no eventName: this is no CloudTrail record")
    caller = who(call.userIdentity)
    src_ip = address(call.sourceIPAddress)
    service, outcome = service_of(call.eventSource), outcome_of(call.errorCode)
    source_ip = call.sourceIPAddress
    return Event(
        dedup_key=_key(call, caller),
        ts=at.us,
        ts_precision=at.precision,
        ts_desc="completed",
        ts_basis=at.basis,
        ts_raw=text,
        seq=record.seq,
        source_variant=variant,
        offset=record.offset,
        raw=data,
        category="login" if call.eventName in LOGINS else "api",
        provider="aws",
        service=service,
        action=call.eventName,
        outcome=_login_outcome(call, outcome) if call.eventName in LOGINS else outcome,
        error_code=call.errorCode,
        error_message=call.errorMessage,
        read_only=true(call.readOnly),
        message=f"{caller.actor_name or 'somebody'} called {service}:{call.eventName} from {source_ip or 'nowhere known'}"
        + (f": {call.errorCode}" if call.errorCode else ""),
        actor_type=caller.actor_type,
        actor_id=caller.actor_id,
        actor_name=caller.actor_name,
        actor_account=caller.actor_account,
        session_name=caller.session_name,
        session_issuer=caller.session_issuer,
        access_key=caller.access_key,
        mfa=caller.mfa,
        invoked_by=caller.invoked_by,
        src_ip=src_ip,
        src_service=source_ip if src_ip is None else None,
        user_agent=call.userAgent,
        resource_type=call.resources[0].type if call.resources else None,
        resource_ids=[resource.ARN for resource in call.resources if resource.ARN] if call.resources else None,
        account=call.recipientAccountId or caller.actor_account,
        region=call.awsRegion,
        attrs=_attrs(call),
    )


class Who(NamedTuple):
    """What the columns say about the caller."""

    actor_type: str | None
    actor_id: str | None
    actor_name: str | None
    actor_account: str | None
    session_name: str | None
    session_issuer: str | None
    access_key: str | None
    mfa: bool | None
    invoked_by: str | None


def who(given: Identity | None) -> Who:
    """The caller of a call."""
    identity = given or NOBODY
    session = identity.sessionContext or NO_SESSION
    issuer = session.sessionIssuer or NO_ISSUER
    last = _last(identity.arn)
    root = identity.type if identity.type == "Root" else None
    return Who(
        actor_type=identity.type,
        actor_id=identity.arn or identity.principalId,
        actor_name=identity.userName or issuer.userName or last or identity.invokedBy or root,
        actor_account=identity.accountId,
        session_name=last if identity.type == "AssumedRole" else None,
        session_issuer=issuer.arn,
        access_key=identity.accessKeyId or None,
        mfa=true(session.attributes.mfaAuthenticated) if session.attributes else None,
        invoked_by=identity.invokedBy,
    )


def service_of(source: str | None) -> str | None:
    """s3 for s3.amazonaws.com."""
    return (source or "").removesuffix(".amazonaws.com") or None


def outcome_of(code: str | None) -> str:
    """What an error code, or its absence, says about the call."""
    return "success" if code is None else "denied" if DENIED.search(code) else "failure"


NOBODY, NO_SESSION, NO_ISSUER = Identity(), SessionContext(), SessionIssuer()
LOGINS = frozenset({"ConsoleLogin", "SwitchRole"})
"""Calls of the sign-in service; whether they worked stands in the answer, not in errorCode."""


def _login_outcome(call: Call, outcome: str) -> str:
    answer = b"" if call.responseElements is UNSET else bytes(call.responseElements)
    return "failure" if b'"Failure"' in answer and outcome == "success" else outcome


def _last(arn: str | None) -> str | None:
    """The name at the end of an ARN: arn:aws:iam::111122223333:user/path/alice is alice."""
    return arn.rpartition("/")[2].rpartition(":")[2] or None if arn else None


def true(value: str | bool | None) -> bool | None:
    """CloudTrail writes truth as a boolean or as text, in any case."""
    return value.lower() == "true" if isinstance(value, str) else value


def _key(call: Call, caller: Who) -> str | None:
    return (
        f"cloudtrail:{call.eventID}:{call.recipientAccountId or caller.actor_account or ''}" if call.eventID else None
    )


def key_of(record: str) -> str | None:
    """The `dedup_key` of a record, as `attrs_of`."""
    try:
        call = _decoded(record.encode())
    except BROKEN:
        return None
    return _key(call, who(call.userIdentity))


def attrs_of(record: str) -> str | None:
    """What goes to `attrs` of a record, by itself: for stores that keep only the record (stores/derived.py)."""
    try:
        found = _attrs(_decoded(record.encode()))
    except BROKEN:
        return None
    return found.decode() if found else None


def _attrs(call: Call) -> bytes | None:
    """The fields that have no column, as the bytes they were."""
    values = _rest(call)
    parts: list[bytes | Raw] = []
    for key, value in zip(_KEYS, values, strict=True):
        if value is not UNSET:
            parts += (key, value)
    if not parts:
        return None
    return b"{%b}" % b"".join(parts)[1:]


_REST = Call.__struct_fields__[Call.__struct_fields__.index("requestParameters") :]
_KEYS = tuple(f',"{name}":'.encode() for name in _REST)
_rest = attrgetter(*_REST)
