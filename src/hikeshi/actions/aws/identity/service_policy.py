"""Service control policies of ours on an account: the only control an administrator inside it cannot take away.

AWS Organizations User Guide, "Service control policies". A policy's name carries a hash of its text, so that an altered policy of the same
name is noticed. It stays in the organization when it is detached, for the next time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.inline import text_of
from hikeshi.actions.aws.identity.principals import IdentitySetting
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Parts
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

AccountId = Annotated[str, msgspec.Meta(pattern=r"^\d{12}$", title="Account", examples=["111122223333"])]

KIND: Final = "SERVICE_CONTROL_POLICY"
QUOTA: Final = 5
"""Service control policies on one account (AWS Organizations User Guide, "Quotas")."""
PERMISSIONS: Final = (
    "organizations:AttachPolicy",
    "organizations:CreatePolicy",
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:DetachPolicy",
    "organizations:ListPolicies",
    "organizations:ListPoliciesForTarget",
    "sts:GetCallerIdentity",
)

_MAKE = Text(en="The policy does not exist yet.", ja="ポリシーがまだありません。")


class ServicePolicy(IdentitySetting, frozen=True, kw_only=True):
    """Attach one to an account. Done with the organization's management account, or one it has delegated to."""

    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "account"
    permissions: ClassVar = PERMISSIONS
    label: ClassVar[str]
    """What its name begins with."""
    attach: ClassVar[Text]
    detach: ClassVar[Text]

    account_id: AccountId

    @property
    def statement(self) -> dict[str, Any]:
        raise NotImplementedError

    @property
    def content(self) -> str:
        """The text of the policy."""
        return text_of({"Version": "2012-10-17", "Statement": [self.statement]})

    @property
    def policy(self) -> str:
        """Its name."""
        return self.label + hashlib.sha256(self.content.encode()).hexdigest()[:12]

    def read(self, world: AwsWorld) -> dict[str, Any]:
        try:
            told = list(
                world.pages("organizations", "ListPoliciesForTarget", "Policies", TargetId=self.account_id, Filter=KIND)
            )
        except CallFailed as failure:
            if failure.code not in ("TargetNotFoundException", "AWSOrganizationsNotInUseException"):
                raise
            hint = "Plan the step for the organization's management account."
            raise Refused(f"Account {self.account_id} is not in this organization.", hint=hint) from None
        ours = [one["Id"] for one in told if one["Name"] == self.policy]
        attached: bool | str = bool(ours)
        if ours and not self._unaltered(world, ours[0]):
            attached = "a policy of our name with another text"
        return {self.account_id: attached, "attached": sorted(one["Name"] for one in told)}

    def _unaltered(self, world: AwsWorld, policy: str) -> bool:
        text = world.read("organizations", "DescribePolicy", PolicyId=policy)["Policy"]["Content"]
        return text_of(json.loads(text)) == self.content

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` for the management account, for our own, and where no more policies fit."""
        management = world.read("organizations", "DescribeOrganization")["Organization"]["MasterAccountId"]
        if self.account_id == management:
            hint = "No policy of the organization binds it: secure its root user and its administrators one by one."
            raise Refused(f"{self.account_id} is the management account.", hint=hint)
        if self.account_id == world.caller.split(":")[4]:
            raise Refused(
                f"{self.account_id} is the account Hikeshi acts from.", hint="Act from the management account."
            )
        if not before[self.account_id] and len(before["attached"]) >= QUOTA:
            hint = "Detach one by hand, or move the account into a unit that denies everything."
            raise Refused(f"{self.account_id} has {QUOTA} service control policies; AWS takes no more.", hint=hint)
        if isinstance(before[self.account_id], str) or not self._usable(world):
            hint = "Look who changed it, and delete it by hand."
            raise Refused(f"The policy {self.policy} in the organization does not have our text.", hint=hint)
        return {self.account_id: True}

    def _usable(self, world: AwsWorld) -> bool:
        known = self._known(world)
        return known is None or self._unaltered(world, known)

    def _known(self, world: AwsWorld) -> str | None:
        listed = world.pages("organizations", "ListPolicies", "Policies", Filter=KIND)
        return next((one["Id"] for one in listed if one["Name"] == self.policy), None)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        if new and self._known(world) is None:
            made = {"Content": self.content, "Description": "Made by Hikeshi", "Name": self.policy, "Type": KIND}
            yield Call("organizations:CreatePolicy", made, _MAKE)
        # Read again: by now it may have been made. In a plan it is not there yet.
        params = {"PolicyId": self._known(world) or "<the policy>", "TargetId": part}
        if new:
            yield Call("organizations:AttachPolicy", params, self.attach)
        else:
            yield Call("organizations:DetachPolicy", params, self.detach)
