"""AWS Config: a rule's verdict about a resource has changed, from EventBridge or from Config's own SNS topic.

Config rates nothing: NON_COMPLIANT is taken as medium. Each time that a resource breaks a rule is an alert of its own; when it keeps to
the rule again, that same alert is over. All resources that break one rule in one account and region are one cause.

References:
  https://docs.aws.amazon.com/config/latest/developerguide/monitor-config-with-cloudwatchevents.html
  https://docs.aws.amazon.com/config/latest/developerguide/example-sns-notification.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hikeshi.signals import fields
from hikeshi.signals.fields import dig
from hikeshi.signals.signal import Signal
from hikeshi.text import Text

NAME = "awsconfig"
ABOUT = Text(en="AWS Config, changes of compliance", ja="AWS Config のコンプライアンス変更")
SCORE = 4.0


def parts(document: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(document, dict):
        return
    detail = document["detail"] if isinstance(document.get("detail"), dict) else document
    if detail.get("messageType") == "ComplianceChangeNotification":
        yield ".detail" if detail is not document else "", detail


def signal(part: Any) -> Signal:
    new, old = part.get("newEvaluationResult"), part.get("oldEvaluationResult")
    verdict = fields.name(dig(new, "complianceType")) or "NOT_APPLICABLE"
    broken = verdict == "NON_COMPLIANT"
    account, region = fields.account(part.get("awsAccountId")), fields.name(part.get("awsRegion"), 30)
    rule, kind, resource = (fields.name(part.get(one)) for one in ("configRuleName", "resourceType", "resourceId"))
    if not rule or not resource:
        raise ValueError(
            "the change names no configRuleName or no resourceId, and nothing can be kept apart without them"
        )
    since = dig(new if broken else old, "resultRecordedTime") or dig(new, "resultRecordedTime")
    return Signal(
        key=fields.identity(NAME, account, region, rule, kind, resource, fields.name(since) or "unknown time"),
        title=fields.text(f"{rule}: {kind} {resource} is {verdict}", fields.TITLE_LIMIT),
        kind=f"Config:{rule}"[: fields.KIND_LIMIT],
        score=SCORE if broken else 0.0,
        account=account,
        region=region,
        instance_id=fields.instance_of(resource),
        archived=not broken,
        first_seen_at=fields.moment(since),
        last_seen_at=fields.moment(dig(new, "resultRecordedTime") or part.get("notificationCreationTime")),
        observables=fields.observables(
            (("account", account), ("instance", fields.instance_of(resource)), ("resource", resource))
        ),
        cause=(NAME, rule, account, region),
    )
