"""Whether alerts arrive: a rule on EventBridge for GuardDuty, a queue behind it, and a dead-letter queue behind that.

EventBridge API Reference, ListRules, ListTargetsByRule; SQS API Reference, GetQueueAttributes. A rule may also send to the bus of another
account; what happens there is asked there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, unknown, yes
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

SOURCE = "aws.guardduty"

_DEPLOY = Text(
    en="Deploy deploy/cloudformation/alerts.yaml (or the Terraform module) in this region, and set HIKESHI_QUEUE_URL.",
    ja="このリージョンに deploy/cloudformation/alerts.yaml(または Terraform)を展開し、HIKESHI_QUEUE_URL を設定してください。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    world = ground.world()
    rules = [rule for rule in world.pages("events", "ListRules", "Rules") if _for_guardduty(rule)]
    if not rules:
        yield no(
            "No rule takes up GuardDuty's events.", "GuardDuty のイベントを受けるルールがありません。", todo=_DEPLOY
        )
    for rule in rules:
        yield from _of_rule(ground, world, rule)


def _for_guardduty(rule: Mapping[str, Any]) -> bool:
    try:
        return SOURCE in json.loads(rule.get("EventPattern") or "{}").get("source", ())
    except ValueError:
        return False


def _of_rule(ground: Ground, world: AwsWorld, rule: Mapping[str, Any]) -> Iterator[Answer]:
    name = str(rule["Name"])
    if rule.get("State") != "ENABLED":
        yield no("The rule is switched off.", "ルールが無効です。", resource=name, todo=_DEPLOY)
        return
    targets = list(world.pages("events", "ListTargetsByRule", "Targets", Rule=name))
    queues = [target["Arn"] for target in targets if ":sqs:" in target["Arn"]]
    if not queues and any(":event-bus/" in target["Arn"] for target in targets):
        yield unknown(
            "It sends to another event bus; the queue is behind that.",
            "別のイベントバスへ転送しています。キューはその先にあります。",
            resource=name,
        )
    elif not queues:
        yield no("The rule sends to no queue.", "ルールの送信先にキューがありません。", resource=name, todo=_DEPLOY)
    for queue in queues:
        yield _of_queue(ground, world, queue)


def _of_queue(ground: Ground, world: AwsWorld, arn: str) -> Answer:
    _, _, _, _, account, name = arn.split(":", 5)
    try:
        url = world.read("sqs", "GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        told = world.read("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    except CallFailed as failure:
        if failure.code in ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
            return no("The queue does not exist.", "キューが存在しません。", resource=name, todo=_DEPLOY)
        return unknown(
            f"The queue could not be asked: {failure}", f"キューを確認できません ({failure.code})。", resource=name
        )
    if not told.get("RedrivePolicy"):
        return no("It has no dead-letter queue.", "デッドレターキューがありません。", resource=name, todo=_DEPLOY)
    ours = ground.place.queue_url
    if ours and ours.rstrip("/").rpartition("/")[2] != name:
        return no(
            "Hikeshi reads another queue.", "Hikeshi は別のキューを読み取っています。", resource=name, todo=_DEPLOY
        )
    waiting = told.get("ApproximateNumberOfMessages", "0")
    return yes(f"Ready; {waiting} messages wait.", f"利用できます(待機中 {waiting} 件)。", resource=name)


QUESTION = Question(
    title=Text(en="Do alerts reach the queue?", ja="アラートはキューに届くか"),
    ask=_ask,
    permissions=("events:ListRules", "events:ListTargetsByRule", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
)
