"""What the roles of an account may do inside its EKS clusters: ClusterRoles and their bindings, from what the actions declare.

Each role of the account comes into a cluster by an access entry with the group of the same name (`hikeshi-contain`); nothing else is given.
Kubernetes documentation, "Using RBAC Authorization"; Amazon EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hikeshi.actions.action import Action
from hikeshi.actions.aws.policy import Role, role_of
from hikeshi.aws.kubernetes import KINDS, OPERATIONS, SERVICE

READING: Final = ("Get", "List")
API: Final = "rbac.authorization.k8s.io"
BINDING: Final = {"apiGroups": [API], "resources": ["clusterroles", "roles"], "verbs": ["bind"]}
"""Making a binding again that was removed needs the right to bind its role, whichever it is: only the role that eradicates has it."""


def manifests(kinds: Iterable[type[Action[Any]]], roles: Iterable[Role]) -> Iterator[dict[str, Any]]:
    """A ClusterRole and a ClusterRoleBinding for each role that does anything in a cluster."""
    kinds = list(kinds)
    for role in roles:
        if rules := _rules(role, kinds):
            name = f"hikeshi-{role}"
            yield {"apiVersion": f"{API}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}
            yield {
                "apiVersion": f"{API}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": name},
                "roleRef": {"apiGroup": API, "kind": "ClusterRole", "name": name},
                "subjects": [{"apiGroup": API, "kind": "Group", "name": name}],
            }


def _rules(role: Role, kinds: Iterable[type[Action[Any]]]) -> list[dict[str, Any]]:
    """Reading is done in the role that reads, whoever changes something afterwards."""
    verbs: dict[tuple[str, str], set[str]] = defaultdict(set)
    binds = False
    for kind in kinds:
        for operation in _inside(kind):
            verb, thing = OPERATIONS[operation]
            if role == ("read" if verb in READING else role_of(kind)):
                verbs[KINDS[thing].group, KINDS[thing].plural].add(verb.lower())
                binds |= verb == "Create" and thing.endswith("Binding")
    rules = [
        {"apiGroups": [group], "resources": [plural], "verbs": sorted(said)}
        for (group, plural), said in sorted(verbs.items())
    ]
    return [*rules, *([BINDING] if binds else ())]


def _inside(kind: type[Action[Any]]) -> Iterator[str]:
    for permission in kind.permissions:
        service, _, operation = permission.partition(":")
        if service == SERVICE:
            yield operation
