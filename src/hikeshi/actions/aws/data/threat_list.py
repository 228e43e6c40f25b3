"""Make GuardDuty look out for what this incident has shown: the attacker's addresses and domains as a threat list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.acquisition.evidence_folder import EvidenceFolder, need_bucket
from hikeshi.actions.aws.data.distrust_lists import SAME, DetectorId
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

Entities = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.:/_\-]{1,253}$")], ...],
    msgspec.Meta(
        min_length=1,
        max_length=1000,
        title="Addresses, networks and domains",
        examples=[["198.51.100.7", "evil.example"]],
    ),
]
LIST: Final = "Threat list"

_PUT = Text(en="What is on the list.", ja="リストの内容を保存します。")
_ON = Text(en="GuardDuty reports whoever talks to one of these.", ja="これらと通信したものを GuardDuty が検出します。")
_OFF = Text(en="The list of this step is taken away.", ja="この手順のリストを削除します。")
_LEFT = Text(
    en="It reports and stops nothing; it takes some minutes to begin, and looks at nothing from before.",
    ja="検出するだけで、通信は止めません。有効になるまで数分かかり、それ以前の通信は調べません。",
)
_READ = Text(
    en="GuardDuty's own role has to be able to read the evidence bucket; otherwise the list stays in error.",
    ja="GuardDuty のロールが証拠バケットを読める必要があります。読めないと、リストはエラーのままです。",
)


class ThreatList(Setting[AwsWorld], frozen=True, kw_only=True):
    """One threat entity set of this step, its file in the evidence bucket. In an organization lists are the administrator account's.

    Source: Amazon GuardDuty API Reference, CreateThreatEntitySet, GetThreatEntitySet, DeleteThreatEntitySet; lists of entities
    have addresses and domains, one a line.
    """

    name: ClassVar = "aws.guardduty.threat_list"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "detector"
    title: ClassVar = Text(en="Watch for the attacker's addresses", ja="攻撃者のアドレスを検出対象に加える")
    what: ClassVar = Text(
        en="Gives GuardDuty the addresses and domains of this incident as a threat list, so that it reports every contact.",
        ja="このインシデントのアドレスとドメインを脅威リストとして GuardDuty に登録し、通信があれば検出させます。",
    )
    by_hand: ClassVar = Text(
        en="GuardDuty console, Lists, Threat entity sets: delete the one named after the step.",
        ja="GuardDuty コンソールの［リスト］で、この手順の名前の脅威エンティティセットを削除します。",
    )
    permissions: ClassVar = (
        "guardduty:CreateThreatEntitySet",
        "guardduty:DeleteThreatEntitySet",
        "guardduty:GetThreatEntitySet",
        "guardduty:ListThreatEntitySets",
        "s3:PutObject",
    )

    detector_id: DetectorId
    entities: Entities

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return (self.detector_id,)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        status = self._ours(world).get("Status")
        return {LIST: SAME.get(status, status) if status else None}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del before
        need_bucket(world)
        return {LIST: "ACTIVE"}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part, now
        if new is None:
            asked = {"DetectorId": self.detector_id, "ThreatEntitySetId": self._ours(world)["id"]}
            yield Call("guardduty:DeleteThreatEntitySet", asked, _OFF)
            return
        folder = EvidenceFolder(world, "threat-list")
        body = "\n".join([*dict.fromkeys(self.entities), ""])
        yield Call("s3:PutObject", {**folder.place("list.txt"), "Body": body, "ChecksumAlgorithm": "SHA256"}, _PUT)
        yield Call(
            "guardduty:CreateThreatEntitySet",
            {
                "DetectorId": self.detector_id,
                "Name": self._name(world),
                "Format": "TXT",
                "Location": folder.address("list.txt"),
                "Activate": True,
                "ClientToken": self._name(world),
            },
            _ON,
        )

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(_LEFT,), warnings=(_READ,))

    def _name(self, world: AwsWorld) -> str:
        """The same for every repeat of this step."""
        return f"hikeshi-{hashlib.sha256(world.step.encode()).hexdigest()[:20]}"

    def _ours(self, world: AwsWorld) -> dict[str, Any]:
        """What GuardDuty tells of the list of this step, with its id; empty where there is none."""
        at = {"DetectorId": self.detector_id}
        for which in world.pages("guardduty", "ListThreatEntitySets", "ThreatEntitySetIds", **at):
            told = world.read("guardduty", "GetThreatEntitySet", **at, ThreatEntitySetId=which)
            if told["Name"] == self._name(world) and told["Status"] not in ("DELETE_PENDING", "DELETED"):
                return {**told, "id": str(which)}
        return {}
