"""Keep what CloudTrail still tells about a principal or an instance, before its 90 days are over."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Action, Call, Plan, Receipt
from hikeshi.actions.aws.acquisition.evidence_folder import EvidenceFolder, need_bucket
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

PAGE: Final = 50
PART: Final = 500
"""Events of one object: ten pages, five seconds of asking."""
PAUSE: Final = 0.5
"""Seconds between two questions: LookupEvents may be asked twice a second in an account and region."""
SLICE_SECONDS: Final = 10.0
RECORD: Final = "logs.json"

About = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[\w+=,.@-]{1,128}$",
        title="Instance, access key, user or session",
        examples=["i-0abc1234def567890", "ci-deploy"],
    ),
]
Days = Annotated[int, msgspec.Meta(ge=1, le=90, title="Days back")]

_PART = Text(
    en="The next events, as CloudTrail gives them.", ja="CloudTrail の続きのイベントを、そのままの形で保存します。"
)
_END = Text(
    en="What was kept, with the hash of every part, and what was not.",
    ja="保存した内容と各部分のハッシュ、保存できなかったものを記録します。",
)
_HERE = Text(
    en="Other regions were not asked, nor calls to global services (they are in us-east-1): see the input for every region.",
    ja="ほかのリージョンと、グローバルサービスの呼び出し（us-east-1 に記録）は含まれません。全リージョンを対象にする入力項目があります。",
)
_GAPS = (
    Text(
        en="Lookups have management events only: no reading or writing of objects.",
        ja="検索で得られるのは管理イベントのみです。オブジェクトの読み書きは含まれません。",
    ),
    Text(
        en="Flow logs, DNS query logs, load balancer and bucket access logs lie in buckets and log groups of their own: extend their retention there, and import them.",
        ja="フローログ、DNS クエリログ、ロードバランサーやバケットのアクセスログは、それぞれの保存先にあります。保存期間を延長し、取り込んでください。",
    ),
)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a part: what was asked, where it ends, and whether nothing is older."""

    asked: str
    oldest: datetime
    at_oldest: tuple[str, ...]
    """Ids of the events of that very moment, so that going on there neither repeats nor loses one."""
    events: int
    last: bool


class PreserveLogs(Action[AwsWorld], frozen=True, kw_only=True):
    """The events of up to 90 days, the latest first, in parts in the evidence bucket; a worker that takes over goes on where the last part ends.

    Source: CloudTrail API Reference, LookupEvents: one attribute, 50 events, twice a second. Of an instance, what was done to it and what its
    own session did (a session has the instance's id as its name).
    """

    name: ClassVar = "aws.logs.preserve"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Keep what CloudTrail tells", ja="CloudTrail の記録を保存する")
    what: ClassVar = Text(
        en="Copies the CloudTrail events about an instance or a principal into the evidence bucket, before CloudTrail forgets them.",
        ja="インスタンスまたはプリンシパルに関する CloudTrail イベントを、消える前に証拠バケットへ保存します。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = (
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    )

    about: About
    days: Days = 90
    everywhere: bool = False
    """In every region that the account has switched on."""

    def plan(self, world: AwsWorld) -> Plan:
        need_bucket(world)
        folder = self._folder(world)
        until = world.now().replace(microsecond=0)
        window = {"since": (until - timedelta(days=self.days)).isoformat(), "until": until.isoformat()}
        return make_plan(
            world, self, resources=(self.about, folder.address(RECORD)), calls=[Call("s3:PutObject", folder.place("<part>"), _PART)],
            before=window | {"regions": self._regions(world)}, after={"record": folder.address(RECORD)},
            will_not_stop=self._gaps(),
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """One turn of it; outcome `pending` as long as there are older events."""
        folder = self._folder(world)
        if kept := folder.get(RECORD) if RECORD in folder.names() else None:
            return self._told(folder, kept, "already-done")
        return self._turn(world, plan, folder)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """The record in the bucket; where it is not there yet, the next turn of what `do` has begun."""
        folder = self._folder(world)
        names = folder.names()
        if kept := folder.get(RECORD) if RECORD in names else None:
            return self._told(folder, kept, "done")
        if not names:
            return receipt(self, "failed", Text(en="Nothing is kept yet.", ja="まだ保存されていません。"), {})
        return self._turn(world, plan, folder)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "Events are kept as long as the evidence.")

    def _folder(self, world: AwsWorld) -> EvidenceFolder:
        return EvidenceFolder(world, f"cloudtrail-{self.about}")

    def _regions(self, world: AwsWorld) -> list[str]:
        """Our own first."""
        if not self.everywhere:
            return [world.region]
        told = world.read("ec2", "DescribeRegions")["Regions"]
        return [world.region, *sorted({str(one["RegionName"]) for one in told} - {world.region})]

    def _gaps(self) -> tuple[Text, ...]:
        return _GAPS if self.everywhere else (_HERE, *_GAPS)

    def _asked(self) -> tuple[str, ...]:
        if self.about.startswith("i-"):
            return ("ResourceName", "Username")
        return ("AccessKeyId",) if self.about.startswith(("AKIA", "ASIA")) else ("Username",)

    def _turn(self, world: AwsWorld, plan: Plan, folder: EvidenceFolder) -> Receipt:
        ends = time.monotonic() + SLICE_SECONDS
        refused: dict[str, str] = {}
        for region, key in product(plan.before["regions"], self._asked()):
            stream = Stream(world, folder, Question(region, key, self.about), plan.before)
            try:
                while not stream.over:
                    stream.part()
                    if time.monotonic() > ends and not stream.over:
                        return self._going_on(stream)
            except CallFailed as failure:
                if region == world.region or not failure.permanent:
                    raise
                refused[region] = str(failure)
        body = msgspec.json.encode(
            {
                "about": self.about,
                **plan.before,
                "parts": _parts(folder),
                "refused": refused,
                "simulated": world.simulated,
            }
        )
        folder.put(RECORD, body, _END)
        return self._told(folder, body, "done")

    def _going_on(self, stream: Stream) -> Receipt:
        where, when = stream.question.name, stream.oldest.isoformat()
        summary = Text(en=f"{where}: back to {when}.", ja=f"{where}: {when} まで保存しました。")
        return receipt(self, "pending", summary, {}, again_in=0.1)

    def _told(self, folder: EvidenceFolder, body: bytes, outcome: Any) -> Receipt:
        record = msgspec.json.decode(body)
        events = sum(part["events"] for part in record["parts"])
        summary = Text(
            en=f"{events} CloudTrail events about {self.about} are kept, from {record['since']} on.",
            ja=f"{self.about} に関する CloudTrail イベント {events} 件を保存しました（{record['since']} 以降）。",
        )
        digest = hashlib.sha256(body).hexdigest()
        return receipt(
            self, outcome, summary, {"events": events, "parts": record["parts"], "sha256": digest}, grade="effect-proven",
            still_open=(*_not_answered(record["refused"]), *self._gaps()), held_at=folder.address(RECORD),
        )  # fmt: skip


class Question(msgspec.Struct, frozen=True):
    """What is asked in one region."""

    region: str
    key: str
    about: str

    @property
    def name(self) -> str:
        return f"{self.region}-{self.key}"


class Stream:
    """The events of one attribute in one region, from the latest to the oldest, part by part."""

    def __init__(self, world: AwsWorld, folder: EvidenceFolder, question: Question, window: Mapping[str, Any]) -> None:
        self._world, self._folder, self.question = world, folder, question
        self._since = datetime.fromisoformat(window["since"])
        last = self._last()
        self.over = last is not None and last.last
        self.oldest = last.oldest if last else datetime.fromisoformat(window["until"])
        self._known = set(last.at_oldest) if last else set()

    def part(self) -> None:
        """Keep the next events, and remember where they end."""
        events: list[Mapping[str, Any]] = []
        for event in self._events():
            events.append(event)
            if len(events) == PART:
                break
        else:
            self.over = True
        if events:
            oldest = events[-1]["EventTime"]
            before = self._known if oldest == self.oldest else set()
            self._known = before | {one["EventId"] for one in events if one["EventTime"] == oldest}
            self.oldest = oldest
        header = Header(
            asked=self.question.name,
            oldest=self.oldest,
            at_oldest=tuple(sorted(self._known)),
            events=len(events),
            last=self.over,
        )
        lines = [msgspec.json.encode(header).decode(), *(str(one["CloudTrailEvent"]) for one in events)]
        place = len(self._names())
        self._folder.put(f"{self.question.name}-{place:06d}.jsonl", "\n".join([*lines, ""]).encode(), _PART)

    def _events(self) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": self.question.key, "AttributeValue": self.question.about}], "StartTime": self._since,
            "EndTime": self.oldest, "MaxResults": PAGE,
        }  # fmt: skip
        while True:
            with self._world.elsewhere(self.question.region):
                told = self._world.read("cloudtrail", "LookupEvents", **asked)
            yield from (one for one in told.get("Events", ()) if one["EventId"] not in self._known)
            if not (token := told.get("NextToken")):
                return
            asked["NextToken"] = token
            self._world.pause(PAUSE)

    def _last(self) -> Header | None:
        names = self._names()
        body = self._folder.get(names[-1]) if names else None
        return msgspec.json.decode(body.partition(b"\n")[0], type=Header) if body else None

    def _names(self) -> list[str]:
        return [name for name in self._folder.names() if name.startswith(f"{self.question.name}-")]


def _not_answered(refused: Mapping[str, str]) -> Iterator[Text]:
    for region, why in refused.items():
        yield Text(en=f"{region} did not answer: {why}", ja=f"{region} からは回答がありませんでした（{why}）。")


def _parts(folder: EvidenceFolder) -> list[dict[str, Any]]:
    """Every part with its hash and the number of its events, read back from the bucket."""
    bodies = {name: folder.get(name) or b"" for name in folder.names() if name.endswith(".jsonl")}
    return [
        {"name": name, "sha256": hashlib.sha256(body).hexdigest(), "events": body.count(b"\n") - 1}
        for name, body in bodies.items()
    ]
