"""Keep the code of a function: every version of its package, its layers, and how it is set up."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import partial
from typing import ClassVar, Final

from hikeshi.actions.aws.acquisition.download import downloaded
from hikeshi.actions.aws.acquisition.keep_parts import KeepParts, Part, document
from hikeshi.actions.aws.data.freeze_function import ABSENT, FunctionName
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

MOST: Final = 512 * 1024 * 1024
"""Bytes of a package: Lambda takes 250 MiB of it unpacked."""
MOST_VERSIONS: Final = 50

_LEFT = (
    Text(
        en="Its temporary files and what it holds in memory; a function from an image has its package in ECR (aws.ecr.acquire_image).",
        ja="一時ファイルとメモリの内容は含まれません。コンテナイメージの関数のパッケージは ECR にあります（aws.ecr.acquire_image）。",
    ),
    Text(
        en="Values of its environment may be secrets; they are in the evidence bucket, not in this record.",
        ja="環境変数の値は機密の場合があります。証拠バケットにだけ保存し、この記録には含めません。",
    ),
)


class AcquireFunctionCode(KeepParts, frozen=True, kw_only=True):
    """Settings of each version as canonical JSON, packages and layers as they are, each held against the hash that Lambda tells.

    Source: Lambda API Reference, ListVersionsByFunction, GetFunction, GetLayerVersionByArn; their addresses are valid for ten minutes.
    """

    name: ClassVar = "aws.lambda.acquire_code"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "function"
    title: ClassVar = Text(en="Keep the code of a function", ja="関数のコードを保存する")
    what: ClassVar = Text(
        en="Copies every version of the function's package, its layers and its settings into the evidence bucket.",
        ja="関数の全バージョンのパッケージ、レイヤー、設定を証拠バケットに保存します。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = (
        "lambda:GetFunction",
        "lambda:GetLayerVersion",
        "lambda:ListVersionsByFunction",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    )

    function: FunctionName

    def about(self) -> str:
        return self.function

    def gaps(self) -> tuple[Text, ...]:
        return _LEFT

    def parts_of(self, world: AwsWorld) -> Iterator[Part]:
        layers: dict[str, None] = {}
        for version in self._versions(world):
            told = world.read("lambda", "GetFunction", FunctionName=self.function, Qualifier=version)
            settings = told["Configuration"]
            layers |= dict.fromkeys(str(one["Arn"]) for one in settings.get("Layers", ()))
            yield document(f"version-{version.strip('$')}.json", told)
            if place := told.get("Code", {}).get("Location"):
                body = partial(downloaded, world, place, MOST)
                yield Part(f"version-{version.strip('$')}.zip", body, _hex(settings["CodeSha256"]))
        for number, arn in enumerate(layers, 1):
            told = world.read("lambda", "GetLayerVersionByArn", Arn=arn)
            yield document(f"layer-{number}.json", told)
            body = partial(downloaded, world, told["Content"]["Location"], MOST)
            yield Part(f"layer-{number}.zip", body, _hex(told["Content"]["CodeSha256"]))

    def _versions(self, world: AwsWorld) -> list[str]:
        """The latest ones, if there are very many; $LATEST is what runs unless an alias says otherwise."""
        asked: dict[str, str] = {"FunctionName": self.function}
        found: list[str] = []
        while True:
            try:
                told = world.read("lambda", "ListVersionsByFunction", **asked)
            except CallFailed as failure:
                if failure.code != ABSENT:
                    raise
                hint = "Check the account, the region and the name."
                place = f"{world.account} {world.region}"
                raise Refused(f"There is no function {self.function} in {place}.", hint=hint) from None
            found += [str(one["Version"]) for one in told["Versions"]]
            if not (marker := told.get("NextMarker")):
                return [found[0], *found[1:][-MOST_VERSIONS:]]
            asked["Marker"] = marker


def _hex(told: str) -> str:
    """Lambda tells hashes in base64."""
    return base64.b64decode(told).hex()
