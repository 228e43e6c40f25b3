"""What moto's IAM lacks: a user's permissions boundary, the two policies of AWS that deny, and keys with the ids of the story.

IAM API Reference, PutUserPermissionsBoundary, DeleteUserPermissionsBoundary. moto knows AWS's own policies only when all of them are
loaded, which takes half a second; here the few that are named in a call are cut out of its list. The boundary is kept on moto's own
user, so it is forgotten with the account. Nothing here, and nothing in moto, judges a call by its conditions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer

AWS_POLICY: Final = "arn:aws:iam::aws:policy/"
STORY: Final = {cast.LEAKED_USER: cast.LEAKED_KEY, cast.BACKDOOR_USER: cast.BACKDOOR_KEY}
OFFERED: Final = frozenset({"AWSCompromisedKeyQuarantineV3", "AWSDenyAll"})


def account() -> Any:
    """Moto's IAM of the simulated account."""
    from moto.iam.models import iam_backends  # moto is there only for drills and tests, and slow to import

    return iam_backends[cast.ACCOUNT]["aws"]


def attach_user_policy(call: Call, pass_on: Callable[[], Answer]) -> Answer:
    _know_policy(call)
    return pass_on()


def create_access_key(call: Call, pass_on: Callable[[], Answer]) -> Answer:
    """The first key of a user of the story gets the id that the logs and the finding name."""
    answer, name = pass_on(), call.params.get("UserName", "")
    wanted = STORY.get(name)
    if answer.status != 200 or wanted is None or wanted in account().access_keys:
        return answer
    key = account().users[name].access_keys[-1]
    made, key.access_key_id = key.access_key_id, wanted
    account().access_keys[wanted] = account().access_keys.pop(made, key)
    body = answer.body.replace(made.encode(), wanted.encode())
    return Answer(status=answer.status, headers=answer.headers, body=body)


def _know_policy(call: Call) -> None:
    """Before a call that names a policy of AWS: moto learns it."""
    arn = call.params.get("PolicyArn") or call.params.get("PermissionsBoundary") or ""
    name = arn.removeprefix(AWS_POLICY)
    known = account().managed_policies
    if name not in OFFERED or arn in known:
        return
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy

    start = aws_managed_policies_data.index(f'"{name}":') + len(name) + 3
    told, _ = json.JSONDecoder().raw_decode(aws_managed_policies_data, start)
    known[arn] = AWSManagedPolicy.from_data(name, cast.ACCOUNT, "us-east-1", told)


def put_user_boundary(call: Call) -> Answer:
    user = account().users.get(call.params.get("UserName", ""))
    _know_policy(call)
    arn = call.params.get("PermissionsBoundary", "")
    if user is None or arn not in account().managed_policies:
        return error_answer(call, 404, "NoSuchEntity", "The user or the policy does not exist (simulated).")
    user.permissions_boundary = {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": arn,
    }
    return _empty(call)


def delete_user_boundary(call: Call) -> Answer:
    user = account().users.get(call.params.get("UserName", ""))
    if user is None or getattr(user, "permissions_boundary", None) is None:
        return error_answer(call, 404, "NoSuchEntity", "There is no such boundary (simulated).")
    user.permissions_boundary = None
    return _empty(call)


def _empty(call: Call) -> Answer:
    """An answer of the query protocol that says nothing but that it was done."""
    space = "https://iam.amazonaws.com/doc/2010-05-08/"
    meta = "<ResponseMetadata><RequestId>simulated</RequestId></ResponseMetadata>"
    body = f'<{call.operation}Response xmlns="{space}">{meta}</{call.operation}Response>'
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())
