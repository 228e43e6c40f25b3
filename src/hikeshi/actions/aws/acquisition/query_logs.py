"""The DNS queries of a VPC, written into the evidence bucket from now on: also where somebody has switched their logging off."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.acquisition.evidence_folder import need_bucket
from hikeshi.actions.aws.network.dns_block import VpcId
from hikeshi.actions.aws.tags import INCIDENT_TAG
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

GOING: Final = frozenset({"DELETING", "FAILED"})

_MAKE = Text(en="Where the queries are written to.", ja="クエリの記録先を用意します。")
_ON = Text(en="From now on the queries of the VPC are written down.", ja="以後、この VPC の DNS クエリを記録します。")
_OFF = Text(en="Our logging ends; what it has written stays.", ja="この記録を終えます。記録済みのログは残ります。")
_GAP = Text(
    en="Nothing from before is in it, and no query sent to another resolver than Amazon's (DNS over HTTPS or TLS included).",
    ja="それ以前のクエリと、Amazon 以外のリゾルバーへのクエリ（DNS over HTTPS / TLS を含む）は記録されません。",
)
_DELIVERY = Text(
    en="The bucket has to let delivery.logs.amazonaws.com write; otherwise the logging fails or stays empty.",
    ja="バケットが delivery.logs.amazonaws.com の書き込みを許可している必要があります。許可がないと、失敗するか空のままです。",
)


class QueryLogs(Setting[AwsWorld], frozen=True, kw_only=True):
    """One query logging configuration of this step, associated with the VPC; those of others are listed in the plan and left alone.

    The configuration stays when it is undone, unused: only the association is taken away. Source: Route 53 Resolver API Reference,
    CreateResolverQueryLogConfig, AssociateResolverQueryLogConfig, DisassociateResolverQueryLogConfig.
    """

    name: ClassVar = "aws.dns.query_logs"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "yes"
    target: ClassVar = "network"
    title: ClassVar = Text(en="Record the DNS queries of a VPC", ja="VPC の DNS クエリを記録する")
    what: ClassVar = Text(
        en="Turns Route 53 Resolver query logging on for the VPC, into the evidence bucket.",
        ja="VPC で Route 53 Resolver のクエリログを有効にし、証拠バケットに記録します。",
    )
    by_hand: ClassVar = Text(
        en="Route 53 console, Resolver, Query logging: remove the VPC from the configuration tagged with the incident.",
        ja="Route 53 コンソールの Resolver［クエリログ］で、インシデントのタグが付いた設定から VPC を外します。",
    )
    permissions: ClassVar = (
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "route53resolver:AssociateResolverQueryLogConfig",
        "route53resolver:CreateResolverQueryLogConfig",
        "route53resolver:DisassociateResolverQueryLogConfig",
        "route53resolver:ListResolverQueryLogConfigAssociations",
        "route53resolver:ListResolverQueryLogConfigs",
    )
    eventually: ClassVar = ("ResourceNotFoundException",)

    vpc_id: VpcId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        ours = self._configuration(world)
        there = bool(ours) and any(one["ResolverQueryLogConfigId"] == ours for one in self._associated(world))
        return {self.vpc_id: self._destination(world) if there else None}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        """The loggings of others, if there are any."""
        theirs = {one["ResolverQueryLogConfigId"] for one in self._associated(world)}
        return {
            "others": [
                {name: str(one[name]) for name in ("Id", "Name", "DestinationArn")}
                for one in self._configurations(world)
                if one["Id"] in theirs
            ]
        }

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        need_bucket(world)
        return dict.fromkeys(before, self._destination(world))

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Generator[Call, Mapping[str, Any] | None, None]:
        del now
        ours = self._configuration(world)
        if new is None:
            asked = {"ResolverQueryLogConfigId": ours, "ResourceId": part}
            yield Call("route53resolver:DisassociateResolverQueryLogConfig", asked, _OFF)
            return
        if not ours:
            answer = yield Call("route53resolver:CreateResolverQueryLogConfig", self._asked(world, new), _MAKE)
            ours = answer["ResolverQueryLogConfig"]["Id"] if answer else "<query logging>"
        asked = {"ResolverQueryLogConfigId": ours, "ResourceId": part}
        yield Call("route53resolver:AssociateResolverQueryLogConfig", asked, _ON)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(_GAP,), warnings=(_DELIVERY,))

    def _asked(self, world: AwsWorld, destination: str) -> dict[str, Any]:
        name = self._name(world)
        tags = [{"Key": INCIDENT_TAG, "Value": world.incident}]
        return {"Name": name, "DestinationArn": destination, "CreatorRequestId": name, "Tags": tags}

    def _name(self, world: AwsWorld) -> str:
        """The same for every repeat of this step: a step's own name may be longer than Route 53 takes."""
        return f"hikeshi-{hashlib.sha256(world.step.encode()).hexdigest()[:20]}"

    def _destination(self, world: AwsWorld) -> str:
        return f"arn:aws:s3:::{world.settings.evidence_bucket}"

    def _configurations(self, world: AwsWorld) -> Iterator[dict[str, Any]]:
        return world.pages("route53resolver", "ListResolverQueryLogConfigs", "ResolverQueryLogConfigs")

    def _configuration(self, world: AwsWorld) -> str:
        name = self._name(world)
        return next((str(one["Id"]) for one in self._configurations(world) if one["Name"] == name), "")

    def _associated(self, world: AwsWorld) -> list[dict[str, Any]]:
        only = [{"Name": "ResourceId", "Values": [self.vpc_id]}]
        told = world.pages(
            "route53resolver",
            "ListResolverQueryLogConfigAssociations",
            "ResolverQueryLogConfigAssociations",
            Filters=only,
        )
        return [one for one in told if one["Status"] not in GOING]
