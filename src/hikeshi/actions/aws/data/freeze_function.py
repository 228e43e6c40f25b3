"""Freeze a Lambda function: nothing invokes it any more, and it stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

FunctionName = Annotated[
    str, msgspec.Meta(pattern=r"^[a-zA-Z0-9\-_]{1,140}$", title="Function", examples=["order-intake"])
]
ABSENT: Final = "ResourceNotFoundException"
MAPPING: Final = "event source "
STATEMENT: Final = "permission "
_CONDITIONS: Final = {
    "aws:principalorgid": "PrincipalOrgID",
    "aws:sourceaccount": "SourceAccount",
    "aws:sourcearn": "SourceArn",
    "lambda:eventsourcetoken": "EventSourceToken",
    "lambda:functionurlauthtype": "FunctionUrlAuthType",
}

_STOP = Text(en="No invocation starts any more.", ja="新しい呼び出しを開始できないようにします。")
_FREE = Text(en="No concurrency was reserved before, so it is removed.", ja="以前は予約がなかったため、削除します。")
_SIGN = Text(en="The function's address asks for a signature.", ja="関数 URL に署名を要求します。")
_FEED = Text(en="Nothing is read from this source any more.", ja="このソースからの読み取りを止めます。")
_PUBLIC = Text(en="Anybody could invoke the function by this.", ja="これにより誰でも関数を呼び出せました。")
_BACK = Text(en="As saved in the plan.", ja="計画に保存された値に戻します。")
_CALLERS = Text(
    en="Whatever invokes the function gets errors; asynchronous events are retried for up to 6 hours, then dropped.",
    ja="呼び出し元はエラーになります。非同期イベントは最大 6 時間再試行され、その後破棄されます。",
)
_LEFT = (
    Text(
        en="Invocations that run already, until their time-out (15 minutes at most).",
        ja="実行中の呼び出しは、タイムアウト（最大 15 分）まで続きます。",
    ),
    Text(
        en="Credentials of its role that were taken: revoke the sessions of the role as well.",
        ja="盗まれたロールの認証情報は有効です。ロールのセッションも失効させてください。",
    ),
    Text(
        en="Whoever may change the function's concurrency can let it run again.",
        ja="同時実行数を変更できる者は、再び実行できるようにできます。",
    ),
)


class FreezeFunction(Setting[AwsWorld], frozen=True, kw_only=True):
    """Reserved concurrency 0, event sources off, its address signed, public permissions removed.

    That no concurrency was reserved is another state than 0, and restored as such. The address is not deleted: a new one would be another.
    Source: Lambda API Reference, PutFunctionConcurrency, UpdateEventSourceMapping, UpdateFunctionUrlConfig, RemovePermission. Addresses
    and permissions of aliases are not looked at; with no concurrency they lead nowhere.
    """

    name: ClassVar = "aws.lambda.freeze"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "function"
    title: ClassVar = Text(en="Freeze the function", ja="関数を凍結する")
    what: ClassVar = Text(
        en="Reserves no concurrency, turns event sources off, asks for signatures at its address, removes public permissions.",
        ja="同時実行数を 0 にし、イベントソースを無効にし、関数 URL に署名を要求し、公開の許可を削除します。",
    )
    by_hand: ClassVar = Text(
        en="Lambda console, the function, Configuration: concurrency, triggers, function URL and permissions as saved in the plan.",
        ja="Lambda コンソールの関数［設定］で、同時実行数、トリガー、関数 URL、アクセス権限を計画に保存された値に戻します。",
    )
    permissions: ClassVar = (
        "lambda:AddPermission",
        "lambda:DeleteFunctionConcurrency",
        "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionConfiguration",
        "lambda:GetFunctionUrlConfig",
        "lambda:GetPolicy",
        "lambda:ListEventSourceMappings",
        "lambda:PutFunctionConcurrency",
        "lambda:RemovePermission",
        "lambda:UpdateEventSourceMapping",
        "lambda:UpdateFunctionUrlConfig",
    )
    eventually: ClassVar = ("ResourceConflictException", "ResourceInUseException")

    function: FunctionName

    @property
    def _which(self) -> dict[str, str]:
        return {"FunctionName": self.function}

    def read(self, world: AwsWorld) -> dict[str, Any]:
        self._configuration(world)
        address = self._or_none(world, "GetFunctionUrlConfig")
        mappings = {MAPPING + one["UUID"]: one["State"] in ON for one in self._mappings(world)}
        statements = {STATEMENT + one["Sid"]: one for one in self._statements(world) if _public(one)}
        return {
            "Concurrency": world.read("lambda", "GetFunctionConcurrency", **self._which).get(
                "ReservedConcurrentExecutions"
            ),
            **({"Address": address["AuthType"]} if address else {}),
            **mappings,
            **statements,
        }

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        told = self._configuration(world)
        names = ("CodeSha256", "Handler", "LastModified", "Layers", "Role", "Runtime", "Version")
        return {"Function": msgspec.to_builtins({name: told[name] for name in names if name in told})}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return {part: _frozen(part) for part in before}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world
        if part == "Concurrency":
            if new is None:
                yield Call("lambda:DeleteFunctionConcurrency", self._which, _FREE)
            else:
                asked = {"ReservedConcurrentExecutions": new}
                yield Call("lambda:PutFunctionConcurrency", {**self._which, **asked}, _STOP if new == 0 else _BACK)
        elif part == "Address":
            yield Call(
                "lambda:UpdateFunctionUrlConfig", {**self._which, "AuthType": new}, _SIGN if new == SIGNED else _BACK
            )
        elif part.startswith(MAPPING):
            asked = {"UUID": part.removeprefix(MAPPING), "Enabled": new}
            yield Call("lambda:UpdateEventSourceMapping", asked, _BACK if new else _FEED)
        elif new is None:
            yield Call("lambda:RemovePermission", {**self._which, "StatementId": now["Sid"]}, _PUBLIC)
        else:
            yield Call("lambda:AddPermission", {**self._which, **_asked(new)}, _BACK)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        told = before["Function"]
        code = Text(
            en=f"Its code ({told.get('CodeSha256', '-')}) stays as it is; acquire it before anybody updates it.",
            ja=f"コード（{told.get('CodeSha256', '-')}）は変更しません。更新される前に取得してください。",
        )
        return Around(dependants=(_CALLERS,), warnings=(code,), will_not_stop=_LEFT)

    def _configuration(self, world: AwsWorld) -> dict[str, Any]:
        found = self._or_none(world, "GetFunctionConfiguration")
        if found is None:
            hint = "Check the account, the region and the name."
            raise Refused(f"There is no function {self.function} in {world.account} {world.region}.", hint=hint)
        return found

    def _or_none(self, world: AwsWorld, operation: str) -> dict[str, Any] | None:
        try:
            return world.read("lambda", operation, **self._which)
        except CallFailed as failure:
            if failure.code != ABSENT:
                raise
            return None

    def _mappings(self, world: AwsWorld) -> list[dict[str, Any]]:
        told = world.read("lambda", "ListEventSourceMappings", **self._which)
        found = list(told["EventSourceMappings"])
        while marker := told.get("NextMarker"):
            told = world.read("lambda", "ListEventSourceMappings", **self._which, Marker=marker)
            found += told["EventSourceMappings"]
        return sorted(found, key=lambda one: str(one["UUID"]))

    def _statements(self, world: AwsWorld) -> list[dict[str, Any]]:
        told = self._or_none(world, "GetPolicy")
        statements: list[dict[str, Any]] = json.loads(told["Policy"])["Statement"] if told else []
        return statements


SIGNED: Final = "AWS_IAM"
ON: Final = frozenset({"Creating", "Enabled", "Enabling", "Updating"})


def _frozen(part: str) -> Any:
    """What a part is when the function is frozen."""
    if part.startswith(MAPPING):
        return False
    return {"Concurrency": 0, "Address": SIGNED}.get(part)


def _public(statement: Mapping[str, Any]) -> bool:
    return statement.get("Effect") == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"})


def _asked(statement: Mapping[str, Any]) -> dict[str, Any]:
    """What AddPermission is asked for to get this statement."""
    principal = statement["Principal"]
    found = {
        "StatementId": statement["Sid"],
        "Action": statement["Action"],
        "Principal": principal if isinstance(principal, str) else next(iter(principal.values())),
    }
    if "FunctionUrlAuthType" in statement:
        found["FunctionUrlAuthType"] = statement["FunctionUrlAuthType"]
    for values in statement.get("Condition", {}).values():
        found |= {_CONDITIONS[key.lower()]: value for key, value in values.items() if key.lower() in _CONDITIONS}
    return found
