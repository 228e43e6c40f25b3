"""Isolate an EC2 instance: every interface gets a group without rules; the instance keeps running."""

from __future__ import annotations

from typing import ClassVar

from hikeshi.actions.aws.network.isolation import PERMISSIONS, Isolation
from hikeshi.actions.aws.network.isolation_group import EMPTY
from hikeshi.text import Text

BY_HAND = Text(
    en="EC2 console, Network interfaces, each interface in turn: Change security groups, set the groups saved in the plan.",
    ja="EC2 コンソールの［ネットワークインターフェイス］で、1 つずつ［セキュリティグループを変更］を選び、計画に保存されたグループを設定します。",
)


class IsolateInstance(Isolation, frozen=True, kw_only=True):
    """Cut one EC2 instance off the network and leave it running (see `Isolation`)."""

    name: ClassVar = "aws.ec2.isolate"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Isolate the instance", ja="インスタンスを隔離する")
    what: ClassVar = Text(
        en="Replaces the security groups of every interface with a group that has no rules. The instance keeps running.",
        ja="すべてのインターフェースのセキュリティグループを、ルールのないグループに置き換えます。インスタンスは停止しません。",
    )
    by_hand: ClassVar = BY_HAND
    permissions: ClassVar = PERMISSIONS
    needs_evidence: ClassVar = ("aws.ebs.snapshot_set", "aws.ssm.capture_memory")
    kind: ClassVar = EMPTY
