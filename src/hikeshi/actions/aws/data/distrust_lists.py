"""Switch off what hides findings: GuardDuty's trusted lists and suppression rules that nobody here made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

Names = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=300)], ...],
    msgspec.Meta(min_length=1, max_length=20, title="Lists and rules", examples=[["office"]]),
]
DetectorId = Annotated[
    str,
    msgspec.Meta(pattern=r"^[0-9a-f]{32}$", title="Detector", examples=["12abc34d567e8fa901bc2d34e56789f0"]),
]
LISTS: Final = {"Trusted list ": "IPSet", "Trusted entity list ": "TrustedEntitySet"}
"""How a part is called, and how GuardDuty calls its operations."""
IDS: Final = {"IPSet": "IpSetId", "TrustedEntitySet": "TrustedEntitySetId"}
RULE: Final = "Suppression rule "
SAME: Final = {"ACTIVATING": "ACTIVE", "DEACTIVATING": "INACTIVE"}

_OFF = Text(en="What it hid is reported again.", ja="隠されていた検出を再び報告させます。")
_BACK = Text(en="As saved in the plan.", ja="計画に保存された状態に戻します。")
_LEFT = (
    Text(
        en="What it hid until now is not reported afterwards; findings that a rule has archived are in GuardDuty still.",
        ja="これまで隠されていた活動は後から報告されません。ルールが保存済みにした検出結果は GuardDuty に残っています。",
    ),
)


class DistrustLists(Setting[AwsWorld], frozen=True, kw_only=True):
    """Named trusted lists are deactivated, named suppression rules stop archiving; none is deleted, for they are evidence.

    Source: Amazon GuardDuty API Reference, ListIPSets, GetIPSet, UpdateIPSet, their siblings for entity sets, ListFilters, GetFilter,
    UpdateFilter. In an organization lists and rules are those of the administrator account.
    """

    name: ClassVar = "aws.guardduty.distrust"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "detector"
    title: ClassVar = Text(en="Switch off what hides findings", ja="検出を隠す設定を無効にする")
    what: ClassVar = Text(
        en="Deactivates the GuardDuty trusted lists and suppression rules named, so that they hide nothing any more.",
        ja="指定した GuardDuty の信頼済みリストと抑制ルールを無効にし、検出が隠されないようにします。",
    )
    by_hand: ClassVar = Text(
        en="GuardDuty console, Lists: activate the list; Findings, Suppression rules: archive again, as saved in the plan.",
        ja="GuardDuty コンソールの［リスト］で有効化し、［抑制ルール］を計画に保存された状態に戻します。",
    )
    permissions: ClassVar = (
        "guardduty:GetFilter",
        "guardduty:GetIPSet",
        "guardduty:GetTrustedEntitySet",
        "guardduty:ListFilters",
        "guardduty:ListIPSets",
        "guardduty:ListTrustedEntitySets",
        "guardduty:UpdateFilter",
        "guardduty:UpdateIPSet",
        "guardduty:UpdateTrustedEntitySet",
    )

    detector_id: DetectorId
    names: Names

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.detector_id, *before)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        found = {
            f"{title}{told['Name']}": SAME.get(told["Status"], told["Status"]) for title, _, told in self._lists(world)
        }
        rules = set(map(str, world.pages("guardduty", "ListFilters", "FilterNames", **self._at))) & set(self.names)
        found |= {
            f"{RULE}{one}": world.read("guardduty", "GetFilter", **self._at, FilterName=one)["Action"]
            for one in sorted(rules)
        }
        known = {part.removeprefix(title) for part in found for title in (*LISTS, RULE) if part.startswith(title)}
        if missing := sorted(set(self.names) - known):
            hint = "GuardDuty console: Settings, Lists; Findings, Suppression rules. Check the region and the detector."
            raise Refused(f"GuardDuty has no list and no rule called {missing[0]!r}.", hint=hint)
        return found

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        """What is on the lists is at their locations; what the rules match is here."""
        rules = [part.removeprefix(RULE) for part in self.read(world) if part.startswith(RULE)]
        asked = [world.read("guardduty", "GetFilter", **self._at, FilterName=one) for one in rules]
        return {
            "lists": {told["Name"]: told.get("Location", "") for _, _, told in self._lists(world)},
            "rules": {one["Name"]: msgspec.to_builtins(one.get("FindingCriteria", {})) for one in asked},
        }

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return {part: "NOOP" if part.startswith(RULE) else "INACTIVE" for part in before}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        why = _OFF if new in ("NOOP", "INACTIVE") else _BACK
        if part.startswith(RULE):
            asked = {**self._at, "FilterName": part.removeprefix(RULE), "Action": new}
            yield Call("guardduty:UpdateFilter", asked, why)
            return
        for title, which, told in self._lists(world):
            if part == f"{title}{told['Name']}":
                kind = LISTS[title]
                asked = {**self._at, IDS[kind]: which, "Activate": new == "ACTIVE"}
                yield Call(f"guardduty:Update{kind}", asked, why)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=_LEFT)

    @property
    def _at(self) -> dict[str, str]:
        return {"DetectorId": self.detector_id}

    def _lists(self, world: AwsWorld) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Each list that is named: how its part begins, its id, and what GuardDuty tells of it."""
        for title, kind in LISTS.items():
            for which in world.pages("guardduty", f"List{kind}s", f"{IDS[kind]}s", **self._at):
                told = world.read("guardduty", f"Get{kind}", **self._at, **{IDS[kind]: which})
                if told["Name"] in self.names:
                    yield title, str(which), told
