"""Watch in CloudTrail whether a contained principal still gets anything done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Action, Plan, Receipt
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.text import Text

LATE: Final = timedelta(minutes=15)
"""How long after a call its event may take to appear (CloudTrail user guide)."""
SOONEST: Final = timedelta(minutes=1)
ASK_AGAIN: Final = 60.0
PAGE: Final = 50
MOST: Final = 1000
"""Events that are looked at; whoever makes more is not contained, or is denied all the time."""
DENIED: Final = (
    "AccessDenied",
    "UnauthorizedOperation",
    "Forbidden",
    "InvalidClientTokenId",
    "ExpiredToken",
    "AuthFailure",
)

Caller = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[\w+=,.@-]{1,128}$",
        title="Access key, user, or session (an instance's is its id)",
        examples=["ci-deploy"],
    ),
]
Minutes = Annotated[int, msgspec.Meta(ge=5, le=1440, title="Minutes")]

_ELSEWHERE = Text(
    en="Calls to global services (IAM, sign-in) are recorded in us-east-1, and each region records its own: watch there as well. Reading and"
    " writing objects is in no lookup at all.",
    ja="グローバルサービス（IAM、サインイン）の呼び出しは us-east-1 に、そのほかは各リージョンに記録されます。それぞれで監視してください。"
    "オブジェクトの読み書きはこの検索には現れません。",
)


class WatchTrail(Action[AwsWorld], frozen=True, kw_only=True):
    """Pending until the time is over and the last events can have come; effect-proven only when the principal tried and was denied.

    Source: CloudTrail API Reference, LookupEvents: management events of 90 days, of one region, 50 at a time, twice a second. A call
    that succeeded ends the watch at once. Silence proves nothing, and is said to.
    """

    name: ClassVar = "aws.cloudtrail.watch"
    provider: ClassVar = "aws"
    effect: ClassVar = "look"
    reversible: ClassVar = "no"
    target: ClassVar = "principal"
    title: ClassVar = Text(
        en="Watch what a contained principal still does", ja="封じ込めたプリンシパルの動きを監視する"
    )
    what: ClassVar = Text(
        en="Looks in CloudTrail for half an hour whether the principal still gets calls through, or only denials.",
        ja="CloudTrail を一定時間確認し、対象のプリンシパルの呼び出しが成功していないか、すべて拒否されているかを調べます。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = ("cloudtrail:LookupEvents",)

    caller: Caller
    minutes: Minutes = 30

    def plan(self, world: AwsWorld) -> Plan:
        since = world.now()
        until = since + timedelta(minutes=self.minutes)
        return make_plan(
            world, self, resources=(self.caller,), calls=(), before={"since": since.isoformat(), "until": until.isoformat()},
            after={}, will_not_stop=(_ELSEWHERE,),
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self.check(world, plan)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        since, until = (datetime.fromisoformat(plan.before[key]) for key in ("since", "until"))
        if world.now() < since + SOONEST:
            return self._waiting(0, until)
        events = self._events(world, since, until)
        through = [one for one in events if not _denied(one)]
        if through:
            return self._still_acting(through, denied=len(events) - len(through))
        if world.now() < until + LATE:
            return self._waiting(len(events), until)
        return self._over(len(events), plan)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "Nothing was changed.")

    def _events(self, world: AwsWorld, since: datetime, until: datetime) -> list[Mapping[str, Any]]:
        key = "AccessKeyId" if self.caller.startswith(("AKIA", "ASIA")) else "Username"
        asked = {
            "LookupAttributes": [{"AttributeKey": key, "AttributeValue": self.caller}], "StartTime": since, "EndTime": until,
            "MaxResults": PAGE,
        }  # fmt: skip
        found: list[Mapping[str, Any]] = []
        for event in world.pages("cloudtrail", "LookupEvents", "Events", **asked):
            found.append(msgspec.json.decode(event["CloudTrailEvent"]))
            if len(found) == MOST:
                break
        return found

    def _waiting(self, denied: int, until: datetime) -> Receipt:
        at = (until + LATE).isoformat(timespec="minutes")
        summary = Text(
            en=f"{self.caller}: {denied} calls denied, none let through so far. The last events can come until {at}.",
            ja=f"{self.caller}: これまでに拒否 {denied} 件、成功 0 件。最後のイベントが届くのは {at} までです。",
        )
        return receipt(self, "pending", summary, {"denied": denied}, again_in=ASK_AGAIN)

    def _still_acting(self, through: list[Mapping[str, Any]], *, denied: int) -> Receipt:
        summary = Text(
            en=f"{self.caller} is not contained: {len(through)} calls got through, {denied} were denied.",
            ja=f"{self.caller} は封じ込められていません。成功 {len(through)} 件、拒否 {denied} 件。",
        )
        told = [
            f"{one.get('eventTime')} {one.get('eventSource')} {one.get('eventName')} {one.get('sourceIPAddress')}"
            for one in through
        ]
        return receipt(
            self, "failed", summary, {"denied": denied, "through": told[:50]}, still_open=[Text(en=one, ja=one) for one in told[:10]]
        )  # fmt: skip

    def _over(self, denied: int, plan: Plan) -> Receipt:
        if denied:
            en = f"{self.caller} tried {denied} times and was denied every time."
            ja = f"{self.caller} の {denied} 件の呼び出しはすべて拒否されました。"
        else:
            en = f"{self.caller} did not try anything in {self.minutes} minutes: that proves nothing."
            ja = f"{self.caller} は {self.minutes} 分間何も試みませんでした。これは何の証明にもなりません。"
        grade: Any = "effect-proven" if denied else "none"
        return receipt(
            self, "done", Text(en=en, ja=ja), {"denied": denied}, grade=grade, still_open=plan.will_not_stop
        )  # fmt: skip


def _denied(event: Mapping[str, Any]) -> bool:
    return any(word in str(event.get("errorCode", "")) for word in DENIED)
