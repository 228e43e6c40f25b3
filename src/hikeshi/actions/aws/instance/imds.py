"""Make the metadata service of an instance give less away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from hikeshi.actions.action import Call
from hikeshi.actions.aws.instance.instance_setting import InstanceSetting
from hikeshi.actions.aws.machines import living_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

_OPTIONS = "MetadataOptions"
_DEFAULTS = {
    "HttpEndpoint": "enabled",
    "HttpProtocolIpv6": "disabled",
    "HttpPutResponseHopLimit": 1,
    "HttpTokens": "optional",
    "InstanceMetadataTags": "disabled",
}

_WHY = Text(
    en="The role's credentials are handed out by the metadata service.",
    ja="ロールの認証情報はメタデータサービスから渡されるためです。",
)
_LEFT = (
    Text(
        en="Credentials already handed out: they stay valid until they expire or are revoked.",
        ja="すでに渡された認証情報: 期限が切れるか失効させるまで有効です。",
    ),
    Text(
        en="An intruder who runs programs on the host can ask with a token as well; turning the service off is the only stop.",
        ja="ホスト上でプログラムを実行できる攻撃者は、トークンを使って取得できます。止めるにはサービスの無効化が必要です。",
    ),
)
_OLD = Text(
    en="Software that still asks the metadata service without a token loses its credentials.",
    ja="トークンなしでメタデータサービスを使う古いソフトウェアは、認証情報を取得できなくなります。",
)
_AGENT = Text(
    en="Without the metadata service the Systems Manager agent loses its credentials: take memory and triage first.",
    ja="メタデータサービスを無効にすると、Systems Manager エージェントも認証情報を失います。先にメモリと揮発情報を取得してください。",
)


class HardenMetadata(InstanceSetting, frozen=True, kw_only=True):
    """Tokens required, one hop, no tags; or the whole service off. Amazon EC2 API Reference, ModifyInstanceMetadataOptions.

    One call carries all the options, so they are compared and restored as one part.
    """

    name: ClassVar = "aws.ec2.imds"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    title: ClassVar = Text(en="Harden the metadata service", ja="メタデータサービスを制限する")
    what: ClassVar = Text(
        en="Requires tokens, limits answers to one hop and hides tags; or turns the instance metadata service off.",
        ja="トークンを必須にし、応答を 1 ホップに限り、タグを隠します。サービス全体を無効にすることもできます。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Actions, Instance settings, Modify instance metadata options: the values saved in the plan.",
        ja="EC2 コンソールの［アクション］→［インスタンスの設定］→［インスタンスメタデータオプションの変更］で、計画に保存された値に戻します。",
    )
    permissions: ClassVar = ("ec2:DescribeInstances", "ec2:ModifyInstanceMetadataOptions")

    endpoint_off: bool = False
    """Turn the metadata service off altogether."""

    def read(self, world: AwsWorld) -> dict[str, Any]:
        living_instance(world, self.instance_id)
        told = next(world.pages("ec2", "DescribeInstances", "Reservations", InstanceIds=[self.instance_id]))
        options = told["Instances"][0].get(_OPTIONS, {})
        return {_OPTIONS: {key: options.get(key, default) for key, default in _DEFAULTS.items()}}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        strict = {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "InstanceMetadataTags": "disabled"}
        off = {"HttpEndpoint": "disabled"} if self.endpoint_off else {}
        return {_OPTIONS: {**before[_OPTIONS], **strict, **off}}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now, part
        return [Call("ec2:ModifyInstanceMetadataOptions", {"InstanceId": self.instance_id, **new}, _WHY)]

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        old = [_OLD] if before[_OPTIONS]["HttpTokens"] != "required" else []
        return Around(
            will_not_stop=_LEFT[: 1 if self.endpoint_off else 2],
            warnings=(*old, *([_AGENT] if self.endpoint_off else [])),
        )
