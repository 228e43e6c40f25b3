"""CloudWatch alarms that change their state, from EventBridge or as the text of an SNS message.

An alarm has no severity: ALARM is taken as medium, INSUFFICIENT_DATA as low (logs that stopped look like this too). Each time that an
alarm goes off is an alert of its own; its return to OK ends that alert where the message says when it had gone off (EventBridge does,
SNS does not: there, OK is an alert that is over). All alerts of one alarm are one cause.

References:
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from hikeshi.signals import fields
from hikeshi.signals.fields import dicts, dig
from hikeshi.signals.signal import Kind, Signal
from hikeshi.text import Text

NAME = "cloudwatch"
ABOUT = Text(en="CloudWatch alarms", ja="CloudWatch アラーム")
SCORES = {"ALARM": 5.0, "INSUFFICIENT_DATA": 2.0}
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


class Change(NamedTuple):
    """A change of state, said alike for both ways it comes."""

    alarm: Any
    arn: Any
    account: Any
    region: Any
    state: Any
    reason: Any
    at: Any
    before: Any
    before_at: Any
    dimensions: list[tuple[Any, Any]]


def parts(document: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(document, dict):
        return
    if document.get("detail-type") == "CloudWatch Alarm State Change" and isinstance(document.get("detail"), dict):
        yield "", _from_event(document)
    elif {"AlarmName", "NewStateValue"} <= document.keys():
        yield "", _from_message(document)


def signal(part: Any) -> Signal:
    change: Change = part
    state, alarm = fields.name(change.state), fields.name(change.alarm)
    if not alarm:
        raise ValueError("the alarm has no name, and nothing can be kept apart without one")
    account, region = fields.account(change.account), fields.name(change.region, 30)
    over = state == "OK"
    since = change.before_at if over and change.before == "ALARM" and change.before_at else change.at
    instance = next((value for _, value in change.dimensions if fields.instance_of(value)), "")
    return Signal(
        key=fields.identity(NAME, account, region, alarm, fields.name(since) or "unknown time"),
        title=fields.text(f"{alarm}: {state}. {fields.text(change.reason, fields.TITLE_LIMIT)}", fields.TITLE_LIMIT),
        kind=f"CloudWatch:{alarm}"[: fields.KIND_LIMIT],
        score=SCORES.get(state, 0.0),
        account=account,
        region=region,
        instance_id=fields.instance_of(instance),
        archived=over,
        first_seen_at=fields.moment(since),
        last_seen_at=fields.moment(change.at),
        observables=fields.observables(_seen(change)),
        cause=(NAME, account, region, alarm),
    )


def _from_event(event: dict[str, Any]) -> Change:
    detail = event["detail"]
    named = event.get("resources")
    return Change(
        alarm=detail.get("alarmName"),
        arn=named[0] if isinstance(named, list) and named else None,
        account=event.get("account"),
        region=event.get("region"),
        state=dig(detail, "state", "value"),
        reason=dig(detail, "state", "reason"),
        at=dig(detail, "state", "timestamp"),
        before=dig(detail, "previousState", "value"),
        before_at=dig(detail, "previousState", "timestamp"),
        dimensions=[
            pair
            for metric in dicts(dig(detail, "configuration", "metrics"))
            if isinstance(found := dig(metric, "metricStat", "metric", "dimensions"), dict)
            for pair in found.items()
        ],
    )


def _from_message(message: dict[str, Any]) -> Change:
    arn = fields.name(message.get("AlarmArn"))
    region = next((part for part in arn.split(":") if _REGION.fullmatch(part)), "") or message.get("Region")
    pairs = dicts(dig(message, "Trigger", "Dimensions"))
    return Change(
        alarm=message.get("AlarmName"),
        arn=arn,
        account=message.get("AWSAccountId"),
        region=region,
        state=message.get("NewStateValue"),
        reason=message.get("NewStateReason"),
        at=message.get("StateChangeTime"),
        before=message.get("OldStateValue"),
        before_at=None,
        dimensions=[(pair.get("name"), pair.get("value")) for pair in pairs],
    )


def _seen(change: Change) -> Iterator[tuple[Kind, Any]]:
    yield "account", change.account
    yield "resource", change.arn
    for name, value in change.dimensions:
        yield DIMENSIONS.get(fields.name(name), "resource"), value


DIMENSIONS: dict[str, Kind] = {"InstanceId": "instance", "Host": "host", "host": "host"}
"""Kinds of what a metric is about; every other dimension names a resource."""
