"""Let only named networks reach the Kubernetes API of an EKS cluster from the internet, or nobody."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.data.clusters import ClusterName, find_cluster
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Failed, Refused
from hikeshi.text import Text

Cidrs = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F.:]{2,45}/\d{1,3}$")], ...],
    msgspec.Meta(
        max_length=40,
        title="Networks that may still reach it",
        description="Empty: the public endpoint is switched off.",
        examples=[["192.0.2.0/24"]],
    ),
]
PART: Final = "Endpoint"
ANYWHERE: Final = ("0.0.0.0/0", "::/0")
AGAIN_IN: Final = 30.0

_WHY: Final = Text(
    en="Who reaches the cluster's API over the internet.",
    ja="クラスターの API にインターネットから到達できる範囲です。",
)
_WHO: Final = Text(
    en="Whoever reaches the API over the internet from elsewhere: people, pipelines, and Hikeshi itself for what it does inside the cluster."
    " Nodes use the private endpoint, which is switched on with it.",
    ja="ほかのネットワークからインターネット経由で API を使う人、パイプライン、クラスター内を操作する Hikeshi 自身。"
    "ノードは、同時に有効化されるプライベートエンドポイントを使います。",
)
_LEFT: Final = (
    Text(
        en="Whoever is inside the VPC or on a pod, and connections that are open.",
        ja="VPC 内や Pod 上にいる攻撃者と、確立済みの接続。",
    ),
    Text(
        en="Rights in the cluster and tokens that were taken (aws.eks.contain).",
        ja="クラスター内の権限と、盗まれたトークン（aws.eks.contain）。",
    ),
)


class RestrictEndpoint(Setting[AwsWorld], frozen=True, kw_only=True):
    """The private endpoint is switched on in the same update: without it nodes would be cut off from their own control plane.

    Asynchronous, some minutes: pending while the cluster is UPDATING, and EKS takes one update at a time. Source: Amazon EKS API Reference,
    UpdateClusterConfig; Amazon EKS User Guide, "Cluster API server endpoint".
    """

    name: ClassVar = "aws.eks.restrict_endpoint"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "cluster"
    title: ClassVar = Text(en="Restrict who reaches the cluster's API", ja="クラスター API への到達元を制限する")
    what: ClassVar = Text(
        en="Lets only the named networks reach the cluster's public endpoint, or switches it off; the private one is switched on.",
        ja="クラスターのパブリックエンドポイントに到達できるネットワークを限定するか、無効にします。プライベートエンドポイントは有効にします。",
    )
    by_hand: ClassVar = Text(
        en="EKS console, the cluster, Networking, Manage endpoint access: the values saved in the plan.",
        ja="EKS コンソールのクラスター［ネットワーキング］［エンドポイントアクセスの管理］で、計画に保存された値に戻します。",
    )
    permissions: ClassVar = ("eks:DescribeCluster", "eks:UpdateClusterConfig")

    cluster: ClusterName
    cidrs: Cidrs = ()

    def read(self, world: AwsWorld) -> dict[str, Any]:
        told = find_cluster(world, self.cluster)["resourcesVpcConfig"]
        public = bool(told.get("endpointPublicAccess", True))
        return {
            PART: {
                "endpointPrivateAccess": bool(told.get("endpointPrivateAccess", False)),
                "endpointPublicAccess": public,
                "publicAccessCidrs": sorted(told.get("publicAccessCidrs") or ANYWHERE[:1]) if public else [],
            }
        }

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return (self.cluster,)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where the networks are none, are everywhere, or would open what is closed now."""
        del world
        now = before[PART]
        for one in self.cidrs:
            _checked(one)
        if self.cidrs and not now["endpointPublicAccess"]:
            raise Refused(
                f"The public endpoint of {self.cluster} is off.",
                hint="Leave the networks out: nothing is to be opened.",
            )
        settings = {"endpointPrivateAccess": True, "endpointPublicAccess": bool(self.cidrs)}
        return {PART: {**settings, "publicAccessCidrs": sorted(set(self.cidrs))}}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part, now
        asked = {name: value for name, value in new.items() if value != []}
        yield Call("eks:UpdateClusterConfig", {"name": self.cluster, "resourcesVpcConfig": asked}, _WHY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_WHO,), will_not_stop=_LEFT)

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        self._wait_for_its_turn(world, plan.before["parts"])
        return self._patient(world, super().do(world, plan), plan.after["parts"])

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self._patient(world, super().check(world, plan), plan.after["parts"])

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        self._wait_for_its_turn(world, plan.after["parts"])
        return self._patient(world, super().undo(world, plan), plan.before["parts"])

    def _wait_for_its_turn(self, world: AwsWorld, was: Parts) -> None:
        if self.read(world)[PART] == was.get(PART) and (status := self._status(world)) != "ACTIVE":
            hint = "EKS changes one thing at a time; repeat the step in some minutes."
            raise Failed(f"Cluster {self.cluster} is {status}.", permanent=False, hint=hint)

    def _patient(self, world: AwsWorld, told: Receipt, wanted: Parts) -> Receipt:
        """What does not show yet is pending while EKS is at work. The work may have ended since it was looked at, so the state comes last."""
        if told.outcome not in ("failed", "refused"):
            return told
        busy = self._status(world) == "UPDATING"
        if not busy and self.read(world)[PART] != wanted.get(PART):
            return told
        return msgspec.structs.replace(told, outcome="pending", again_in=AGAIN_IN if busy else 1.0)

    def _status(self, world: AwsWorld) -> str:
        return str(find_cluster(world, self.cluster).get("status", "ACTIVE"))


def _checked(cidr: str) -> None:
    try:
        ip_network(cidr)
    except ValueError as problem:
        raise Refused(f"{cidr} is no network: {problem}.", hint="Write it as 192.0.2.0/24.") from None
    if cidr in ANYWHERE:
        raise Refused(f"{cidr} is everybody.", hint="Name the networks that need it, or none.")
