"""The kind of action that keeps several things of one resource, each in a file of its own, with a record of all of them at the end.

A file counts as kept when its note is there: `<name>.note` with its length and SHA-256. A worker that takes over goes on with the next.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
import rfc8785

from hikeshi.actions.action import Action, Call, Plan, Receipt
from hikeshi.actions.aws.acquisition.evidence_folder import EvidenceFolder, need_bucket
from hikeshi.actions.aws.acquisition.metadata import plain
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.text import Text

RECORD: Final = "record.json"
NOTE: Final = ".note"
SLICE_SECONDS: Final = 10.0

_PART = Text(en="What is there now, before somebody changes it.", ja="誰かが変更する前の内容を保存します。")
_END = Text(
    en="What was kept, with the hash of every file, and what was not.",
    ja="保存した内容と各ファイルのハッシュ、保存できなかったものを記録します。",
)


class Part(msgspec.Struct, frozen=True):
    """One file: its name in the folder, how its bytes are got, and the SHA-256 (hex) that AWS tells of it, if it does."""

    name: str
    body: Callable[[], Iterator[bytes]]
    sha256: str = ""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file that is kept: `as_told` is false where it has another hash than AWS tells."""

    name: str
    bytes: int
    sha256: str
    as_told: bool


def document(name: str, told: Mapping[str, Any]) -> Part:
    """An answer as canonical JSON, without the signed address in it: that is a secret, and expires."""
    kept = {key: _without_address(value) for key, value in plain(told).items()}
    return Part(name, lambda: iter([rfc8785.dumps(kept)]))


def _without_address(value: Any) -> Any:
    return {key: one for key, one in value.items() if key != "Location"} if isinstance(value, dict) else value


class KeepParts(Action[AwsWorld], frozen=True, kw_only=True):
    """Implement `about` and `parts`."""

    def about(self) -> str:
        """What it is of, as a folder's name and in sentences."""
        raise NotImplementedError

    def parts_of(self, world: AwsWorld) -> Iterable[Part]:
        """Every file in order; asked anew at each turn, since signed addresses last minutes. Raises `Refused` where it does not exist."""
        raise NotImplementedError

    def gaps(self) -> tuple[Text, ...]:
        """What is not in it."""
        return ()

    def plan(self, world: AwsWorld) -> Plan:
        need_bucket(world)
        names = [one.name for one in self.parts_of(world)]
        folder = self._folder(world)
        return make_plan(
            world, self, resources=(self.about(), folder.address(RECORD)),
            calls=[Call("s3:PutObject", folder.place(name), _PART) for name in names],
            before={"files": names}, after={"record": folder.address(RECORD)}, will_not_stop=self.gaps(),
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """One turn of it; outcome `pending` as long as a file is missing."""
        del plan
        folder = self._folder(world)
        names = folder.names()
        kept = folder.get(RECORD) if RECORD in names else None
        return self._told(folder, kept, "already-done") if kept else self._turn(world, folder, set(names))

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """The record in the bucket; where it is not there yet, the next turn of what `do` has begun."""
        folder = self._folder(world)
        names = folder.names()
        if not names:
            return receipt(self, "failed", Text(en="Nothing is kept yet.", ja="まだ保存されていません。"), {})
        kept = folder.get(RECORD) if RECORD in names else None
        return self._told(folder, kept, "done") if kept else self.do(world, plan)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "The files are kept as long as the evidence.")

    def _folder(self, world: AwsWorld) -> EvidenceFolder:
        return EvidenceFolder(world, f"{self.target}-{re.sub('[/:@]', '-', self.about())}")

    def _turn(self, world: AwsWorld, folder: EvidenceFolder, there: set[str]) -> Receipt:
        ends = time.monotonic() + SLICE_SECONDS
        for part in self.parts_of(world):
            if part.name + NOTE in there:
                continue
            if time.monotonic() > ends:
                summary = Text(en=f"Next: {part.name}.", ja=f"次: {part.name}")
                return receipt(self, "pending", summary, {}, again_in=0.1)
            digest, size = folder.stream(part.name, part.body(), _PART)
            note = Note(name=part.name, bytes=size, sha256=digest, as_told=part.sha256 in ("", digest))
            folder.put(part.name + NOTE, msgspec.json.encode(note), _PART)
        notes = [folder.get(name) or b"" for name in folder.names() if name.endswith(NOTE)]
        body = msgspec.json.encode(
            {"about": self.about(), "files": [msgspec.Raw(one) for one in notes], "simulated": world.simulated}
        )
        folder.put(RECORD, body, _END)
        return self._told(folder, body, "done")

    def _told(self, folder: EvidenceFolder, body: bytes, outcome: Any) -> Receipt:
        record: Mapping[str, Any] = msgspec.json.decode(body)
        notes = msgspec.convert(record["files"], tuple[Note, ...])
        other = [_other(one) for one in notes if not one.as_told]
        size = sum(one.bytes for one in notes)
        summary = Text(
            en=f"{self.about()}: {len(notes)} files, {size} bytes are kept.",
            ja=f"{self.about()}: {len(notes)} ファイル、{size} バイトを保存しました。",
        )
        digest = hashlib.sha256(body).hexdigest()
        return receipt(
            self, "partial" if other else outcome, summary, {"files": record["files"], "sha256": digest}, grade="effect-proven",
            still_open=(*other, *self.gaps()), held_at=folder.address(RECORD),
        )  # fmt: skip


def _other(note: Note) -> Text:
    return Text(
        en=f"{note.name} does not have the hash that AWS tells of it: it was changed in between. Look at both.",
        ja=f"{note.name} のハッシュが AWS の示す値と異なります。途中で変更された可能性があるため、両方を確認してください。",
    )
