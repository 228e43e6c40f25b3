"""SimulatePrincipalPolicy, which moto lacks: whether a principal would be allowed, by its own policies.

IAM API Reference, SimulatePrincipalPolicy; IAM User Guide, "Policy evaluation logic". Simplified: inline and attached policies of roles, users
and their groups and the permissions boundary of a role are judged; organization, session and resource policies are not, as if none
applied. The caller that moto takes for the owner of any unknown key is no principal of the account; nothing else hinders it either, so it may
do everything. A condition with an operator that is not in `OPERATORS` never holds for an allow and always holds for a deny.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, Literal
from xml.sax.saxutils import escape

import msgspec

from hikeshi.simulation.wire import Answer, Call, error_answer

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
Statement = Mapping[str, Any]
Context = Mapping[str, Sequence[str]]

MOST_NAMES: Final = 100
NAMESPACE: Final = "https://iam.amazonaws.com/doc/2010-05-08/"

OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "DateGreaterThan": lambda value, wanted: value > wanted,
    "DateLessThan": lambda value, wanted: value < wanted,
    "NumericEquals": lambda value, wanted: float(value) == float(wanted),
    "NumericGreaterThanEquals": lambda value, wanted: float(value) >= float(wanted),
    "NumericLessThanEquals": lambda value, wanted: float(value) <= float(wanted),
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": fnmatchcase,
}
NEGATED: Final = {
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
}


class Principal(msgspec.Struct, frozen=True):
    """Whose policies are judged: everything given to it, and its permissions boundary where it has one."""

    policies: tuple[Any, ...]
    boundary: Any = None


OWNER: Final = "user/moto"
"""How moto's GetCallerIdentity ends for keys that it has not given out."""
EVERYTHING: Final = Principal(({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},))


def simulate(call: Call) -> Answer:
    """Answer one call; an unknown principal is NoSuchEntity, as on AWS."""
    form = call.params
    principal = _principal(form.get("PolicySourceArn", ""))
    if principal is None:
        return error_answer(call, 404, "NoSuchEntity", "The principal does not exist (simulated).")
    actions = _members(form, "ActionNames")[:MOST_NAMES]
    resources = _members(form, "ResourceArns") or ["*"]
    context = _context(form)
    results = [
        _result(action, resource, judge(principal, action, resource, context))
        for action in actions
        for resource in resources
    ]
    body = (
        f'<SimulatePrincipalPolicyResponse xmlns="{NAMESPACE}"><SimulatePrincipalPolicyResult>'
        f"<IsTruncated>false</IsTruncated><EvaluationResults>{''.join(results)}</EvaluationResults>"
        "</SimulatePrincipalPolicyResult><ResponseMetadata><RequestId>simulated</RequestId></ResponseMetadata>"
        "</SimulatePrincipalPolicyResponse>"
    )
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())


def judge(principal: Principal, action: str, resource: str, context: Context) -> Decision:
    """An explicit deny wins; else both the policies and the boundary, where there is one, must allow it."""
    given = list(_effects(principal.policies, action, resource, context))
    bounded = None if principal.boundary is None else list(_effects((principal.boundary,), action, resource, context))
    if "Deny" in given or "Deny" in (bounded or ()):
        return "explicitDeny"
    return "allowed" if "Allow" in given and (bounded is None or "Allow" in bounded) else "implicitDeny"


def _effects(policies: Iterable[Any], action: str, resource: str, context: Context) -> Iterator[str]:
    for policy in policies:
        for statement in _listed(policy.get("Statement")):
            if _speaks_of(statement, action, resource) and _holds(statement, context):
                yield str(statement["Effect"])


def _speaks_of(statement: Statement, action: str, resource: str) -> bool:
    named = _matches(action.lower(), [one.lower() for one in _listed(statement.get("Action"))])
    if "NotAction" in statement:
        named = not _matches(action.lower(), [one.lower() for one in _listed(statement["NotAction"])])
    meant = _matches(resource, _listed(statement.get("Resource")))
    if "NotResource" in statement:
        meant = not _matches(resource, _listed(statement["NotResource"]))
    return named and meant


def _matches(value: str, patterns: Iterable[str]) -> bool:
    # In IAM only * and ? are special; a bracket is itself.
    return any(fnmatchcase(value, pattern.replace("[", "[[]")) for pattern in patterns)


def _holds(statement: Statement, context: Context) -> bool:
    unsure = statement["Effect"] == "Deny"
    return all(
        _condition(operator, key, [str(one) for one in _listed(wanted)], context, unsure=unsure)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _condition(operator: str, key: str, wanted: Sequence[str], context: Context, *, unsure: bool) -> bool:
    values = next((list(given) for name, given in context.items() if name.lower() == key.lower()), [])
    over, _, name = operator.rpartition(":")
    if name == "Null":
        return (not values) == (wanted[0].lower() == "true")
    if not values:
        return name.endswith("IfExists") or over == "ForAllValues" or name in NEGATED
    name = name.removesuffix("IfExists")
    compare = OPERATORS.get(NEGATED.get(name, name))
    if compare is None:
        return unsure
    hits = [any(compare(value, one) for one in wanted) for value in values]
    if name in NEGATED:
        hits = [not hit for hit in hits]
    return all(hits) if over == "ForAllValues" or (name in NEGATED and not over) else any(hits)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _members(form: Mapping[str, str], name: str) -> list[str]:
    """A list of the query protocol: `Name.member.1`, `Name.member.2` ..."""
    found: list[str] = []
    while (key := f"{name}.member.{len(found) + 1}") in form:
        found.append(form[key])
    return found


def _context(form: Mapping[str, str]) -> Context:
    context: dict[str, list[str]] = {}
    number = 1
    while (entry := f"ContextEntries.member.{number}") and f"{entry}.ContextKeyName" in form:
        context[form[f"{entry}.ContextKeyName"]] = _members(form, f"{entry}.ContextKeyValues")
        number += 1
    return context


def _result(action: str, resource: str, decision: Decision) -> str:
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{decision}</EvalDecision><MatchedStatements/><MissingContextValues/></member>"
    )


def _principal(arn: str) -> Principal | None:
    """Read from moto's own models, in the account and partition the ARN names."""
    from moto.iam.models import iam_backends  # after the server's SETTINGS: moto reads them when it is imported

    parts = arn.split(":", 5)
    if len(parts) != 6 or "/" not in parts[5]:
        return None
    if parts[5] == OWNER:
        return EVERYTHING
    kind, name = parts[5].split("/", 1)[0], parts[5].rpartition("/")[2]
    backend: Any = iam_backends[parts[4]][parts[1]]
    if kind == "role":
        role = next((one for one in backend.roles.values() if one.name == name), None)
        if role is None:
            return None
        boundary = backend.managed_policies.get(role.permissions_boundary_arn or "")
        return Principal(tuple(_documents(role)), json.loads(_current(boundary)) if boundary else None)
    user = backend.users.get(name) if kind == "user" else None
    if user is None:
        return None
    groups = [group for group in backend.groups.values() if user in group.users]
    return Principal(tuple(document for one in (user, *groups) for document in _documents(one)))


def _documents(holder: Any) -> Iterator[Any]:
    managed = (_current(policy) for policy in holder.managed_policies.values())
    for text in (*holder.policies.values(), *managed):
        yield json.loads(text) if isinstance(text, str) else text


def _current(policy: Any) -> str:
    return str(next(version.document for version in policy.versions if version.is_default))
