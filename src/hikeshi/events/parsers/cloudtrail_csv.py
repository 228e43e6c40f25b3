"""CloudTrail as rows of comma-separated values: results of CloudTrail Lake and of Athena, and the console's event history.

The first row names the columns, as the query did: spelled as in the record or all in small letters, the caller in one column or
cut into columns such as `useridentity.arn`. Maps are rendered as `{k=v, k=v}` with `null` for nothing, or as JSON. Such text cannot
always be taken apart again, as values hold commas too; where it cannot, it stays text. Times without a zone are UTC.

Each row becomes the record it was made from and is read as CloudTrail is: the same call is the same event in every delivery. A query
that left out columns gives events that know less; one without eventName or eventTime cannot be placed in a timeline.

References:
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-download-cloudtrail-lake-query-results.html
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-event-data-store-schema.html
  https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.csv_rows import Row, first_row, rows
from hikeshi.events.event import Event
from hikeshi.events.json_records import Record
from hikeshi.events.parsers import cloudtrail
from hikeshi.events.source import Source

NAME = "cloudtrail_csv"
VERSION = "1"

CONSOLE = {"username": ["userIdentity", "userName"], "awsaccesskey": ["userIdentity", "accessKeyId"]}
"""Columns of the console's event history that have names of their own."""

DEEPEST = 20
"""Maps inside maps; deeper ones stay text."""

_SPELLED = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent",
    "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID",
    "resources", "eventType", "apiVersion", "readOnly", "recipientAccountId", "serviceEventDetails", "sharedEventID",
    "vpcEndpointId", "vpcEndpointAccountId", "eventCategory", "managementEvent", "tlsDetails", "eventContext", "insightDetails",
    "type", "principalId", "arn", "accountId", "invokedBy", "accessKeyId", "userName", "sessionContext", "attributes",
    "mfaAuthenticated", "creationDate", "sessionIssuer", "webIdFederationData", "federatedProvider", "identityProvider",
    "sourceIdentity", "ec2RoleDelivery", "onBehalfOf", "userId", "identityStoreArn", "credentialId",
)  # fmt: skip
NAMES = {name.lower(): name for name in _SPELLED}
"""Names as the record spells them, by their small letters."""

MAPS = frozenset(
    {"userIdentity", "requestParameters", "responseElements", "additionalEventData", "resources", "serviceEventDetails",
     "tlsDetails", "eventContext", "insightDetails", "sessionContext", "sessionIssuer", "attributes"}
)  # fmt: skip
"""Columns that hold maps or lists; the others are text, whatever it looks like."""

_KEY = re.compile(r"\s*+([\w.:/@$-]++)=")
_SCALAR = re.compile(r"[^,}\]]*+(?:,(?!\s*+[\w.:/@$-]++=)[^,}\]]*+)*+")
_ITEM = re.compile(r"[^,\]}]*+")
_SPACE = re.compile(r"\s*+")
_NO_ZONE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?$")
_scan = json.JSONDecoder()


def recognises(head: bytes) -> bool:
    if head.lstrip()[:1] in (b"{", b"["):
        return False
    return {"eventName", "eventSource"} <= {_path(name)[0] for name in first_row(head)}


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every call, with the time it was completed. The row of names may come again, where files were put together."""
    names: list[str] = []
    paths: list[list[str]] = []
    for row in rows(source):
        if isinstance(row, Unreadable):
            yield row
            continue
        if not names:
            names, paths = row.values, [_path(name) for name in row.values]
        if row.values == names:
            continue
        if len(row.values) != len(paths):
            yield source.unreadable(
                f"{len(row.values)} values where there are {len(paths)} columns", f"line {row.line:,}"
            )
        else:
            yield from _called(row, paths, source)


def _called(row: Row, paths: list[list[str]], source: Source) -> Iterator[Event | Unreadable]:
    try:
        data = msgspec.json.encode(_record(row.values, paths))
    except (ValueError, RecursionError) as error:
        yield source.unreadable(str(error), f"line {row.line:,}")
        return
    for event in cloudtrail.of_records([Record(data, row.seq - 1, "csv", row.offset)], source):
        if isinstance(event, Event):
            event.raw = row.data
        yield event


def _path(name: str) -> list[str]:
    """Where a column belongs: useridentity.arn is [userIdentity, arn], and so is the console's User name."""
    plain = re.sub(r"[\s_-]", "", name.lower())
    return CONSOLE.get(plain) or [NAMES.get(part, part) for part in plain.split(".")]


def _record(values: list[str], paths: list[list[str]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for path, text in zip(paths, values, strict=True):
        if text in ("", "null", "-"):
            continue
        into = record
        for part in path[:-1]:
            inner = into.setdefault(part, {})
            into = inner if isinstance(inner, dict) else {}
        value = taken_apart(text, spelled=path[0] in ("userIdentity", "resources")) if path[-1] in MAPS else text
        into[path[-1]] = f"{text.replace(' ', 'T')}Z" if path == ["eventTime"] and _NO_ZONE.match(text) else value
    for resource in record["resources"] if isinstance(record.get("resources"), list) else ():
        if isinstance(resource, dict) and "arn" in resource:
            resource["ARN"] = resource.pop("arn")
    return record


def taken_apart(text: str, *, spelled: bool = False) -> Any:
    """The value that was rendered as `{k=v}` or is JSON; the text itself where it is neither. `spelled` restores capital letters."""
    if not text.startswith(("{", "[")):
        return text
    try:
        value, end = _scan.raw_decode(text)
    except (ValueError, RecursionError):
        found = _value(text, 0, 0, spelled=spelled)
        return text if found is None or text[found[1] :].strip() else found[0]
    return text if text[end:].strip() else value


def _value(text: str, at: int, depth: int, *, spelled: bool) -> tuple[Any, int] | None:
    """The value that begins here and where it ends, or None where the text is none."""
    sign = text[at : at + 1]
    if sign not in ("{", "["):
        found = _SCALAR.match(text, at)
        word = found[0].strip() if found else ""
        return (None if word == "null" else word), found.end() if found else at
    if depth and (inside := _json(text, at)) is not None:
        return inside
    if depth > DEEPEST:
        return None
    return (_map if sign == "{" else _list)(text, at + 1, depth + 1, spelled=spelled)


def _json(text: str, at: int) -> tuple[str, int] | None:
    """JSON inside a map, such as a policy: kept as the text it was."""
    if text[at : at + 2] not in ('{"', "[{", '["', "[]", "{}"):
        return None
    try:
        _, end = _scan.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return text[at:end], end


def _map(text: str, at: int, depth: int, *, spelled: bool) -> tuple[dict[str, Any], int] | None:
    found: dict[str, Any] = {}
    while key := _KEY.match(text, at):
        value = _value(text, key.end(), depth, spelled=spelled)
        if value is None:
            return None
        found[NAMES.get(key[1].lower(), key[1]) if spelled else key[1]], at = value
        if text[at : at + 1] != ",":
            break
        at += 1
    return (found, at + 1) if text[at : at + 1] == "}" else None


def _list(text: str, at: int, depth: int, *, spelled: bool) -> tuple[list[Any], int] | None:
    found: list[Any] = []
    while text[at : at + 1] not in ("]", ""):
        space = _SPACE.match(text, at)
        begin = space.end() if space else at
        if text[begin : begin + 1] in ("{", "["):
            value = _value(text, begin, depth, spelled=spelled)
        else:
            item = _ITEM.match(text, begin)
            value = (item[0].strip(), item.end()) if item else None
        if value is None:
            return None
        found.append(value[0])
        at = value[1]
        if text[at : at + 1] != ",":
            break
        at += 1
    return (found, at + 1) if text[at : at + 1] == "]" else None
