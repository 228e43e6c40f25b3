"""Whether each permission of each action would be given now. Asked of IAM, with what the action would name: resources, tags, conditions.

IAM API Reference, SimulatePrincipalPolicy: it judges the principal's own policies, its boundary and the organization's policies without
conditions; the policies of the resources themselves (buckets, keys) it does not. Where it may not be asked, the answer is unknown; only the
isolation group is also tried by DryRun (isolation_group.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hikeshi.actions.aws.policy import SCOPES, Role, Scope, filled, looks_only, names_of, of_iam, role_of
from hikeshi.actions.aws.preflight.question import Answer, Ground, Kind, Place, Question, no, unknown, yes
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

MOST_NAMES = 50
"""Permissions asked about in one call."""

SAMPLE = "hikeshi-preflight"
"""Stands where a policy has a star: no resource that exists is meant."""

ROLES: tuple[Role, ...] = ("read", "acquire", "contain", "eradicate")


class Wish(msgspec.Struct, frozen=True):
    """One permission on some resources, with the values of condition keys as the action would send them."""

    permission: str
    resources: tuple[str, ...] = ("*",)
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


def _ask(ground: Ground) -> Iterator[Answer]:
    for role in ROLES:
        kinds = [kind for kind in ground.actions if role_of(kind) == role]
        if kinds:
            yield from _of_role(ground, role, kinds)


def _of_role(ground: Ground, role: Role, kinds: Sequence[Kind]) -> Iterator[Answer]:
    names = of_iam(name for kind in kinds for name in kind.permissions)
    try:
        given = _given(ground, role, [name for name in names if not looks_only(name)])
        given |= _given(ground, "read", filter(looks_only, names))
    except CallFailed as failure:
        for kind in kinds:
            en, ja = f"IAM could not be asked: {failure}", f"IAM に照会できません ({failure.code})。"
            yield unknown(en, ja, action=kind.name, todo=_MAY_ASK)
        return
    for kind in kinds:
        yield _of_action(kind, given, role)


def _given(ground: Ground, role: Role, names: Iterable[str]) -> dict[str, str]:
    principal = principal_of(ground, role)
    wishes = [wish for name in names for wish in wishes_for(ground.place, name)]
    return dict(simulated(ground.world(), principal, wishes)) if principal and wishes else {}


_MAY_ASK = Text(
    en="Give the read role iam:SimulatePrincipalPolicy and iam:GetRole.",
    ja="読み取りロールに iam:SimulatePrincipalPolicy と iam:GetRole を許可してください。",
)

_IN_THE_CLUSTER = Text(
    en="Apply deploy/kubernetes/roles.yaml in each cluster, with an access entry and group for each role (docs/deploy-aws.md).",
    ja="各クラスターに deploy/kubernetes/roles.yaml を適用し、ロールごとにアクセスエントリとグループを作成してください (docs/deploy-aws.md)。",
)


def _of_action(kind: Kind, given: Mapping[str, str], role: Role) -> Answer:
    refused = [f"{name} ({given[name]})" for name in kind.permissions if given.get(name, "allowed") != "allowed"]
    open_ones = [name for name in kind.permissions if name not in given]
    if refused:
        role = "read" if all(looks_only(name.partition(" ")[0]) for name in refused) else role
        return no(
            f"Not given to the {role} role: {', '.join(refused)}.",
            f"ロールに許可されていません: {', '.join(refused)}。",
            action=kind.name,
            todo=Text(
                en=f"Give it what `hikeshi action policy --role {role}` prints, and look for what denies it.",
                ja=f"`hikeshi action policy --role {role}` の内容を許可し、拒否しているポリシーがないか確認してください。",
            ),
        )
    if open_ones and not of_iam(open_ones):
        return unknown(
            f"IAM gives all it can; the cluster itself decides on {', '.join(open_ones)}.",
            f"IAM の権限はそろっています。次はクラスター側の権限です: {', '.join(open_ones)}。",
            action=kind.name,
            todo=_IN_THE_CLUSTER,
        )
    if open_ones:
        return unknown(
            f"Could not be found out: {', '.join(open_ones)}.",
            f"確認できません: {', '.join(open_ones)}。",
            action=kind.name,
            todo=_MAY_ASK,
        )
    count = len(kind.permissions)
    return yes(
        f"All {count} permissions are given.", f"必要な権限 {count} 件がすべて許可されています。", action=kind.name
    )


def principal_of(ground: Ground, role: Role) -> str:
    """The ARN IAM is asked about; empty where there is none to ask about (the account's root user)."""
    if arn := ground.place.roles.get(role):
        return arn
    told = ground.own().read("sts", "GetCallerIdentity")["Arn"]
    kind, _, name = told.split(":", 5)[5].partition("/")
    if kind == "user":
        return str(told)
    if kind != "assumed-role":
        return ""
    # The ARN of a session has lost the path of its role.
    return str(ground.own().read("iam", "GetRole", RoleName=name.partition("/")[0])["Role"]["Arn"])


def wishes_for(place: Place, permission: str) -> Iterator[Wish]:
    """One wish for each scope the permission is given in; none where it is about a bucket and no bucket is set."""
    names = names_of(
        account=place.account, region=place.region, bucket=place.evidence_bucket,
        prefix=place.evidence_prefix, partition=place.partition,
    )  # fmt: skip
    for scope in SCOPES.get(permission, (Scope(("*",)),)):
        if place.evidence_bucket or not any("{bucket}" in one for one in scope.resources):
            resources = tuple(filled(one, names).replace("*", SAMPLE) if one != "*" else one for one in scope.resources)
            yield Wish(permission, resources, tuple(_context(scope.condition, names)))


def _context(
    condition: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Values that fulfil the condition of a scope, as the action's own calls do."""
    for operator, keys in condition.items():
        for key, wanted in keys.items():
            values = [str(one) for one in wanted] if isinstance(wanted, (list, tuple)) else [str(wanted)]
            if operator == "Null":
                if values[0].lower() == "false":
                    yield key, (SAMPLE,)
            elif "Not" not in operator:  # what must not be there is left away
                yield key, (filled(values[0], names).replace("*", SAMPLE),)


def simulated(world: AwsWorld, principal: str, wishes: Iterable[Wish]) -> dict[str, str]:
    """Permission to decision: allowed, implicitDeny, explicitDeny; the worst of all its wishes. Raises `CallFailed`."""
    alike: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for wish in wishes:
        alike[wish.resources, wish.context].append(wish.permission)
    worst: dict[str, str] = {}
    for (resources, context), names in alike.items():
        for start in range(0, len(names), MOST_NAMES):
            for name, decision in _asked(world, principal, names[start : start + MOST_NAMES], resources, context):
                worst[name] = max(worst.get(name, "allowed"), decision, key=_BADNESS.index)
    return worst


_BADNESS = ("allowed", "implicitDeny", "explicitDeny")


def _asked(
    world: AwsWorld,
    principal: str,
    names: Sequence[str],
    resources: Sequence[str],
    context: Sequence[tuple[str, tuple[str, ...]]],
) -> Iterator[tuple[str, str]]:
    entries = [
        {
            "ContextKeyName": key,
            "ContextKeyValues": list(values),
            "ContextKeyType": "stringList" if key.lower().endswith("keys") else "string",
        }
        for key, values in context
    ]
    params: dict[str, Any] = {
        "PolicySourceArn": principal,
        "ActionNames": list(names),
        "ResourceArns": list(resources),
        "ContextEntries": entries,
    }
    marker: dict[str, str] = {}
    while True:
        told = world.read("iam", "SimulatePrincipalPolicy", **params, **marker)
        for result in told["EvaluationResults"]:
            yield result["EvalActionName"], result["EvalDecision"]
        if not told.get("IsTruncated"):
            return
        marker = {"Marker": told["Marker"]}


QUESTION = Question(
    title=Text(en="Are the permissions given?", ja="必要な権限は許可されているか"),
    ask=_ask,
    permissions=("iam:GetRole", "iam:SimulatePrincipalPolicy", "sts:GetCallerIdentity"),
    regional=False,
)
