"""Take rights in a cluster away that an attacker has bound to somebody: the binding is saved, then deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.kubernetes.inside import InsideCluster, still
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

PART: Final = "Binding"
GROUP: Final = "rbac.authorization.k8s.io"
NEVER: Final = ("eks:", "hikeshi-", "system:")
"""What Kubernetes, EKS and Hikeshi themselves live by: taking it away locks people out."""
KEPT: Final = ("annotations", "labels", "name", "namespace")

BindingName = Annotated[str, msgspec.Meta(pattern=r"^[^/%\s]{1,253}$", title="Binding", examples=["debug-admin"])]
MaybeNamespace = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$",
        title="Namespace",
        description="Empty: a ClusterRoleBinding.",
    ),
]

_TAKE: Final = Text(en="Nobody has these rights any more.", ja="この権限を誰も使えなくなります。")
_BACK: Final = Text(en="Made again as saved in the plan.", ja="計画に保存された内容で作り直します。")
_LEFT: Final = (
    Text(
        en="Rights from other bindings, from access entries (aws.eks.contain) and from the aws-auth config map.",
        ja="ほかのバインディング、アクセスエントリ（aws.eks.contain）、aws-auth ConfigMap による権限。",
    ),
    Text(
        en="What was made with these rights: pods, secrets that were read, service accounts. Whoever may bind roles can make it again.",
        ja="この権限で作られた Pod、読み取られた Secret、サービスアカウント。ロールをバインドできる者は再び作成できます。",
    ),
)


class RemoveBinding(InsideCluster, frozen=True, kw_only=True):
    """Undoing makes the same binding again, with another uid. Kubernetes lets only those bind a role who have its rights or may bind it.

    So this is done in the role that eradicates. Source: Kubernetes documentation, "Using RBAC Authorization".
    """

    name: ClassVar = "aws.eks.remove_binding"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    eradicates: ClassVar = True
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Remove a role binding", ja="ロールバインディングを削除する")
    what: ClassVar = Text(
        en="Saves a RoleBinding or ClusterRoleBinding in the plan and deletes it: everybody it names loses these rights at once.",
        ja="RoleBinding または ClusterRoleBinding を計画に保存して削除します。指定された全員がその権限を直ちに失います。",
    )
    by_hand: ClassVar = Text(
        en="kubectl apply -f with the binding saved in the plan.",
        ja="計画に保存されたバインディングを kubectl apply -f で作り直します。",
    )
    permissions: ClassVar = (
        "eks:DescribeCluster",
        "kubernetes:CreateClusterRoleBinding",
        "kubernetes:CreateRoleBinding",
        "kubernetes:DeleteClusterRoleBinding",
        "kubernetes:DeleteRoleBinding",
        "kubernetes:GetClusterRoleBinding",
        "kubernetes:GetRoleBinding",
    )

    binding: BindingName
    namespace: MaybeNamespace = ""

    @property
    def kind(self) -> str:
        return "RoleBinding" if self.namespace else "ClusterRoleBinding"

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return self.binding, self.cluster

    def read(self, world: AwsWorld) -> dict[str, Any]:
        found = self.found(world, self.kind, self.binding, self.namespace)
        return {PART: None if found is None else _manifest(self.kind, found)}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where there is no such binding, and for what the cluster or Hikeshi itself lives by."""
        del world
        if before[PART] is None:
            hint = "Check the name and the namespace; without a namespace a ClusterRoleBinding is meant."
            raise Refused(f"There is no {self.kind} {self.binding} in cluster {self.cluster}.", hint=hint)
        if self.binding.startswith(NEVER):
            hint = "Take its subjects out by hand, once it is certain which of them is the attacker's."
            raise Refused(f"{self.binding} is what the cluster or Hikeshi itself lives by.", hint=hint)
        return {PART: None}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        if new is not None:
            where = {"cluster": self.cluster, **({"namespace": self.namespace} if self.namespace else {})}
            yield Call(f"kubernetes:Create{self.kind}", {**where, "body": new}, _BACK)
            return
        found = self.found(world, self.kind, self.binding, self.namespace)
        if found is not None:
            still(_manifest(self.kind, found), now, part)
            yield self.delete(self.kind, found, _TAKE)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        role = before[PART]["roleRef"]["name"]
        return Around(dependants=tuple(_loses(one, role) for one in before[PART]["subjects"]), will_not_stop=_LEFT)


def _manifest(kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """A binding without what the server writes."""
    metadata = {name: told["metadata"][name] for name in KEPT if told["metadata"].get(name)}
    subjects = list(told.get("subjects") or ())
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": told["roleRef"],
        "subjects": subjects,
    }


def _loses(subject: Mapping[str, Any], role: str) -> Text:
    who = f"{subject.get('kind', '')} {subject.get('name', '')}"
    return Text(en=f"{who} loses the role {role}.", ja=f"{who} はロール {role} を失います。")
