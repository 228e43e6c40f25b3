"""What every action inside a cluster shares: how things there are named, found, and changed only as they were seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.clusters import ClusterName
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
"""A DNS subdomain, as pods and nodes are named."""
Namespace = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", title="Namespace", examples=["shop"])
]
Thing = Mapping[str, Any]


class InsideCluster(Setting[AwsWorld], frozen=True, kw_only=True):
    """A setting of things in a cluster. A patch names the version that was read: whoever was quicker makes it a conflict, and it is read anew."""

    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    stale: ClassVar = ("Conflict",)

    cluster: ClusterName

    def found(self, world: AwsWorld, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        """One thing as the cluster tells it, None where there is none. Raises `Refused` where there is no such cluster."""
        try:
            return world.read("kubernetes", f"Get{kind}", **self.which(name, namespace))
        except CallFailed as failure:
            if failure.code == "NotFound":
                return None
            if failure.code != "ResourceNotFoundException":
                raise
        hint = "Check the account, the region and the name."
        raise Refused(f"There is no EKS cluster {self.cluster} in {world.account} {world.region}.", hint=hint)

    def listed(self, world: AwsWorld, kind: str, namespace: str = "") -> Iterator[dict[str, Any]]:
        """Everything of a kind in a namespace, over all pages."""
        after = ""
        while True:
            asked = {"cluster": self.cluster, "namespace": namespace, "after": after}
            told = world.read("kubernetes", f"List{kind}", **asked)
            yield from told.get("items", ())
            after = told.get("metadata", {}).get("continue", "")
            if not after:
                return

    def which(self, name: str, namespace: str = "") -> dict[str, str]:
        """The parameters that name one thing."""
        return {"cluster": self.cluster, "name": name, **({"namespace": namespace} if namespace else {})}

    def patch(self, kind: str, thing: Thing, change: Mapping[str, Any], why: Text) -> Call:
        """The call that merges `change` into a thing, if it is still as it was read."""
        seen = thing["metadata"]
        metadata = {**change.get("metadata", {}), "resourceVersion": seen["resourceVersion"]}
        which = self.which(seen["name"], seen.get("namespace", ""))
        return Call(f"kubernetes:Patch{kind}", {**which, "body": {**change, "metadata": metadata}}, why)

    def delete(self, kind: str, thing: Thing, why: Text) -> Call:
        """The call that deletes exactly what was read."""
        seen = thing["metadata"]
        body = {"preconditions": {name: seen[name] for name in ("resourceVersion", "uid")}}
        return Call(
            f"kubernetes:Delete{kind}", {**self.which(seen["name"], seen.get("namespace", "")), "body": body}, why
        )


def still(now: Any, seen: Any, part: str) -> None:
    """Raises `Refused` where what is there now is not what was seen a moment ago."""
    if now != seen:
        raise Refused(
            f"{part} was changed in this moment by somebody else.", hint="Look at it, then plan the step again."
        )


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector of Kubernetes fits these labels; an empty one fits everything."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_fits(one, labels) for one in selector.get("matchExpressions") or ())


def _fits(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    return {
        "DoesNotExist": key not in labels,
        "Exists": key in labels,
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
    }.get(expression["operator"], True)
