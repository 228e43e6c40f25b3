"""Rotate a secret: its rotation function makes a new value, the stolen one stops working. Lists what else the thief has read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Action, Call, Outcome, Plan, Receipt
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

SecretId = Annotated[
    str, msgspec.Meta(pattern=r"^[\w/+=.@:\-]{1,2048}$", title="Secret", examples=["production/orders/database"])
]
Principal = Annotated[
    str, msgspec.Meta(pattern=r"^[\w+=,.@\-]{0,64}$", title="Read by (user or session name)", examples=["mallory"])
]
MOST: Final = 500
"""Calls of the principal that are looked through, the latest first: CloudTrail answers two questions a second, 50 calls each."""

_WHY = Text(en="The value that was read must stop working.", ja="読み取られた値を使えなくします。")
_USERS = Text(
    en="Whatever keeps the old value in memory fails until it reads the secret again.",
    ja="古い値を保持しているアプリケーションは、再取得するまで失敗します。",
)
_LEFT = (
    Text(
        en="Sessions opened with the old value, and the version marked AWSPREVIOUS where the rotation alternates two users.",
        ja="古い値で確立済みのセッションと、2 ユーザー交互ローテーションでの AWSPREVIOUS バージョン。",
    ),
    Text(
        en="The thief can read the new value as long as he has the right: take that away first.",
        ja="権限が残っていれば、新しい値も読み取られます。先に権限を取り上げてください。",
    ),
)


class RotateSecret(Action[AwsWorld], frozen=True, kw_only=True):
    """RotateSecret with a token that follows from the step, so that a repeat is the same rotation. The value itself is never read.

    Source: AWS Secrets Manager API Reference, RotateSecret; CloudTrail API Reference, LookupEvents (GetSecretValue is a management event).
    """

    name: ClassVar = "aws.secretsmanager.rotate"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "no"
    radius: ClassVar = "shared"
    target: ClassVar = "secret"
    title: ClassVar = Text(en="Rotate the secret", ja="シークレットをローテーションする")
    what: ClassVar = Text(
        en="Starts the rotation that is set up for the secret, and lists which secrets the principal named has read.",
        ja="シークレットに設定されたローテーションを開始し、指定した利用者が読み取ったシークレットを一覧にします。",
    )
    by_hand: ClassVar = Text(
        en="Not to be undone: the old value was read. If the rotation fails, see the log of its function and rotate again.",
        ja="元に戻せません（古い値は読み取られています）。失敗した場合は関数のログを確認し、再度ローテーションします。",
    )
    permissions: ClassVar = (
        "cloudtrail:LookupEvents",
        "secretsmanager:DescribeSecret",
        "secretsmanager:RotateSecret",
    )

    secret_id: SecretId
    read_by: Principal = ""

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` where no rotation is set up: we know no value that the other side would take."""
        world.guard([self.secret_id])
        secret = self._secret(world)
        if not secret.get("RotationEnabled"):
            hint = "Change it at its source, put the new value into the secret by hand, and set a rotation up for the next time."
            raise Refused(f"Secret {self.secret_id} has no rotation.", hint=hint)
        others = sorted(set(secrets_read(world, self.read_by)) - {self.secret_id, secret["Name"], secret["ARN"]})
        also = Text(
            en=f"{self.read_by} has also read: {', '.join(others)}. Rotate these as well.",
            ja=f"{self.read_by} はほかに {', '.join(others)} も読み取っています。これらもローテーションしてください。",
        )
        before = {"versions": sorted(secret.get("VersionIdsToStages", {})), "also_read": others}
        calls = [Call("secretsmanager:RotateSecret", self._asked(world), _WHY)]
        return make_plan(
            world, self, resources=(self.secret_id,), calls=calls, before=before, after={"version": _token(world)},
            dependants=(_USERS,), warnings=(also,) if others else (), will_not_stop=_LEFT,
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        world.guard(plan.resources)
        begun = _token(world) in self._secret(world).get("VersionIdsToStages", {})
        if not begun:
            world.change("secretsmanager", "RotateSecret", _WHY, **self._asked(world))
        return self._told(world, plan, changed=not begun)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self._told(world, plan, changed=True)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface
        raise Refused(
            "A rotation is not undone: the old value was read.", hint="Rotate again if the new one does not work."
        )

    def _asked(self, world: AwsWorld) -> dict[str, Any]:
        return {"SecretId": self.secret_id, "ClientRequestToken": _token(world), "RotateImmediately": True}

    def _secret(self, world: AwsWorld) -> dict[str, Any]:
        try:
            secret = world.read("secretsmanager", "DescribeSecret", SecretId=self.secret_id)
        except CallFailed as failure:
            if failure.code != "ResourceNotFoundException":
                raise
            hint = "Check the account, the region and the name."
            raise Refused(
                f"There is no secret {self.secret_id} in {world.account} {world.region}.", hint=hint
            ) from None
        if secret.get("DeletedDate"):
            raise Refused(
                f"Secret {self.secret_id} is to be deleted.", hint="Restore it first if its value is still in use."
            )
        return secret

    def _told(self, world: AwsWorld, plan: Plan, *, changed: bool) -> Receipt:
        token = _token(world)
        stages = self._secret(world).get("VersionIdsToStages", {}).get(token)
        observed = {"version": token, "stages": stages}
        if stages is None:
            none = Text(en="The rotation has not begun.", ja="ローテーションは始まっていません。")
            return receipt(self, "failed", none, observed, still_open=(none,))
        if "AWSCURRENT" not in stages:
            going = Text(en="The rotation is under way.", ja="ローテーションを実行中です。")
            return receipt(self, "pending", going, observed, still_open=plan.will_not_stop, again_in=15.0)
        new = Text(en=f"{self.secret_id} has a new value.", ja=f"{self.secret_id} の値が新しくなりました。")
        done: Outcome = "done" if changed else "already-done"
        return receipt(self, done, new, observed, grade="configured", still_open=plan.will_not_stop)


def _token(world: AwsWorld) -> str:
    """The version's id: the same on every repeat of the step."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"hikeshi:{world.incident}:{world.step}"))


def secrets_read(world: AwsWorld, caller: str) -> Iterator[str]:
    """The secrets that a user or a session (an instance's is its id) has read, as far back as is looked."""
    if not caller:
        return
    which = [{"AttributeKey": "Username", "AttributeValue": caller}]
    events: Iterable[dict[str, Any]] = world.pages("cloudtrail", "LookupEvents", "Events", LookupAttributes=which)
    for event in islice(events, MOST):
        if event.get("EventName") == "GetSecretValue":
            record = msgspec.json.decode(event["CloudTrailEvent"])
            if name := (record.get("requestParameters") or {}).get("secretId"):
                yield str(name)
