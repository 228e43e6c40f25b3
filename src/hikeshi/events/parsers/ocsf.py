"""OCSF (Open Cybersecurity Schema Framework) events as JSON or Parquet, as Amazon Security Lake and others write them, versions
1.0 to 1.5.

The class of an event says which fields there are; those that have a column of ours are mapped back to it, and everything is kept in
`attrs`. `time` is in milliseconds, UTC. Of a finding, the time is when it was first seen and the end when it was last seen; of a
connection, its start and its end. A copy of a CloudTrail event says less than the event: it stays an event of its own.

Security Lake itself delivers Parquet: each row is read as the JSON text it stands for, and `raw` is that text.

References:
  https://schema.ocsf.io/
  https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.access_lines import outcome, place
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_envelopes import made, messages
from hikeshi.events.json_records import Record
from hikeshi.events.json_shape import first_record
from hikeshi.events.json_typed import moment, reader, rest
from hikeshi.events.parsers.cloudtrail import outcome_of, service_of
from hikeshi.events.parsers.securityhub import named
from hikeshi.events.source import Source
from hikeshi.events.times import Instant

NAME = "ocsf"
VERSION = "1"

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
Moment = int | float | str | None

CATEGORIES = {2: "finding", 3: "api", 4: "flow", 6: "api"}
CLASSES = {3002: "login", 4002: "web", 4003: "dns"}
"""Category of an event by its class, else by the class's category."""

SERVICES = {
    "Amazon EKS": "kubernetes",
    "Amazon VPC": "vpc",
    "AWS WAF": "waf",
    "Route 53": "route53resolver",
    "Security Hub": "securityhub",
}
"""Products by the name their own logs' events have here."""

SEVERITIES = {1: 0.0, 2: 1.0, 3: 40.0, 4: 70.0, 5: 90.0, 6: 100.0}
"""severity_id of a finding on our scale, with the steps that Security Hub takes."""

PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


class Named(msgspec.Struct, gc=False):
    """Whatever has a name or an id."""

    uid: str | None = None
    name: str | None = None
    type: str | None = None


class User(msgspec.Struct, gc=False):
    uid: str | None = None
    uid_alt: str | None = None
    name: str | None = None
    type: str | None = None
    credential_uid: str | None = None
    account: Named | None = None


class Session(msgspec.Struct, gc=False):
    issuer: str | None = None
    uid: str | None = None
    is_mfa: bool | None = None
    credential_uid: str | None = None


class File(msgspec.Struct, gc=False):
    path: str | None = None


class Process(msgspec.Struct, gc=False):
    name: str | None = None
    pid: Count | None = None
    cmd_line: str | None = None
    file: File | None = None


class Actor(msgspec.Struct, gc=False):
    user: User = msgspec.field(default_factory=User)
    session: Session = msgspec.field(default_factory=Session)
    process: Process | None = None
    invoked_by: str | None = None


class Answer(msgspec.Struct, gc=False):
    code: int | None = None
    error: str | None = None
    error_message: str | None = None


class Api(msgspec.Struct, gc=False):
    operation: str | None = None
    service: Named | None = None
    response: Answer | None = None


class Place(msgspec.Struct, gc=False):
    account: Named | None = None
    provider: str | None = None
    region: str | None = None
    zone: str | None = None


class End(msgspec.Struct, gc=False):
    ip: str | None = None
    port: Port | None = None
    hostname: str | None = None
    domain: str | None = None
    svc_name: str | None = None
    vpc_uid: str | None = None
    subnet_uid: str | None = None
    instance_uid: str | None = None
    interface_uid: str | None = None


class Link(msgspec.Struct, gc=False):
    direction: str | None = None
    protocol_name: str | None = None
    protocol_num: Count | None = None
    tcp_flags: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None


class Traffic(msgspec.Struct, gc=False):
    bytes: Count | None = None
    packets: Count | None = None


class Url(msgspec.Struct, gc=False):
    url_string: str | None = None
    scheme: str | None = None
    hostname: str | None = None
    path: str | None = None
    query_string: str | None = None


class Request(msgspec.Struct, gc=False):
    http_method: str | None = None
    url: Url | None = None
    user_agent: str | None = None
    referrer: str | None = None
    args: str | None = None


class Asked(msgspec.Struct, gc=False):
    hostname: str | None = None
    type: str | None = None


class FindingInfo(msgspec.Struct, gc=False):
    uid: str | None = None
    title: str | None = None
    types: list[str] | None = None
    first_seen_time: Moment = None
    first_seen_time_dt: str | None = None
    last_seen_time: Moment = None
    last_seen_time_dt: str | None = None
    created_time_dt: str | None = None


class Clue(msgspec.Struct, gc=False):
    api: Api | None = None
    src_endpoint: End | None = None
    dst_endpoint: End | None = None


class Product(msgspec.Struct, gc=False):
    name: str | None = None


class Metadata(msgspec.Struct, gc=False):
    uid: str | None = None
    version: str | None = None
    product: Product = msgspec.field(default_factory=Product)


class Happened(msgspec.Struct, kw_only=True, gc=False):
    """One event: the fields of any class that have a column."""

    class_uid: int
    metadata: Metadata
    class_name: str | None = None
    activity_name: str | None = None
    time: Moment = None
    time_dt: str | None = None
    start_time: Moment = None
    start_time_dt: str | None = None
    end_time: Moment = None
    end_time_dt: str | None = None
    severity_id: int | None = None
    status: str | None = None
    status_id: int | None = None
    status_code: str | None = None
    status_detail: str | None = None
    action_id: int | None = None
    disposition: str | None = None
    message: str | None = None
    count: Count | None = None
    rcode: str | None = None
    http_status: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None
    is_mfa: bool | None = None
    actor: Actor = msgspec.field(default_factory=Actor)
    user: User | None = None
    api: Api = msgspec.field(default_factory=Api)
    cloud: Place = msgspec.field(default_factory=Place)
    src_endpoint: End = msgspec.field(default_factory=End)
    dst_endpoint: End = msgspec.field(default_factory=End)
    connection_info: Link = msgspec.field(default_factory=Link)
    traffic: Traffic = msgspec.field(default_factory=Traffic)
    http_request: Request = msgspec.field(default_factory=Request)
    query: Asked = msgspec.field(default_factory=Asked)
    finding_info: FindingInfo | None = None
    finding: FindingInfo | None = None
    evidences: list[Clue] | None = None
    resource: Named | None = None
    resources: list[Named] | None = None
    process: Process | None = None
    device: End | None = None
    unmapped: dict[str, Any] | None = None


COLUMNS = frozenset({"time", "time_dt", "class_uid", "observables"})
"""Fields wholly held by columns, and what only repeats others; the rest is kept in attrs."""

_read = reader(Happened)


def recognises(head: bytes) -> bool:
    found = first_record(head).keys()
    return {"class_uid", "metadata"} <= found and bool(found & {"type_uid", "category_uid", "activity_id"})


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every event."""
    yield from made(source, messages(source), _event)


def _event(record: Record) -> Event:
    """Raises one of BROKEN where the record has no time or is none of this schema."""
    data = bytes(record.data)
    it = _read(data)
    begin, end, said = _when(it)
    clue = next(iter(it.evidences or []), Clue())
    api, src, dst = clue.api or it.api, clue.src_endpoint or it.src_endpoint, clue.dst_endpoint or it.dst_endpoint
    info = it.finding_info or it.finding
    category = CLASSES.get(it.class_uid) or CATEGORIES.get(it.class_uid // 1000) or "event"
    user, session = it.actor.user if it.actor.user != User() else it.user or User(), it.actor.session
    process, action = it.process or it.actor.process or Process(), _action(it, api, category)
    product = it.metadata.product.name or "ocsf"
    who = user.name or (_last(session.issuer) if user.type == "AssumedRole" else None) or _last(user.uid)
    machine = src.instance_uid or dst.instance_uid
    where = address(src.ip) or told(src.svc_name) or told(src.domain) or told(src.hostname)
    return Event(
        dedup_key=f"ocsf:{product}:{it.class_uid}:{it.metadata.uid}" if it.metadata.uid else None,
        ts=begin.us,
        ts_end=end.us if end else None,
        ts_precision=begin.precision,
        ts_desc=said,
        ts_basis=begin.basis,
        ts_raw=str(it.time if it.time is not None else it.time_dt),
        seq=record.seq,
        source_variant=f"{it.metadata.version or '?'} {it.class_name or it.class_uid}",
        offset=record.offset,
        raw=data,
        category=category,
        provider=it.cloud.provider.lower() if it.cloud.provider else None,
        service=service_of(api.service.name)
        if api.service and category != "finding"
        else SERVICES.get(product, product.lower()),
        action=action,
        outcome=_outcome(it, api, category),
        severity=SEVERITIES.get(it.severity_id or 0) if category == "finding" else None,
        sample=_sample(it.unmapped or {}),
        error_code=api.response.error if api.response else _rcode(it.rcode),
        error_message=api.response.error_message if api.response else None,
        message=f"{product}: {info.title if info and info.title else _said(it, who, action, where)}",
        actor_type=user.type,
        actor_id=user.uid or user.uid_alt,
        actor_name=who,
        actor_account=user.account.uid if user.account else None,
        session_name=_last(user.uid) if user.type == "AssumedRole" else None,
        session_issuer=session.issuer,
        access_key=user.credential_uid or session.credential_uid,
        mfa=it.is_mfa if it.is_mfa is not None else session.is_mfa,
        invoked_by=it.actor.invoked_by,
        src_ip=address(src.ip),
        src_port=src.port,
        src_host=told(src.hostname),
        src_service=None if address(src.ip) else told(src.svc_name) or told(src.domain),
        user_agent=it.http_request.user_agent,
        dst_ip=address(dst.ip),
        dst_port=dst.port,
        dst_host=_asked(it) or told(dst.hostname) or told((it.http_request.url or Url()).hostname),
        proto=_proto(it.connection_info),
        direction={"inbound": "ingress", "outbound": "egress"}.get((it.connection_info.direction or "").lower()),
        bytes=it.traffic.bytes,
        packets=it.traffic.packets,
        tcp_flags=it.connection_info.tcp_flags,
        flow_action=action if it.class_uid == 4001 and action in ("ACCEPT", "REJECT") else None,
        flow_status=it.status_code if it.class_uid == 4001 else None,
        method=it.http_request.http_method,
        url=_url(it.http_request),
        http_status=it.http_status if it.http_status is not None else _status(api, category),
        referer=it.http_request.referrer,
        resource_type=(it.resources or [it.resource or Named()])[0].type,
        resource_ids=[one for each in it.resources or [it.resource or Named()] if (one := each.uid or each.name)]
        or None,
        host=it.device.hostname if it.device else None,
        process=process.name or (process.file.path if process.file else None),
        pid=process.pid,
        cmdline=process.cmd_line,
        account=_account(it, user),
        region=it.cloud.region,
        zone=it.cloud.zone,
        vpc=src.vpc_uid or dst.vpc_uid,
        subnet=src.subnet_uid or dst.subnet_uid,
        instance=told(machine),
        interface=src.interface_uid or dst.interface_uid,
        finding_id=named(product, info.uid or "", None)[0] or None if info else None,
        finding_type=action if info and info.types else None,
        finding_count=it.count if category == "finding" else None,
        attrs=rest(data, COLUMNS),
    )


def told(text: str | None) -> str | None:
    """The text, or None where it says nothing."""
    return None if text in (None, "", "-") else text


def _when(it: Happened) -> tuple[Instant, Instant | None, str]:
    """Begin, end, and what the begin is. Raises ValueError where no time can be read."""
    info = it.finding_info or it.finding
    if info is not None:
        first = moment(info.first_seen_time) or moment(info.first_seen_time_dt)
        if first is not None:
            return first, moment(info.last_seen_time) or moment(info.last_seen_time_dt), "first_seen"
    at = moment(it.time) or moment(it.time_dt)
    start, end = moment(it.start_time) or moment(it.start_time_dt), moment(it.end_time) or moment(it.end_time_dt)
    if it.class_uid == 4001 and (begin := start or at):
        return begin, end, "window_start" if end else "occurred"
    if at is None:
        raise ValueError("the event has no time that can be read")
    return at, end, "occurred"


def _action(it: Happened, api: Api, category: str) -> str:
    info = it.finding_info or it.finding
    if category == "finding" and info is not None:
        kind = named(it.metadata.product.name or "", "", next(iter(info.types or []), None))[1]
        return kind or info.title or "finding"
    if it.class_uid == 4001 and it.action_id in (1, 2):
        return "ACCEPT" if it.action_id == 1 else "REJECT"
    if category == "dns":
        return "query"
    return (
        api.operation
        or (told(it.disposition) if category == "web" else None)
        or it.activity_name
        or it.class_name
        or str(it.class_uid)
    )


def _outcome(it: Happened, api: Api, category: str) -> str:
    """What became of it: blocked by a control, refused or failed by the service, or done."""
    if it.action_id == 2 or (it.disposition or "").lower() in ("blocked", "denied", "dropped"):
        return "denied"
    if category == "finding":
        return "unknown"
    if api.response and api.response.error:
        return outcome_of(api.response.error)
    if it.status_id in (1, 2) or it.status in ("Success", "Failure"):
        return "success" if it.status_id == 1 or it.status == "Success" else "failure"
    if it.rcode is not None:
        return "failure" if _rcode(it.rcode) else "success"
    code = it.http_status or _status(api, category)
    return outcome(code) if code else "success" if it.action_id == 1 else "unknown"


def _said(it: Happened, who: str | None, action: str, where: str | None) -> str:
    name = _asked(it) or _url(it.http_request)
    return f"{who + ' ' if who else ''}{action}{' ' + name if name else ''} from {where or 'nowhere known'}"


def _status(api: Api, category: str) -> int | None:
    code = api.response.code if api.response else None
    return code if category == "api" and code is not None and 100 <= code <= 599 else None


def _rcode(rcode: str | None) -> str | None:
    return None if rcode is None or rcode.upper() == "NOERROR" else rcode


def _account(it: Happened, user: User) -> str | None:
    """The account it happened in; copies of calls may name only the caller's, and some have an ARN in its place."""
    found = it.cloud.account or (user.account if it.class_uid // 1000 in (3, 6) else None)
    uid = found.uid if found else None
    return place(uid)[1] if uid and uid.startswith("arn:") else uid


def _sample(unmapped: dict[str, Any]) -> bool | None:
    """Whether Security Hub's or GuardDuty's mark of a made-up finding came along."""
    marks = ("Sample", "ProductFields.aws/guardduty/service/additionalInfo/sample")
    return any(str(unmapped.get(mark)).lower() == "true" for mark in marks) or None


def _asked(it: Happened) -> str | None:
    return (it.query.hostname or "").removesuffix(".") or None


def _url(request: Request) -> str | None:
    url = request.url
    if url is None or url.url_string:
        return url.url_string if url else None
    query = url.query_string or request.args
    path = (url.path or "") + (f"?{query}" if query else "")
    return (f"{url.scheme or 'https'}://{url.hostname}{path}" if url.hostname else path) or None


def _proto(link: Link) -> str | None:
    if link.protocol_name:
        return link.protocol_name.lower()
    return None if link.protocol_num is None else PROTOCOLS.get(link.protocol_num, str(link.protocol_num))


def _last(arn: str | None) -> str | None:
    return arn.rpartition("/")[2].rpartition(":")[2] or None if arn else None
