"""Cut one pod off: out of its services, under a policy that lets nothing through, and kept from being evicted. It goes on running."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.kubernetes.inside import InsideCluster, Name, Namespace, selects, still
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import receipt
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

POD: Final = "Pod"
POLICY: Final = "NetworkPolicy"
LABEL: Final = "hikeshi.io/isolated"
PLATFORM: Final = "eks.amazonaws.com/"
"""Labels that EKS itself goes by (Fargate profiles) stay."""
KEEP: Final = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
"""Cluster Autoscaler FAQ; Karpenter, "Disruption", pod-level controls."""

_CUT: Final = Text(en="Nothing may come to the pod or leave it.", ja="Pod の送受信をすべて拒否します。")
_OUT: Final = Text(
    en="Without its labels no service leads to it, no other policy lets it through, and its controller leaves it alone; it is not evicted.",
    ja="ラベルを外すと、サービスの宛先、ほかのポリシーの許可、コントローラーの管理から外れます。退避もされません。",
)
_BACK: Final = Text(en="As saved in the plan.", ja="計画に保存された値に戻します。")
_GONE: Final = Text(en="Our policy is taken away.", ja="こちらのポリシーを外します。")
_ADOPTED: Final = Text(
    en="With its labels back the pod belongs to its controller again, which then has one too many and may end this one.",
    ja="ラベルを戻すとコントローラーの管理下に戻り、余分な 1 つとしてこの Pod が終了される場合があります。",
)
_HOST: Final = Text(
    en="The pod uses the network of its node: no policy holds for it. Isolate the node instead.",
    ja="Pod はノードのネットワークを使っており、ポリシーは効きません。ノードを隔離してください。",
)
_LEFT: Final = (
    Text(
        en="A policy only holds where the cluster's network plugin enforces it (for the VPC CNI it has to be switched on), and connections that"
        " are open may go on.",
        ja="ポリシーは、ネットワークプラグインが強制している場合にのみ有効です（VPC CNI では有効化が必要）。確立済みの接続は続く場合があります。",
    ),
    Text(
        en="The pod's service account and IAM role: whoever has their tokens uses them from elsewhere (aws.iam.revoke_role_sessions).",
        ja="Pod のサービスアカウントと IAM ロール。盗まれたトークンは外部で使えます（aws.iam.revoke_role_sessions）。",
    ),
    Text(
        en="An escape to the node, and whoever may run commands in pods.",
        ja="ノードへの脱出と、Pod 内でコマンドを実行できる利用者。",
    ),
)


class IsolatePod(InsideCluster, frozen=True, kw_only=True):
    """The policy is made before the labels go, so that there is no moment with neither. It selects the pod by its uid, which no other has.

    All labels go, not only those of services: policies add up, and another one that still fits the pod would go on letting it through.
    Source: Kubernetes documentation, "Network Policies", "Labels and Selectors"; Amazon EKS Best Practices Guide, "Incident response".
    """

    name: ClassVar = "aws.eks.isolate_pod"
    reversible: ClassVar = "with-loss"
    target: ClassVar = "pod"
    title: ClassVar = Text(en="Cut a pod off", ja="Pod を隔離する")
    what: ClassVar = Text(
        en="Takes the pod out of its services, lets nothing in or out of it, and keeps it from being evicted. It goes on running.",
        ja="Pod をサービスから外し、送受信をすべて拒否し、退避されないようにします。Pod は動き続けます。",
    )
    by_hand: ClassVar = Text(
        en="kubectl: label the pod as saved in the plan, remove hikeshi.io/isolated, delete the NetworkPolicy hikeshi-<uid of the pod>.",
        ja="kubectl で、計画に保存されたラベルを Pod に付け直し、hikeshi.io/isolated を外し、NetworkPolicy hikeshi-<Pod の UID> を削除します。",
    )
    permissions: ClassVar = (
        "eks:DescribeCluster",
        "kubernetes:CreateNetworkPolicy",
        "kubernetes:DeleteNetworkPolicy",
        "kubernetes:GetNetworkPolicy",
        "kubernetes:GetPod",
        "kubernetes:ListNetworkPolicy",
        "kubernetes:PatchPod",
    )

    namespace: Namespace
    pod: Annotated[Name, msgspec.Meta(title="Pod", examples=["web-6d4cf56db6-x2lzp"])]

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return f"{self.namespace}/{self.pod}", self.pod, self.cluster

    def read(self, world: AwsWorld) -> dict[str, Any]:
        pod = self._pod(world)
        policy = self.found(world, POLICY, _policy_name(pod["metadata"]["uid"]), self.namespace)
        return {POLICY: None if policy is None else _plain(policy["spec"]), POD: _seen(pod)}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        pod = self._pod(world)
        spec = pod.get("spec", {})
        return {
            "Running": {
                "containers": [[one["name"], one.get("image", "")] for one in spec.get("containers", ())],
                "hostNetwork": bool(spec.get("hostNetwork", False)),
                "node": spec.get("nodeName", ""),
                "owners": [f"{one['kind']} {one['name']}" for one in pod["metadata"].get("ownerReferences", ())],
                "serviceAccount": spec.get("serviceAccountName", ""),
            },
            "StillFit": sorted(self._still_fit(world, pod["metadata"]["uid"])),
        }

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        pod = before[POD]
        return {
            POLICY: {"podSelector": {"matchLabels": {LABEL: pod["uid"]}}, "policyTypes": ["Egress", "Ingress"]},
            POD: {"annotations": KEEP, "labels": _kept(pod), "uid": pod["uid"]},
        }

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        if part == POD:
            pod = self._pod(world)
            still(_seen(pod), now, part)
            change = {"metadata": {name: _difference(now[name], new[name]) for name in ("annotations", "labels")}}
            yield self.patch(POD, pod, change, _OUT if LABEL in new["labels"] else _BACK)
        elif new is not None:
            uid = new["podSelector"]["matchLabels"][LABEL]
            still(self._pod(world)["metadata"]["uid"], uid, POD)
            name = _policy_name(uid)
            metadata = {"name": name, "namespace": self.namespace}
            body = {"apiVersion": "networking.k8s.io/v1", "kind": POLICY, "metadata": metadata, "spec": new}
            yield Call(
                "kubernetes:CreateNetworkPolicy",
                {"cluster": self.cluster, "namespace": self.namespace, "body": body},
                _CUT,
            )
        else:
            policy = self.found(world, POLICY, _policy_name(now["podSelector"]["matchLabels"][LABEL]), self.namespace)
            if policy is not None:
                still(_plain(policy["spec"]), now, part)
                yield self.delete(POLICY, policy, _GONE)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        running = before["Running"]
        return Around(
            dependants=tuple(map(_replaced, running["owners"])),
            warnings=(*((_HOST,) if running["hostNetwork"] else ()), _ADOPTED),
            will_not_stop=(*map(_lets_through, before["StillFit"]), *_LEFT),
        )

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Where the pod is gone, or another has its name, only our policy is taken away."""
        uid = plan.before["parts"][POD]["uid"]
        pod = self.found(world, POD, self.pod, self.namespace)
        if pod is not None and pod["metadata"]["uid"] == uid:
            return super().undo(world, plan)
        policy = self.found(world, POLICY, _policy_name(uid), self.namespace)
        if policy is not None:
            world.send(self.delete(POLICY, policy, _GONE))
        summary = Text(
            en=f"The pod {self.pod} that was isolated is gone, and our policy with it.",
            ja=f"隔離した Pod {self.pod} はなくなっており、こちらのポリシーも残っていません。",
        )
        return receipt(self, "already-done" if policy is None else "done", summary, {"uid": uid})

    def _pod(self, world: AwsWorld) -> dict[str, Any]:
        pod = self.found(world, POD, self.pod, self.namespace)
        if pod is None:
            hint = "Its controller may have replaced it: look for its node, its image and its logs instead."
            raise Refused(f"There is no pod {self.namespace}/{self.pod} in cluster {self.cluster}.", hint=hint)
        return pod

    def _still_fit(self, world: AwsWorld, uid: str) -> Iterator[str]:
        """Other policies that select the pod although its labels are gone: what they allow stays allowed."""
        for policy in self.listed(world, POLICY, self.namespace):
            spec, name = policy["spec"], policy["metadata"]["name"]
            allows = bool(spec.get("ingress") or spec.get("egress"))
            if allows and name != _policy_name(uid) and selects(spec.get("podSelector") or {}, {LABEL: uid}):
                yield name


def _policy_name(uid: str) -> str:
    return f"hikeshi-{uid}"


def _plain(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A policy as it can be compared: the server puts its types in order of its own and leaves out what is empty."""
    return {
        **{name: value for name, value in spec.items() if value},
        "policyTypes": sorted(spec.get("policyTypes", ())),
    }


def _seen(pod: Mapping[str, Any]) -> dict[str, Any]:
    """What of a pod is changed, and which one it is: another of the same name has another uid."""
    metadata = pod["metadata"]
    annotations = metadata.get("annotations") or {}
    return {
        "annotations": {name: annotations.get(name) for name in KEEP},
        "labels": dict(metadata.get("labels") or {}),
        "uid": metadata["uid"],
    }


def _kept(pod: Mapping[str, Any]) -> dict[str, str]:
    return {**{name: value for name, value in pod["labels"].items() if name.startswith(PLATFORM)}, LABEL: pod["uid"]}


def _difference(now: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch from one map of texts to another: what goes is null."""
    wanted = {**dict.fromkeys(now), **new}
    return {name: value for name, value in wanted.items() if value != now.get(name)}


def _replaced(owner: str) -> Text:
    return Text(
        en=f"{owner} starts another pod from the same image in its place: scale it down if the image is bad.",
        ja=f"{owner} が同じイメージから代わりの Pod を起動します。イメージに問題があれば、台数を減らしてください。",
    )


def _lets_through(policy: str) -> Text:
    return Text(
        en=f"The NetworkPolicy {policy} fits every pod and still lets through what it allows.",
        ja=f"NetworkPolicy {policy} はすべての Pod に適用され、許可された通信は引き続き通ります。",
    )
