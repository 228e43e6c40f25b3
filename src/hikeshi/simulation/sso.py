"""What moto's Identity Center lacks: users that are disabled, and permission sets whose last change is not in the accounts yet.

Identity Store API Reference, UpdateUser; IAM Identity Center API Reference, ProvisionPermissionSet,
ListAccountsForProvisionedPermissionSet. Simplified: only `userStatus` of a user can be changed, provisioning is done at once, and a
permission set that is behind is behind in one account.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

PassOn = Callable[[], Answer]


class Center:
    """Who is disabled, and what is not provisioned."""

    def __init__(self) -> None:
        self._disabled: set[str] = set()
        self._behind: set[str] = set()

    def forget(self) -> None:
        self._disabled, self._behind = set(), set()

    def describe_user(self, call: Call, pass_on: PassOn) -> Answer:
        answer = pass_on()
        if answer.status != 200:
            return answer
        status = "DISABLED" if call.params["UserId"] in self._disabled else "ENABLED"
        return msgspec.structs.replace(answer, body=msgspec.json.encode({**answer.json(), "UserStatus": status}))

    def update_user(self, call: Call) -> Answer:
        for change in call.params["Operations"]:
            if change["AttributePath"] != "userStatus":
                return error_answer(call, 400, "ValidationException", "Only userStatus is simulated.")
            known = self._disabled
            (known.add if change["AttributeValue"] == "DISABLED" else known.discard)(call.params["UserId"])
        return json_answer({})

    def change_policy(self, call: Call, pass_on: PassOn) -> Answer:
        answer = pass_on()
        if answer.status == 200:
            self._behind.add(call.params["PermissionSetArn"])
        return answer

    def provision(self, call: Call, pass_on: PassOn) -> Answer:
        answer = pass_on()
        if answer.status == 200:
            self._behind.discard(call.params["PermissionSetArn"])
        return answer

    def accounts(self, call: Call, pass_on: PassOn) -> Answer:
        if call.params.get("ProvisioningStatus") != "LATEST_PERMISSION_SET_NOT_PROVISIONED":
            return pass_on()
        return json_answer({"AccountIds": [cast.ACCOUNT] if call.params["PermissionSetArn"] in self._behind else []})
