"""AWS Config: what a resource looked like at a time, and whether it kept to the rules.

Read are snapshots and histories delivered to S3 and answers of GetResourceConfigHistory (a list of configuration items), and
EventBridge events or notifications of a change (one item, with what changed) and of a rule's verdict. The time of an item is when
Config looked, a little after the change; who changed it stands in CloudTrail. In answers `configuration` is JSON inside a string.

References:
  https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationItem.html
  https://docs.aws.amazon.com/config/latest/developerguide/example-s3-bucket-snapshot.html
  https://docs.aws.amazon.com/config/latest/developerguide/monitor-config-with-cloudwatchevents.html
"""

# Fields are spelled as in the record, so that the typed record reads like the documentation.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.json_envelopes import Piece, made, opened
from hikeshi.events.json_records import BROKEN, Record, records
from hikeshi.events.json_shape import first_record
from hikeshi.events.json_typed import moment, reader, rest
from hikeshi.events.source import Source
from hikeshi.events.times import SECOND

NAME = "awsconfig"
VERSION = "1"


class Item(msgspec.Struct):
    """One resource at one time. Snapshots and answers spell some names differently."""

    configurationItemCaptureTime: str | int | float | None = None
    configurationItemStatus: str | None = None
    configurationStateId: str | int | None = None
    resourceType: str | None = None
    resourceId: str | None = None
    resourceName: str | None = None
    ARN: str | None = None
    arn: str | None = None
    awsAccountId: str | None = None
    accountId: str | None = None
    awsRegion: str | None = None
    availabilityZone: str | None = None


class Diff(msgspec.Struct):
    changeType: str | None = None


class Verdict(msgspec.Struct):
    complianceType: str | None = None
    resultRecordedTime: str | int | float | None = None


class Notice(msgspec.Struct):
    """What EventBridge or a notification tells: a change, or a rule's verdict."""

    messageType: str | None = None
    configurationItem: Item | None = None
    configurationItemDiff: Diff | None = None
    configRuleName: str | None = None
    newEvaluationResult: Verdict | None = None
    resourceType: str | None = None
    resourceId: str | None = None
    awsAccountId: str | None = None
    awsRegion: str | None = None


class Envelope(msgspec.Struct):
    detail: msgspec.Raw


class Several(msgspec.Struct):
    configurationItems: list[msgspec.Raw]


COLUMNS = frozenset({"awsRegion", "awsAccountId", "accountId"})
"""Fields wholly held by columns; the others are kept in attrs too."""

_item, _notice = reader(Item), reader(Notice)
_envelope, _several = msgspec.json.Decoder(Envelope), msgspec.json.Decoder(Several)


def recognises(head: bytes) -> bool:
    found = first_record(head)
    if found.get("source") == "aws.config" and "detail" in found:
        return found.get("detail-type", "") in ("Config Configuration Item Change", "Config Rules Compliance Change")
    if found.keys() & {"configSnapshotId", "configurationItemCaptureTime"}:
        return True
    return {"configurationItem", "messageType"} <= found.keys()


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every configuration item, every change and every verdict."""
    yield from made(source, opened(records(source), _items), _event)


def _items(data: bytes, variant: str) -> list[Piece]:
    try:
        if b'"configurationItems"' in data:
            return [(bytes(item), "items") for item in _several.decode(data).configurationItems]
        if b'"detail-type"' in data:
            return [(bytes(_envelope.decode(data).detail), "eventbridge")]
    except BROKEN:
        return []
    return [(data, variant)]


def _event(record: Record) -> Event:
    """Raises one of BROKEN where the record has no time or is none of this log."""
    data = bytes(record.data)
    if b'"newEvaluationResult"' in data and (notice := _notice(data)).newEvaluationResult is not None:
        return _verdict(notice, data, record)
    if b'"configurationItem"' in data and (notice := _notice(data)).configurationItem is not None:
        diff = notice.configurationItemDiff or Diff()
        return _change(notice.configurationItem, diff.changeType, data, record)
    return _change(_item(data), None, data, record)


def _change(item: Item, change: str | None, data: bytes, record: Record) -> Event:
    at = moment(item.configurationItemCaptureTime, unit=SECOND)
    if at is None or item.resourceType is None:
        raise ValueError("this is no configuration item with a time that can be read")
    action = change or item.configurationItemStatus or "item"
    account, name = (
        item.awsAccountId or item.accountId,
        item.resourceName or item.resourceId or item.ARN or item.arn or "?",
    )
    return Event(
        dedup_key=f"awsconfig:{account}:{item.awsRegion}:{item.resourceType}:{item.resourceId}:{at.us}:{action}",
        ts=at.us,
        ts_precision=at.precision,
        ts_desc="captured",
        ts_basis=at.basis,
        ts_raw=str(item.configurationItemCaptureTime),
        seq=record.seq,
        source_variant=record.variant,
        offset=record.offset,
        raw=data,
        category="config",
        provider="aws",
        service="config",
        action=action,
        message=f"{item.resourceType} {name}: {action}",
        resource_type=item.resourceType,
        resource_ids=[one for one in (item.ARN or item.arn, item.resourceId) if one] or None,
        account=account,
        region=item.awsRegion,
        zone=item.availabilityZone
        if item.availabilityZone not in ("Not Applicable", "Regional", "Multiple Availability Zones")
        else None,
        instance=item.resourceId if item.resourceType == "AWS::EC2::Instance" else None,
        attrs=rest(data, COLUMNS),
    )


def _verdict(notice: Notice, data: bytes, record: Record) -> Event:
    verdict = notice.newEvaluationResult or Verdict()
    at = moment(verdict.resultRecordedTime, unit=SECOND)
    if at is None:
        raise ValueError("the verdict has no time that can be read")
    action = verdict.complianceType or "verdict"
    return Event(
        dedup_key=f"awsconfig:{notice.awsAccountId}:{notice.awsRegion}:{notice.configRuleName}:{notice.resourceId}:{at.us}",
        ts=at.us,
        ts_precision=at.precision,
        ts_desc="recorded",
        ts_basis=at.basis,
        ts_raw=str(verdict.resultRecordedTime),
        seq=record.seq,
        source_variant=record.variant,
        offset=record.offset,
        raw=data,
        category="finding",
        provider="aws",
        service="config",
        action=action,
        message=f"{notice.resourceType} {notice.resourceId}: {action} ({notice.configRuleName})",
        resource_type=notice.resourceType,
        resource_ids=[notice.resourceId] if notice.resourceId else None,
        account=notice.awsAccountId,
        region=notice.awsRegion,
        finding_type=notice.configRuleName,
        attrs=rest(data, COLUMNS),
    )
