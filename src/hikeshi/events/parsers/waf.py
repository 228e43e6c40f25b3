"""AWS WAF logs: one JSON record for each web request that a web ACL looked at, and what it did with it.

Delivered to S3 and by Firehose as JSON lines, and through CloudWatch Logs. `timestamp` is in milliseconds. The address is the one WAF
judged by, which is a proxy's where one stands in front; the headers that were logged are kept. COUNT is not an end: what counts only
stands in the lists of rules that matched, which are kept in `attrs`.

References:
  https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
  https://docs.aws.amazon.com/waf/latest/developerguide/logging-examples.html
"""

# Fields are spelled as in the record, so that the typed record reads like the documentation.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.access_lines import place
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_envelopes import made, messages
from hikeshi.events.json_records import Record
from hikeshi.events.json_shape import first_record
from hikeshi.events.json_typed import moment, reader, rest
from hikeshi.events.source import Source

NAME = "waf"
VERSION = "1"


class Header(msgspec.Struct, gc=False):
    name: str = ""
    value: str = ""


class Request(msgspec.Struct, gc=False):
    clientIp: str | None = None
    headers: list[Header] | None = None
    uri: str | None = None
    args: str | None = None
    httpMethod: str | None = None
    requestId: str | None = None
    host: str | None = None
    scheme: str | None = None


class Rule(msgspec.Struct, gc=False):
    ruleId: str | None = None


class Group(msgspec.Struct, gc=False):
    ruleGroupId: str | None = None
    terminatingRule: Rule | None = None


class Judged(msgspec.Struct, gc=False):
    """One request and what was decided."""

    timestamp: int | float | str
    action: str
    webaclId: str = ""
    terminatingRuleId: str | None = None
    httpSourceName: str | None = None
    httpSourceId: str | None = None
    responseCodeSent: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None
    httpRequest: Request = msgspec.field(default_factory=Request)
    ruleGroupList: list[Group] | None = None


COLUMNS = frozenset({"timestamp", "action", "formatVersion", "responseCodeSent"})
"""Fields wholly held by columns; the others are kept in attrs too."""

OUTCOMES = {"ALLOW": "success", "BLOCK": "denied", "COUNT": "success"}
_read = reader(Judged)


def recognises(head: bytes) -> bool:
    return {"webaclId", "httpRequest", "action"} <= first_record(head).keys()


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every request, with the time it was judged."""
    yield from made(source, messages(source), _event)


def _event(record: Record) -> Event:
    """Raises one of BROKEN where the record has no time or is none of this log."""
    data = bytes(record.data)
    judged = _read(data)
    at = moment(judged.timestamp)
    if at is None:
        raise ValueError(f"timestamp cannot be read: {str(judged.timestamp)[:40]!r}")
    request = judged.httpRequest
    headers = {header.name.lower(): header.value for header in request.headers or []}
    region, account = place(judged.webaclId)
    host, rule = request.host or headers.get("host"), _rule(judged)
    url = (request.uri or "") + (f"?{request.args}" if request.args else "")
    return Event(
        dedup_key=f"waf:{judged.webaclId}:{request.requestId}:{judged.timestamp}" if request.requestId else None,
        ts=at.us,
        ts_precision=at.precision,
        ts_basis=at.basis,
        ts_raw=str(judged.timestamp),
        seq=record.seq,
        source_variant=record.variant,
        offset=record.offset,
        raw=data,
        category="web",
        provider="aws",
        service="waf",
        action=judged.action,
        outcome=_outcome(judged),
        message=f"{judged.action} {request.httpMethod or '?'} {host or ''}{url} from {request.clientIp or '?'}"
        + (f": {rule}" if rule else ""),
        src_ip=address(request.clientIp),
        user_agent=headers.get("user-agent"),
        dst_host=host,
        method=request.httpMethod,
        url=f"{request.scheme or 'https'}://{host}{url}" if host else url or None,
        http_status=judged.responseCodeSent,
        referer=headers.get("referer"),
        resource_type=judged.httpSourceName,
        resource_ids=[one for one in (judged.httpSourceId, judged.webaclId) if one] or None,
        account=account,
        region=region,
        attrs=rest(data, COLUMNS),
    )


def _outcome(judged: Judged) -> str:
    """A CAPTCHA or a challenge is a denial where WAF answered itself; a request with a token goes through."""
    if judged.action in ("CAPTCHA", "CHALLENGE"):
        return "denied" if judged.responseCodeSent else "success"
    return OUTCOMES.get(judged.action, "unknown")


def _rule(judged: Judged) -> str | None:
    """The rule that decided: of a group, the one inside it."""
    for group in judged.ruleGroupList or []:
        if group.terminatingRule and group.terminatingRule.ruleId:
            return f"{group.ruleGroupId} {group.terminatingRule.ruleId}"
    return None if judged.terminatingRuleId == "Default_Action" else judged.terminatingRuleId
