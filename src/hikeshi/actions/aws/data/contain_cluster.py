"""Take a principal's rights in an EKS cluster away: no access policy and no Kubernetes group is left to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.clusters import ClusterName
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

PrincipalArn = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^arn:[a-z\-]+:iam::\d{12}:(role|user)/.+$",
        max_length=2048,
        title="Principal",
        examples=["arn:aws:iam::111122223333:role/developer"],
    ),
]
POLICY: Final = "policy "

_TAKE = Text(en="The principal keeps no right in the cluster.", ja="プリンシパルのクラスター内の権限をなくします。")
_BACK = Text(en="As saved in the plan.", ja="計画に保存された値に戻します。")
_LEFT = (
    Text(
        en="Pods that run already, service account tokens taken from them, and rights given in the aws-auth config map.",
        ja="実行中の Pod、そこから盗まれたサービスアカウントトークン、aws-auth ConfigMap による権限。",
    ),
    Text(
        en="What runs in the cluster: cut the pod off (aws.eks.isolate_pod) and keep its node (aws.eks.cordon_node), never drain it.",
        ja="クラスター内で動いているもの。Pod を隔離し（aws.eks.isolate_pod）、ノードを維持します（aws.eks.cordon_node。drain は禁止）。",
    ),
    Text(
        en="The principal's other rights in AWS, among them to make itself a new access entry.",
        ja="プリンシパルのほかの AWS 権限（新しいアクセスエントリの作成を含む）。",
    ),
)


class ContainCluster(Setting[AwsWorld], frozen=True, kw_only=True):
    """The access entry stays, empty: a deleted one would lose its user name, and could be made again with other rights.

    Source: Amazon EKS API Reference, DisassociateAccessPolicy, UpdateAccessEntry. Rights that RBAC in the cluster gives are bindings (`remove_binding`).
    """

    name: ClassVar = "aws.eks.contain"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Take its rights in the cluster away", ja="クラスター内の権限を取り上げる")
    what: ClassVar = Text(
        en="Removes every access policy and Kubernetes group from the principal's access entry; the entry stays.",
        ja="プリンシパルのアクセスエントリから、アクセスポリシーと Kubernetes グループをすべて外します。エントリは残ります。",
    )
    by_hand: ClassVar = Text(
        en="EKS console, the cluster, Access, the entry: add the policies and groups saved in the plan.",
        ja="EKS コンソールのクラスター［アクセス］のエントリに、計画に保存されたポリシーとグループを追加します。",
    )
    permissions: ClassVar = (
        "eks:AssociateAccessPolicy",
        "eks:DescribeAccessEntry",
        "eks:DisassociateAccessPolicy",
        "eks:ListAssociatedAccessPolicies",
        "eks:UpdateAccessEntry",
    )

    cluster: ClusterName
    principal_arn: PrincipalArn

    @property
    def _which(self) -> dict[str, str]:
        return {"clusterName": self.cluster, "principalArn": self.principal_arn}

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return self.principal_arn, self.cluster

    def read(self, world: AwsWorld) -> dict[str, Any]:
        try:
            entry = world.read("eks", "DescribeAccessEntry", **self._which)["accessEntry"]
        except CallFailed as failure:
            if failure.code != "ResourceNotFoundException":
                raise
            hint = "Its rights may come from the aws-auth config map or from another role; look at both."
            raise Refused(f"{self.principal_arn} has no access entry in cluster {self.cluster}.", hint=hint) from None
        policies = {POLICY + one["policyArn"]: one["accessScope"] for one in self._policies(world)}
        return {"Groups": sorted(entry.get("kubernetesGroups", ())), **policies}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        groups: dict[str, Any] = {"Groups": []} if before["Groups"] else {}
        return {**groups, **{part: None for part in before if part.startswith(POLICY)}}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        if part == "Groups":
            yield Call("eks:UpdateAccessEntry", {**self._which, "kubernetesGroups": new}, _BACK if new else _TAKE)
            return
        policy = {"policyArn": part.removeprefix(POLICY)}
        if new is None:
            yield Call("eks:DisassociateAccessPolicy", {**self._which, **policy}, _TAKE)
        else:
            yield Call("eks:AssociateAccessPolicy", {**self._which, **policy, "accessScope": new}, _BACK)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=_LEFT)

    def _policies(self, world: AwsWorld) -> list[dict[str, Any]]:
        told = world.read("eks", "ListAssociatedAccessPolicies", **self._which)
        found = list(told["associatedAccessPolicies"])
        while token := told.get("nextToken"):
            told = world.read("eks", "ListAssociatedAccessPolicies", **self._which, nextToken=token)
            found += told["associatedAccessPolicies"]
        return found
