"""AssumeRole as AWS answers it: the role must exist and trust the caller, and the session has no more than its policy gives.

moto hands out credentials for any name and ignores the external id. Here, as on AWS (AWS STS API Reference, AssumeRole):

    a role that does not exist, another external id, or a source identity the trust policy does not allow to be set: AccessDenied
    a duration over an hour or over the role's own maximum: ValidationError; a session policy over 2048 characters: PackedPolicyTooLarge
    with a session policy, the session may make only the calls that the policy names

Simplified: of the trust policy only the external id and `sts:SetSourceIdentity` are looked at, not the principal; of the session policy only
the actions, neither resources nor conditions; the packed size of a policy is taken for its length.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from hikeshi.actions.aws.world import permission_for
from hikeshi.simulation.faults import DENIED
from hikeshi.simulation.wire import Answer, Call, error_answer

MOST_SECONDS: Final = 3600
MOST_POLICY: Final = 2048


class Sessions:
    """The sessions handed out, by the access key each has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()

    def account(self, key: str) -> str:
        """The account an access key belongs to; "" is the first one."""
        return self._kept.get(key, ("", None))[0]

    def denies(self, key: str, call: Call) -> Answer | None:
        """The refusal of a call that the policy of its session does not name."""
        allowed = self._kept.get(key, ("", None))[1]
        name = permission_for(call.service, call.operation)
        if allowed is None or name == "sts:GetCallerIdentity" or any(fnmatchcase(name, one) for one in allowed):
            return None
        status, code = DENIED[call.protocol]
        told = f"{name} is not allowed: no session policy allows the {name} action (simulated)"
        return error_answer(call, status, code, told)

    def assume(self, call: Call, pass_on: Callable[[], Answer]) -> Answer:
        """STS AssumeRole."""
        arn = str(call.params.get("RoleArn", ""))
        wrong = _refused(call, arn)
        if wrong is not None:
            return wrong
        answer = pass_on()
        key = answer.body.decode().partition("<AccessKeyId>")[2].partition("<")[0]
        policy = call.params.get("Policy")
        with self._lock:
            self._kept[key] = (arn.split(":")[4], _actions(str(policy)) if policy else None)
        return answer


def _refused(call: Call, arn: str) -> Answer | None:
    params = call.params
    denied = f"User is not authorized to perform: sts:AssumeRole on resource: {arn} (simulated)"
    trust, most = _role(arn)
    if trust is None or not _trusts(trust, params):
        return error_answer(call, 403, "AccessDenied", denied)
    if int(params.get("DurationSeconds", MOST_SECONDS)) > min(MOST_SECONDS, most):
        return error_answer(call, 400, "ValidationError", "DurationSeconds exceeds the MaxSessionDuration (simulated)")
    if len(str(params.get("Policy", ""))) > MOST_POLICY:
        return error_answer(call, 400, "PackedPolicyTooLarge", "The session policy is too large (simulated)")
    return None


def _role(arn: str) -> tuple[Mapping[str, Any] | None, int]:
    from moto.iam.models import iam_backends  # after the server's settings: moto reads them when it is imported

    _, partition, _, _, account, path = (*arn.split(":", 5), "", "", "", "", "")[:6]
    roles: Iterable[Any] = iam_backends[account][partition or "aws"].roles.values() if account.isdigit() else ()
    for role in roles:
        if role.name == path.rpartition("/")[2]:
            return msgspec.json.decode(unquote(role.assume_role_policy_document)), int(
                role.max_session_duration or MOST_SECONDS
            )
    return None, 0


def _trusts(trust: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    statements = [one for one in _listed(trust.get("Statement")) if one.get("Effect") == "Allow"]
    given = [one for one in statements if _fits(one, params)]
    names = {name for one in given for name in _listed(one.get("Action"))}
    may_name = "SourceIdentity" not in params or names & {"sts:SetSourceIdentity", "sts:*", "*"}
    return bool(names & {"sts:AssumeRole", "sts:*", "*"} and may_name)


def _fits(statement: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    wanted = statement.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId")
    return wanted is None or params.get("ExternalId") in _listed(wanted)


def _actions(policy: str) -> tuple[str, ...]:
    statements = _listed(msgspec.json.decode(policy).get("Statement"))
    return tuple(name for one in statements if one.get("Effect") == "Allow" for name in _listed(one.get("Action")))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
