"""The custody line of an item: its ledger entries in order, hand by hand, each with its two times, its two hashes and its two sides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hikeshi.desk.evidence.models import Item
from hikeshi.desk.evidence.notes import OURS
from hikeshi.desk.evidence.transfers import open_offer
from hikeshi.desk.evidence.verbs import custody
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence, told
from hikeshi.text import Text

BAD: Final = ("evidence.refuse", "evidence.dispose_refuse")


@dataclass(frozen=True, slots=True)
class Event:
    """One custody event. `occurred_at` by `time_source`; `recorded_at` by us. Hashes are SHA-256 in hex, empty where none was taken.

    `state`: done, bad (refused, or the bytes are not the same), unanswered (by the other side).
    """

    seq: int
    hash: str
    verb: str
    text: Text
    actor: str
    door: str
    counterparty: str
    occurred_at: datetime
    recorded_at: datetime
    time_source: str
    place: str
    purpose: str
    tool: str
    reason: str
    hash_before: str
    hash_after: str
    state: str


def events(item: Item) -> list[Event]:
    """Oldest first. Entries that cannot be read are left to the ledger's own check, which points at them."""
    waiting = open_offer(item)
    return [_event(row, waiting.pk if waiting else 0) for row in custody(item)]


def _event(row: Entry, waiting: int) -> Event:
    data = told(row)
    recorded = datetime.fromisoformat(row.time)
    before, after = _hashes(row.verb, data)
    occurred = _moment(data.get("occurred_at") or data.get("ended_at") or data.get("began_at")) or recorded
    ours = occurred == recorded or "ended_at" not in data
    return Event(
        seq=row.seq, hash=row.hash, verb=row.verb, text=Text(sentence(row, "en") or row.verb, sentence(row, "ja") or row.verb),
        actor=row.actor, door=row.door, counterparty=_other_side(row, data), occurred_at=occurred, recorded_at=recorded,
        time_source=_text(data, "time_source") or _text(data, "clock_source") or (OURS if ours else ""),
        place=_text(data, "place") or _text(data, "location"), purpose=_text(data, "purpose"), tool=_text(data, "tool"),
        reason=_text(data, "reason"), hash_before=before, hash_after=after, state=_state(row.verb, data, waiting),
    )  # fmt: skip


def _text(data: dict[str, Any], name: str) -> str:
    return str(data.get(name) or "")


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None


def _hashes(verb: str, data: dict[str, Any]) -> tuple[str, str]:
    sha256 = _text(data, "sha256")
    if verb == "evidence.seal":
        return "", sha256
    if verb == "evidence.verify":
        return sha256, sha256 if data.get("result") == "match" else ""
    return _text(data, "hash_before") or sha256, _text(data, "hash_after")


def _other_side(row: Entry, data: dict[str, Any]) -> str:
    if row.verb in {"evidence.transfer_in", "evidence.refuse"} and "giver" in data:
        return _text(data, "giver")
    return _text(data, "counterparty") or _text(data, "receiver") or _text(data, "asked_by")


def _state(verb: str, data: dict[str, Any], waiting: int) -> str:
    if verb in BAD or data.get("result") in {"mismatch", "could-not-check"}:
        return "bad"
    return "unanswered" if verb == "evidence.transfer_out" and data.get("transfer") == waiting else "done"
