"""End every session of a role that was made until now: a deny with a date, by AWS's clock.

IAM User Guide, "Revoking IAM role temporary security credentials". Sessions made later are allowed, so the way in has to be closed too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.identity import inline
from hikeshi.actions.aws.identity.principals import RACE, IdentitySetting, RoleName, find_role, named, server_time
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

POLICY: Final = "HikeshiRevokeSessions"
SKEW: Final = timedelta(seconds=5)
"""The date lies this much in the future: the clocks that stamp sessions differ a little."""
LONGEST: Final = timedelta(hours=12)
"""No session of a role lives longer (STS API Reference, AssumeRole, DurationSeconds)."""

_NEW = Text(
    en="Sessions made after this moment are allowed: whoever can assume the role again gets a new one. Lock the trust as well"
    " (aws.iam.lock_trust), or close the source.",
    ja="この時点より後に作られたセッションは許可されます。ロールを再び引き受けられる者は新しいセッションを得られます。"
    "信頼ポリシーもロックするか（aws.iam.lock_trust）、入手元をふさいでください。",
)
_REVIVES = Text(
    en="Taking the deny away revives stolen sessions that have not expired. It is refused until 12 hours have passed, unless"
    " release_early was given.",
    ja="拒否を外すと、期限の切れていない盗まれたセッションが再び使えます。release_early を指定しない限り、12 時間たつまで外せません。",
)
_MOMENT = Text(
    en="The date is set anew when it is sent, from AWS's clock; it is never earlier than shown here.",
    ja="日時は送信時に AWS の時計で改めて設定します。ここに示す日時より前になることはありません。",
)


class RevokeRoleSessions(IdentitySetting, frozen=True, kw_only=True):
    """Deny everything to sessions of the role that are older than now. Everybody who shares the role has to sign in again."""

    name: ClassVar = "aws.iam.revoke_role_sessions"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="End all sessions of a role", ja="ロールのすべてのセッションを無効にする")
    what: ClassVar = Text(
        en="Adds a deny to the role for sessions made until now. Every instance, task and person on the role needs a new session.",
        ja="現時点までに作られたセッションへの拒否をロールに加えます。このロールを使うインスタンス、タスク、人はすべて新しいセッションが必要になります。",
    )
    by_hand: ClassVar = Text(
        en=f"IAM console, the role, Permissions: delete the inline policy {POLICY}, not before 12 hours have passed.",
        ja=f"IAM コンソールのロールの［許可］で、インラインポリシー {POLICY} を削除します（12 時間たってから）。",
    )
    permissions: ClassVar = (
        "iam:DeleteRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListRolePolicies",
        "iam:PutRolePolicy",
        "sts:GetCallerIdentity",
    )

    role: RoleName
    release_early: bool = False
    """Whether undoing may revive sessions that have not expired."""

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {
            "arn": find_role(world, self.role)["Arn"],
            self.role: inline.inline(world, "Role", self.role, POLICY),
        }

    def resources(self, before: Parts) -> tuple[str, ...]:
        return named(before["arn"])

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del before
        text = older_than(server_time(world))
        inline.refuse_if_full(world, "Role", self.role, POLICY, text)
        return {self.role: text}

    def same(self, now: Any, planned: Any) -> bool:
        """A deny with a later date covers the planned one; one with an earlier date does not."""
        if now == planned:
            return True
        then, when = date_of(planned), date_of(now)
        return then is not None and when is not None and when >= then

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        # What is put back is older than what is there; only on the way there the date is made anew.
        forward = date_of(new) is not None and not self.same(now, new)
        yield inline.swap("Role", part, POLICY, now, older_than(server_time(world)) if forward else new)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(_NEW, RACE), warnings=(_MOMENT, _REVIVES))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Raises `Refused` while sessions could be revived, unless `release_early` was given."""
        revoked = date_of(inline.inline(world, "Role", self.role, POLICY))
        if revoked and not self.release_early and server_time(world) < revoked + LONGEST:
            hint = f"Wait until {(revoked + LONGEST).isoformat()}, or plan the action with release_early; by hand: {self.by_hand.en}"
            raise Refused("Taking the deny away now would revive stolen sessions that have not expired.", hint=hint)
        return super().undo(world, plan)


def older_than(moment: datetime) -> str:
    """The text of a deny for sessions issued before `moment` (and a little after it)."""
    stamp = (moment + SKEW).strftime("%Y-%m-%dT%H:%M:%SZ")
    return inline.deny(POLICY, {"DateLessThan": {"aws:TokenIssueTime": stamp}})


def date_of(text: Any) -> datetime | None:
    """The date in one of our denies; None where it is not exactly one of ours."""
    try:
        stamp = json.loads(text)["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
        moment = datetime.fromisoformat(stamp)
        return moment if older_than(moment - SKEW) == text else None
    except (ArithmeticError, KeyError, LookupError, TypeError, ValueError):
        return None
