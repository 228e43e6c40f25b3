"""Keep what a CloudFormation stack was made from: its template, its parameters, its resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec
import rfc8785

from hikeshi.actions.aws.acquisition.keep_parts import KeepParts, Part, document
from hikeshi.actions.aws.acquisition.metadata import plain
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

Stack = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9\-]{0,127}$", title="Stack", examples=["order-intake"])
]

_LEFT = (
    Text(
        en="What somebody changed past the stack: compare its resources with the template (drift detection).",
        ja="スタックを経由しない変更は含まれません。リソースとテンプレートを比べてください（ドリフト検出）。",
    ),
)


class AcquireTemplate(KeepParts, frozen=True, kw_only=True):
    """The template as it was given, the stack with parameters and outputs, and its resources.

    Source: AWS CloudFormation API Reference, DescribeStacks, GetTemplate (TemplateStage Original), DescribeStackResources.
    """

    name: ClassVar = "aws.cloudformation.acquire_template"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "stack"
    title: ClassVar = Text(en="Keep the template of a stack", ja="スタックのテンプレートを保存する")
    what: ClassVar = Text(
        en="Copies the template of a CloudFormation stack, its parameters and its resources into the evidence bucket.",
        ja="CloudFormation スタックのテンプレート、パラメーター、リソースを証拠バケットに保存します。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = (
        "cloudformation:DescribeStackResources",
        "cloudformation:DescribeStacks",
        "cloudformation:GetTemplate",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    )

    stack: Stack

    def about(self) -> str:
        return self.stack

    def gaps(self) -> tuple[Text, ...]:
        return _LEFT

    def parts_of(self, world: AwsWorld) -> Iterator[Part]:
        which = {"StackName": self.stack}
        try:
            told = world.read("cloudformation", "DescribeStacks", **which)
        except CallFailed as failure:
            if failure.code != "ValidationError":
                raise
            hint = "Check the account, the region and the name."
            place = f"{world.account} {world.region}"
            raise Refused(f"There is no stack {self.stack} in {place}.", hint=hint) from None
        yield document("stack.json", told["Stacks"][0])
        yield document("resources.json", world.read("cloudformation", "DescribeStackResources", **which))
        body = world.read("cloudformation", "GetTemplate", **which, TemplateStage="Original")["TemplateBody"]
        text = body.encode() if isinstance(body, str) else rfc8785.dumps(plain(body))  # the SDK reads JSON, not YAML
        yield Part("template", lambda: iter([text]))
