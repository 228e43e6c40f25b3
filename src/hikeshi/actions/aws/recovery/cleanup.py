"""When the denies of an incident may be taken off its users and roles: not while a session that was stolen could come back to life."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final

import msgspec

from hikeshi.actions.action import Action, Plan, Receipt
from hikeshi.actions.aws.identity.principals import GONE, server_time
from hikeshi.actions.aws.recovery.standing import Stand, named, stands, to_undo, undo_it
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

LONGEST: Final[Mapping[str, timedelta]] = {
    "aws.iam.deny_user": timedelta(hours=36),
    "aws.iam.quarantine_user": timedelta(hours=36),
    "aws.iam.revoke_instance_sessions": timedelta(hours=12),
    "aws.iam.revoke_role_sessions": timedelta(hours=12),
}
"""How long a session lives at most that the deny stopped: of a user (STS API Reference, GetFederationToken and GetSessionToken) and of a role
(AssumeRole, DurationSeconds). A role's own maximum is not asked: it may have been longer when the session was made."""
SELDOM: Final = 6 * 3600.0

Principal = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[\w+=,.@-]{0,128}$",
        title="Only of this user, role or instance",
        description="Empty: every deny of the incident.",
    ),
]

_ON_IT: Final = Text(
    en="A deny on an instance's sessions may only go once the instance is rebuilt or has another role: whoever is on it gets new credentials at"
    " once.",
    ja="インスタンスのセッションへの拒否は、インスタンスを作り直すかロールを替えるまで外さないでください。侵入者は新しい認証情報をすぐに得られます。",
)
_KEYS: Final = Text(
    en="Access keys that were switched off stay off, and are replaced rather than switched on again.",
    ja="無効化したアクセスキーは有効に戻さず、新しいものに交換してください。",
)


class Cleanup(Action[AwsWorld], frozen=True, kw_only=True):
    """Names what may go now and until when the rest has to stay, and has its end when nothing has to stay any longer.

    It takes nothing off itself: each deny is taken off by undoing its step, approved and recorded as one, and only what the saved plans of
    the incident put there. A session that was made just before the deny is as old as the plan at most, so its time counts from the plan's end.
    """

    name: ClassVar = "aws.iam.cleanup"
    provider: ClassVar = "aws"
    effect: ClassVar = "look"
    reversible: ClassVar = "no"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Take the denies off in time", ja="拒否ポリシーを適切な時期に外す")
    what: ClassVar = Text(
        en="Names the denies of the incident that may be taken off now, and waits until the others may.",
        ja="このインシデントで加えた拒否のうち今外せるものを示し、残りが外せるようになるまで待ちます。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = (
        "ec2:DescribeInstances", "iam:GetInstanceProfile", "iam:GetRole", "iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy",
        "iam:ListAttachedUserPolicies", "sts:GetCallerIdentity",
    )  # fmt: skip

    principal: Principal = ""

    def plan(self, world: AwsWorld) -> Plan:
        until = {named(one): _until(one).isoformat(timespec="minutes") for one in self._denies(world)}
        subject = self.principal or world.incident
        return make_plan(
            world, self, resources=(subject,), calls=(), before={}, after={"until": until}, will_not_stop=(_ON_IT, _KEYS),
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self.check(world, plan)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """`pending` while a deny has to stay; then `done`, naming what may go. `partial` where somebody else has changed one."""
        found = [(one, _stands(world, one)) for one in self._denies(world)]
        state = {named(one): [stand, _until(one).isoformat(timespec="minutes")] for one, stand in found}
        changed = [one for one, stand in found if stand == "changed by somebody else"]
        if changed:
            summary = Text(
                en=f"Stop: {named(changed[0])} was changed by somebody else, or cannot be read. Look at it first.",
                ja=f"停止: {named(changed[0])} はほかの誰かに変更されたか、読み取れません。先に確認してください。",
            )
            return receipt(self, "partial", summary, state, still_open=map(undo_it, changed))
        left = [one for one, stand in found if stand == "in effect"]
        now = server_time(world) if left else world.now()
        may, stay = [one for one in left if _until(one) <= now], [one for one in left if _until(one) > now]
        summary = Text(
            en=f"Denies that may be undone now: {len(may)}; that have to stay a while: {len(stay)}.",
            ja=f"今外せる拒否: {len(may)} 件。しばらく維持する拒否: {len(stay)} 件。",
        )
        notes = (*map(undo_it, may), *map(_wait, stay), *(plan.will_not_stop if left else ()))
        if not stay:
            return receipt(self, "done", summary, state, grade="configured", still_open=notes)
        soonest = (min(map(_until, stay)) - now).total_seconds()
        return receipt(self, "pending", summary, state, still_open=notes, again_in=min(SELDOM, soonest + 1.0))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "Nothing was changed.")

    def _denies(self, world: AwsWorld) -> list[Plan]:
        return to_undo(
            world, lambda one: one.action in LONGEST and (not self.principal or self.principal in one.resources)
        )


def _stands(world: AwsWorld, plan: Plan) -> Stand:
    try:
        return stands(world, plan)
    except Refused:  # it is no more what it was: where it is not gone altogether, people have to look
        return "gone" if _removed(world, plan) else "changed by somebody else"


def _removed(world: AwsWorld, plan: Plan) -> bool:
    """Whether the user or the role is gone, and the deny with it."""
    for key, operation, name in (("user", "GetUser", "UserName"), ("role", "GetRole", "RoleName")):
        if which := plan.inputs.get(key):
            try:
                world.read("iam", operation, **{name: which})
            except CallFailed as failure:
                return failure.code in GONE
    return False


def _until(plan: Plan) -> datetime:
    """Until when a session could live that was made before the deny; nothing is begun after the plan's own end."""
    return plan.expires_at + LONGEST[plan.action]


def _wait(plan: Plan) -> Text:
    until = _until(plan).isoformat(timespec="minutes")
    return Text(
        en=f"Not before {until}: {named(plan)}; a stolen session could come back to life.",
        ja=f"{until} まで外さないでください: {named(plan)}。盗まれたセッションが再び使えるおそれがあります。",
    )
