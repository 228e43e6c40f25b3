"""Whether the Systems Manager agent of each running instance answers, and when it was last heard.

SSM API Reference, DescribeInstanceInformation. An agent that has lost its way backs off, from 5 minutes to hours: one that was not heard for
long will not take a memory capture in time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from hikeshi.actions.aws.preflight.machines import MOST_INSTANCES, running_instances
from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, unknown, using, yes
from hikeshi.text import Text

LATE = timedelta(minutes=10)
"""A healthy agent is heard every five minutes."""

_INSTALL = Text(
    en="Install the agent, give the instance profile AmazonSSMManagedInstanceCore, and let it reach the ssm endpoints.",
    ja="エージェントを導入し、インスタンスプロファイルに AmazonSSMManagedInstanceCore を付け、ssm エンドポイントに到達できるようにしてください。",
)
_REVIVE = Text(
    en="Look at the agent's log on the instance, its role and its way to the ssm endpoints; restart the agent.",
    ja="インスタンス上のエージェントのログ、ロール、ssm エンドポイントへの経路を確認し、エージェントを再起動してください。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    world = ground.world()
    machines = sorted(running_instances(world))
    pages = world.pages("ssm", "DescribeInstanceInformation", "InstanceInformationList", MaxResults=50)
    heard = {told["InstanceId"]: told for told in pages}
    for instance in machines[:MOST_INSTANCES]:
        yield _one(ground, instance, heard.get(instance))
    left = max(0, len(machines) - MOST_INSTANCES)
    if left:
        yield unknown(f"{left} more instances were not looked at.", f"ほかの {left} 台は未確認です。")
    if not machines:
        yield yes("No instance is running here.", "稼働中のインスタンスはありません。")


def _one(ground: Ground, instance: str, told: Mapping[str, Any] | None) -> Answer:
    if told is None:
        en, ja = "Systems Manager does not know this instance.", "Systems Manager に登録されていないインスタンスです。"
        return no(en, ja, resource=instance, todo=_INSTALL)
    minutes = int((ground.world().now() - told["LastPingDateTime"]).total_seconds() // 60)
    status = told["PingStatus"]
    if status == "Online" and minutes * 60 < LATE.total_seconds():
        return yes(
            f"Online, heard {minutes} min ago (agent {told.get('AgentVersion', '?')}).",
            f"オンライン。最終応答は {minutes} 分前です (エージェント {told.get('AgentVersion', '?')})。",
            resource=instance,
        )
    en, ja = f"{status}, last heard {minutes} min ago.", f"{status}。最終応答は {minutes} 分前です。"
    return no(en, ja, resource=instance, todo=_REVIVE)


QUESTION = Question(
    title=Text(en="Does the agent answer?", ja="エージェントは応答するか"),
    ask=_ask,
    permissions=("ec2:DescribeInstances", "ssm:DescribeInstanceInformation"),
    needed_by=using("ssm:SendCommand"),
)
