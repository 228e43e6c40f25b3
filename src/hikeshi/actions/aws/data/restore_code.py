"""Put the code of a Lambda function back to that of a published version, and keep what an attacker has put there.

Versions cannot be changed by anybody, so one from before the attack is the clean code, and what runs now is published as a version before
it is replaced: evidence, and the way back. Lambda API Reference, PublishVersion, UpdateFunctionCode, UpdateFunctionConfiguration, UpdateAlias.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.acquisition.download import downloaded
from hikeshi.actions.aws.data.freeze_function import ABSENT, FunctionName
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Failed, Refused
from hikeshi.text import Text

Version = Annotated[str, msgspec.Meta(pattern=r"^[1-9]\d{0,9}$", title="Clean version", examples=["3"])]
MOST: Final = 50 * 1024 * 1024
"""Bytes of a package that Lambda takes in a call (Lambda Developer Guide, "Lambda quotas")."""
CODE: Final = "Code"
ALIAS: Final = "alias "

_KEEP = Text(
    en="What runs now is kept as a version that nobody can change: evidence, and the way back.",
    ja="現在のコードを、誰も変更できないバージョンとして残します（証拠と復元用）。",
)
_REPLACE = Text(
    en="The package of the version with this hash.", ja="このハッシュを持つバージョンのパッケージにします。"
)
_SET = Text(en="As in that version.", ja="そのバージョンと同じ設定にします。")
_POINT = Text(en="The alias leads to that version.", ja="エイリアスをそのバージョンに向けます。")
_CALLERS = Text(
    en="Whoever needs what was changed since that version loses it, good changes too.",
    ja="そのバージョン以降の変更は、正当なものも含めて失われます。",
)
_LEFT = (
    Text(
        en="Whoever may update the function can do it again: end the sessions and keys it was done with.",
        ja="関数を更新できる者は再び変更できます。使われたセッションとキーも無効にしてください。",
    ),
    Text(
        en="The version that keeps the attacker's code can be invoked by its number; it is not deleted.",
        ja="攻撃者のコードを残したバージョンは番号を指定すれば呼び出せます。削除はしません。",
    ),
    Text(
        en="Credentials of its role that were taken: revoke the sessions of the role as well.",
        ja="盗まれたロールの認証情報は有効です。ロールのセッションも失効させてください。",
    ),
)


class RestoreCode(Setting[AwsWorld], frozen=True, kw_only=True):
    """Code, layers and handler of $LATEST, and the aliases that are named, as in `version`. Freeze the function first, release it after.

    Its environment and its role are not touched (values of variables may be secrets); the plan says where they differ.
    """

    name: ClassVar = "aws.lambda.restore_code"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "function"
    title: ClassVar = Text(en="Put the code of a function back", ja="関数のコードを元に戻す")
    what: ClassVar = Text(
        en="Puts code, layers and handler of a function back to a published version; what is there now is kept as a version first.",
        ja="関数のコード、レイヤー、ハンドラーを公開済みバージョンの内容に戻します。現在の内容は先にバージョンとして残します。",
    )
    by_hand: ClassVar = Text(
        en="Lambda console, the function, Versions: download the package of the version that was kept and upload it to $LATEST.",
        ja="Lambda コンソールの関数［バージョン］で、残したバージョンのパッケージをダウンロードし、$LATEST にアップロードします。",
    )
    permissions: ClassVar = (
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:GetLayerVersion",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
        "lambda:PublishVersion",
        "lambda:UpdateAlias",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
    )
    eradicates: ClassVar = True
    needs_evidence: ClassVar = ("aws.lambda.acquire_code",)
    eventually: ClassVar = ("ResourceConflictException",)

    function: FunctionName
    version: Version
    aliases: tuple[str, ...] = ()
    """These lead to the version as well."""

    @property
    def _which(self) -> dict[str, str]:
        return {"FunctionName": self.function}

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return (self.function,)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        told = self._configuration(world, "$LATEST")
        if told is None:
            hint = "Check the account, the region and the name."
            raise Refused(f"There is no function {self.function} in {world.account} {world.region}.", hint=hint)
        leads = {one["Name"]: one for one in self._listed(world, "ListAliases", "Aliases")}
        if missing := [name for name in self.aliases if name not in leads]:
            hint = f"Its aliases: {', '.join(leads) or '-'}."
            raise Refused(f"The function {self.function} has no alias {missing[0]}.", hint=hint)
        return {**_of(told), **{ALIAS + name: _lead(leads[name]) for name in self.aliases}}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        now, clean = (self._configuration(world, one) or {} for one in ("$LATEST", self.version))
        ours, theirs = (one.get("Environment", {}).get("Variables", {}) for one in (now, clean))
        differ = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
        roles = [one.get("Role", "-") for one in (now, clean)]
        return {"Published": clean.get("LastModified", "-"), "Variables": differ, "Roles": roles}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where there is no such version, and where packages are not such as can be put back."""
        clean = self._configuration(world, self.version)
        if clean is None:
            known = [str(one["Version"]) for one in self._versions(world)]
            raise Refused(
                f"The function {self.function} has no version {self.version}.",
                hint=f"Its versions: {', '.join(known) or '-'}.",
            )
        for one in (clean, self._configuration(world, "$LATEST") or {}):
            if one.get("PackageType") == "Image" or one.get("CodeSize", 0) > MOST:
                hint = "Freeze it, acquire its code, and have it deployed anew by hand."
                raise Refused(f"The package of {self.function} is an image or too long to be put back.", hint=hint)
        return {**_of(clean), **{part: _lead(clean, self.version) for part in before if part.startswith(ALIAS)}}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        if part == CODE:
            if self._holding(world, now) is None:
                yield Call("lambda:PublishVersion", {**self._which, "CodeSha256": now}, _KEEP)
            yield Call("lambda:UpdateFunctionCode", {**self._which, "ZipFile": f"<package {new}>"}, _REPLACE)
        elif part.startswith(ALIAS):
            asked = {"Name": part.removeprefix(ALIAS), **new}
            yield Call("lambda:UpdateAlias", {**self._which, **asked}, _POINT)
        else:
            yield Call("lambda:UpdateFunctionConfiguration", {**self._which, part: new}, _SET)

    def filled(self, world: AwsWorld, call: Call) -> Call:
        """With the package itself. Raises `Failed` where no version has it any more, or what is downloaded has another hash."""
        if "ZipFile" not in call.params:
            return call
        told = str(call.params["ZipFile"]).removeprefix("<package ").removesuffix(">")
        held = self._holding(world, told)
        if held is None:
            hint = "Upload it by hand from the evidence."
            raise Failed(f"No version of {self.function} has the package {told} any more.", permanent=True, hint=hint)
        place = world.read("lambda", "GetFunction", **self._which, Qualifier=held)["Code"]["Location"]
        package = b"".join(downloaded(world, place, MOST))
        if base64.b64encode(hashlib.sha256(package).digest()).decode() != told:
            raise Failed(
                f"The package of version {held} of {self.function} has another hash than Lambda tells of it.",
                permanent=True,
                hint="Upload it by hand from the evidence.",
            )
        return msgspec.structs.replace(call, params={**self._which, "ZipFile": package})

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        told = [
            Text(
                en=f"Version {self.version} is from {before['Published']}: make sure that this was before the attack.",
                ja=f"バージョン {self.version} は {before['Published']} のものです。攻撃の前であることを確認してください。",
            )
        ]
        if names := ", ".join(before["Variables"]):
            told.append(
                Text(
                    en=f"Variables of its environment differ from that version and stay as they are: {names}.",
                    ja=f"環境変数がそのバージョンと異なりますが、変更しません: {names}。",
                )
            )
        if len(set(before["Roles"])) > 1:
            now, clean = before["Roles"]
            told.append(
                Text(
                    en=f"It runs as {now}, that version as {clean}: this stays as it is.",
                    ja=f"現在のロールは {now}、そのバージョンでは {clean} です。ロールは変更しません。",
                )
            )
        return Around(dependants=(_CALLERS,), warnings=tuple(told), will_not_stop=_LEFT)

    def _configuration(self, world: AwsWorld, version: str) -> dict[str, Any] | None:
        try:
            return world.read("lambda", "GetFunctionConfiguration", **self._which, Qualifier=version)
        except CallFailed as failure:
            if failure.code != ABSENT:
                raise
            return None

    def _holding(self, world: AwsWorld, digest: str) -> str | None:
        """The version that has this package."""
        return next((one["Version"] for one in self._versions(world) if one["CodeSha256"] == digest), None)

    def _versions(self, world: AwsWorld) -> list[dict[str, Any]]:
        listed = self._listed(world, "ListVersionsByFunction", "Versions")
        return [one for one in listed if one["Version"] != "$LATEST"]

    def _listed(self, world: AwsWorld, operation: str, items: str) -> Iterator[dict[str, Any]]:
        asked = dict(self._which)
        while True:
            told = world.read("lambda", operation, **asked)
            yield from told[items]
            if not (marker := told.get("NextMarker")):
                return
            asked["Marker"] = marker


def _of(told: dict[str, Any]) -> dict[str, Any]:
    layers = [str(one["Arn"]) for one in told.get("Layers") or ()]
    return {CODE: told["CodeSha256"], "Layers": layers, "Handler": told.get("Handler", "")}


def _lead(told: dict[str, Any], version: str = "") -> dict[str, Any]:
    """Where an alias leads: to one version, or in shares to a second one."""
    shares = {} if version else told.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return {
        "FunctionVersion": version or told["FunctionVersion"],
        "RoutingConfig": {"AdditionalVersionWeights": dict(shares)},
    }
