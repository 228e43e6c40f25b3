"""Whether there is room for more snapshots being made. Pending ones are limited per account (EBS quotas)."""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, using, yes
from hikeshi.text import Text

USUAL_PENDING = 100
"""Unless the quota was changed; Service Quotas would say, and few roles may ask it."""

_WAIT = Text(
    en="Wait until some are complete, find out who makes them, or ask AWS for a higher quota.",
    ja="完了を待つか、作成元を調べるか、クォータの引き上げを申請してください。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    only = [{"Name": "status", "Values": ["pending"]}]
    told = ground.world().pages("ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"], Filters=only)
    count = sum(1 for _ in told)
    en, ja = f"{count} of usually {USUAL_PENDING} are pending.", f"作成中 {count} 件(通常の上限 {USUAL_PENDING} 件)。"
    yield no(en, ja, todo=_WAIT) if count >= USUAL_PENDING else yes(en, ja)


QUESTION = Question(
    title=Text(en="Is there room for snapshots?", ja="スナップショットの上限に余裕があるか"),
    ask=_ask,
    permissions=("ec2:DescribeSnapshots",),
    needed_by=using("ec2:CreateSnapshot", "ec2:CreateSnapshots"),
)
