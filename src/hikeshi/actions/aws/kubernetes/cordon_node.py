"""Keep a node as it is: nothing new is placed on it, and nobody takes it away. It is never drained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.kubernetes.inside import InsideCluster, Name, still
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

NODE: Final = "Node"
KEEP: Final = {"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true", "karpenter.sh/do-not-disrupt": "true"}
"""Cluster Autoscaler FAQ; Karpenter, "Disruption", node-level controls."""

_CORDON: Final = Text(
    en="Nothing new is placed on the node, and autoscalers leave it alone.",
    ja="ノードに新しい Pod を配置せず、オートスケーラーの対象からも外します。",
)
_BACK: Final = Text(en="As saved in the plan.", ja="計画に保存された値に戻します。")
_LEFT: Final = (
    Text(
        en="What runs on the node goes on, pods of a DaemonSet are placed all the same, and whoever is on the node stays there.",
        ja="ノード上の Pod は動き続け、DaemonSet の Pod は引き続き配置されます。ノード上の攻撃者もそのままです。",
    ),
    Text(
        en="A managed node group, Auto Scaling or an instance refresh can still replace the instance (aws.asg.standby, aws.ec2.protect).",
        ja="マネージドノードグループ、Auto Scaling、インスタンスの更新はインスタンスを置き換えられます（aws.asg.standby、aws.ec2.protect）。",
    ),
    Text(
        en="A node that is cut off from the cluster is NotReady, and after five minutes its pods are started elsewhere.",
        ja="ノードを隔離すると NotReady になり、5 分後に Pod が別のノードで起動します。",
    ),
)


class CordonNode(InsideCluster, frozen=True, kw_only=True):
    """One patch for both. Draining is not offered: it ends the pods, and starts the bad image elsewhere.

    Source: Kubernetes documentation, "Safely Drain a Node" (what cordoning is), and the documentation of the two autoscalers.
    """

    name: ClassVar = "aws.eks.cordon_node"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "node"
    title: ClassVar = Text(en="Cordon a node", ja="ノードへの配置を止める")
    what: ClassVar = Text(
        en="Places nothing new on the node and keeps autoscalers from removing it, so that it can be acquired. Nothing on it is ended.",
        ja="ノードに新しい Pod を配置せず、オートスケーラーによる削除も防ぎ、証拠を取得できるようにします。動作中の Pod は終了しません。",
    )
    by_hand: ClassVar = Text(
        en="kubectl uncordon <node>, and the annotations of the autoscalers as saved in the plan.",
        ja="kubectl uncordon <ノード名> を実行し、オートスケーラーのアノテーションを計画に保存された値に戻します。",
    )
    permissions: ClassVar = ("eks:DescribeCluster", "kubernetes:GetNode", "kubernetes:PatchNode")

    node: Annotated[Name, msgspec.Meta(title="Node", examples=["ip-10-1-1-17.ap-northeast-1.compute.internal"])]

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return self.node, self.cluster

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {NODE: _seen(self._node(world))}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        return {"Instance": str(self._node(world).get("spec", {}).get("providerID", ""))}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return {NODE: {"annotations": KEEP, "uid": before[NODE]["uid"], "unschedulable": True}}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        node = self._node(world)
        still(_seen(node), now, part)
        change = {
            "metadata": {"annotations": new["annotations"]},
            "spec": {"unschedulable": new["unschedulable"] or None},
        }
        yield self.patch(NODE, node, change, _CORDON if new["unschedulable"] else _BACK)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=_LEFT)

    def _node(self, world: AwsWorld) -> dict[str, Any]:
        node = self.found(world, NODE, self.node)
        if node is None:
            hint = "Check the name; a node that was replaced is an instance all the same (aws.ec2.metadata)."
            raise Refused(f"There is no node {self.node} in cluster {self.cluster}.", hint=hint)
        return node


def _seen(node: Any) -> dict[str, Any]:
    annotations = node["metadata"].get("annotations") or {}
    return {
        "annotations": {name: annotations.get(name) for name in KEEP},
        "uid": node["metadata"]["uid"],
        "unschedulable": bool(node.get("spec", {}).get("unschedulable", False)),
    }
