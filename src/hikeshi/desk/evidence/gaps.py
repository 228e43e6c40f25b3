"""The gap list: what an opposing expert would ask about, found by us first. Only reads; a gap closes when the record is completed.

See what courts ask, and the list that is drawn from it: items without a hash, transfers without counter-signature, times without a clock
source, actions without an operator, and what was not collected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import translation

from hikeshi.desk.evidence.models import Item, Planned, Transfer
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import told
from hikeshi.text import Text

OURS: Final = ("receipt", "report")
"""Made by Hikeshi itself, as its own record: nobody collected them, so nobody is asked how."""

LATE: Final = timedelta(hours=24)
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap. `item` is its number, or what was to be collected; `todo` says how to close it, or that it can only be explained."""

    item: str
    kind: str
    text: Text
    todo: Text


@dataclass(frozen=True, slots=True)
class Held:
    """An item with the entries that name it."""

    item: Item
    entries: list[tuple[Entry, dict[str, Any]]]


def gaps(incident: Incident) -> list[Gap]:
    """Every gap of the incident, by item."""
    lines: dict[str, list[tuple[Entry, dict[str, Any]]]] = defaultdict(list)
    for row in Entry.objects.filter(chain__name=incident.name, verb__startswith="evidence.").order_by("seq"):
        lines[row.object].append((row, told(row)))
    found: list[Gap] = []
    for item in incident.evidence.filter(disposed_at=None).order_by("name").prefetch_related("transfers"):
        held = Held(item, lines[item.name])
        found += [gap for rule in RULES for gap in rule(held)]
    return found + [_not_collected(row) for row in incident.planned_evidence.exclude(state="held")]


def _gap(held: Held, kind: str, text: tuple[str, str], todo: tuple[str, str]) -> Gap:
    return Gap(held.item.name, kind, Text(*text), Text(*todo))


def _no_hash(held: Held) -> Iterator[Gap]:
    item = held.item
    if item.held_at or not item.sha256:
        yield _gap(
            held, "no-hash",
            (f"Its content is held at {item.held_at or '?'}; only the receipt here has a hash.",
             f"本体は {item.held_at or '不明な場所'} にあり、ハッシュ値があるのは受領証のみ。"),
            ("Copy the content into the locker, or explain why it stays there.", "本体を証拠保管庫へ複製するか、移さない理由を注記する。"),
        )  # fmt: skip


def _unsigned_transfer(held: Held) -> Iterator[Gap]:
    for row in held.item.transfers.all():
        expired = row.state == "withdrawn" and row.reason == "expired"
        if row.state == "offered" or expired:
            yield _unsigned(held, row, expired=expired)


def _unsigned(held: Held, row: Transfer, *, expired: bool) -> Gap:
    day = f"{row.offered_at:%Y-%m-%d %H:%M} UTC"
    if row.means == "paper":
        text = (
            f"Offered to {row.receiver} on paper ({day}); the signed sheet is missing.",
            f"{row.receiver} への紙による受け渡し({day})に署名済みの書面がない。",
        )
    elif expired:
        text = (
            f"The offer to {row.receiver} ({day}) expired unanswered.",
            f"{row.receiver} への受け渡しの申し出({day})は回答のないまま期限切れ。",
        )
    else:
        text = (
            f"Offered to {row.receiver} ({day}); not counter-signed yet.",
            f"{row.receiver} への受け渡し({day})に受領の確認がまだない。",
        )
    return _gap(held, "unsigned-transfer", text, ("Get the answer, or withdraw and offer again.", "回答を得るか、取り下げて改めて申し出る。"))  # fmt: skip


def _clock(held: Held) -> Iterator[Gap]:
    item = held.item
    if item.kind in OURS:
        return
    if not item.began_at and not item.ended_at:
        yield _gap(held, "no-time", ("When it was collected is not said.", "収集日時が記録されていない。"),
                   ("Say when the collection began and ended, and by which clock.", "収集の開始・終了日時と、どの時計によるかを記入する。"))  # fmt: skip
    elif not item.clock_source:
        yield _gap(held, "no-clock-source", ("Its times have no clock source.", "日時の基準とした時計が記録されていない。"),
                   ("Say which clock was read.", "どの時計によるかを記入する。"))  # fmt: skip
    elif item.clock_offset_us is None:
        yield _gap(held, "no-clock-offset", (f"How far {item.clock_source} was off is not said.", f"{item.clock_source} のずれが記録されていない。"),
                   ("Measure the offset against a known clock.", "正確な時計と比べ、ずれを測って記入する。"))  # fmt: skip


def _no_operator(held: Held) -> Iterator[Gap]:
    item = held.item
    if item.kind not in OURS and not item.collector:
        yield _gap(held, "no-operator", (f"Who collected it is not said (sealed by {item.sealed_by}).", f"収集者が記録されていない(封印者: {item.sealed_by})。"),
                   ("Name the collector.", "収集者を記入する。"))  # fmt: skip
    nameless = [str(row.seq) for row, _data in held.entries if not row.actor.strip()]
    if nameless:
        numbers = ", ".join(nameless[:SHOWN])
        yield _gap(held, "no-operator", (f"Entries without an operator: #{numbers}.", f"操作者の記録がないエントリー: #{numbers}。"),
                   ("Explain by a note who acted.", "誰の操作かを注記する。"))  # fmt: skip


def _unverified(held: Held) -> Iterator[Gap]:
    result = held.item.check_result
    if result == "mismatch":
        yield _gap(held, "verification-failed", ("The bytes are NOT the ones that were sealed.", "バイト列が封印時のものと一致しない。"),
                   ("Do not touch it. Note when it was last the same, and look for a copy.", "手を触れず、最後に一致した日時を注記し、複製を探す。"))  # fmt: skip
    elif result == "could-not-check":
        yield _gap(held, "verification-failed", ("The last verification could not read the bytes.", "直近の検証でバイト列を読み取れなかった。"),
                   ("Find out why, then verify again.", "原因を調べ、再検証する。"))  # fmt: skip
    elif not result:
        yield _gap(held, "never-verified", ("It was never verified since it was sealed.", "封印後、一度も検証されていない。"),
                   ("Verify it.", "検証する。"))  # fmt: skip


def _no_authority(held: Held) -> Iterator[Gap]:
    if held.item.kind not in OURS and not held.item.authority:
        yield _gap(held, "no-authority", ("Under which authority it was collected is not said.", "収集の権限・法的根拠が記録されていない。"),
                   ("Name the legal basis, or who allowed it.", "法的根拠または許可した者を記入する。"))  # fmt: skip


def _no_witness(held: Held) -> Iterator[Gap]:
    if held.item.sensitivity == "sensitive" and not held.item.witness:
        yield _gap(held, "no-witness", ("It is sensitive, and nobody witnessed the collection.", "機微な証拠だが、収集の立会人がいない。"),
                   ("Name the witness, or explain why there was none.", "立会人を記入するか、いない理由を注記する。"))  # fmt: skip


def _sealed_late(held: Held) -> Iterator[Gap]:
    collected = held.item.ended_at or held.item.began_at
    if collected and held.item.sealed_at - collected > LATE:
        hours = int((held.item.sealed_at - collected).total_seconds() // 3600)
        yield _gap(held, "sealed-late", (f"It was sealed {hours} hours after it was collected.", f"収集から封印まで {hours} 時間が経過している。"),
                   ("Explain where it was meanwhile, and who had it.", "その間の保管場所と保持者を注記する。"))  # fmt: skip


def _incomplete(held: Held) -> Iterator[Gap]:
    missed = [str(one) for row, data in held.entries if row.verb == "evidence.seal" for one in data.get("missed") or []]
    if missed:
        named = "; ".join(missed[:SHOWN]) + (" …" if len(missed) > SHOWN else "")
        yield _gap(held, "incomplete", (f"{len(missed)} could not be sealed as they were: {named}", f"そのまま封印できなかったもの {len(missed)} 件: {named}"),
                   ("Collect them another way, or explain what is lost.", "別の方法で収集するか、失われたものを注記する。"))  # fmt: skip


def _not_collected(row: Planned) -> Gap:
    en, ja = (_kind(row, language) for language in ("en", "ja"))
    words = {
        "failed": (f"{en}: not collected, it failed: {row.reason}", f"{ja}: 収集に失敗: {row.reason}"),
        "pending": (f"{en}: planned and not collected yet.", f"{ja}: 計画済み、未収集。"),
        "waived": (f"{en}: not collected, waived by {row.settled_by}: {row.reason}", f"{ja}: {row.settled_by} が収集を免除: {row.reason}"),
    }  # fmt: skip
    todo = (
        "Collect it while it is there, or waive it with a reason.",
        "残っているうちに収集するか、理由を付けて免除する。",
    )
    if row.state == "waived":
        todo = ("Nothing more: the reason is part of the record.", "対応は不要。理由は記録に残る。")
    return Gap(row.target, "not-collected", Text(*words[row.state]), Text(*todo))


def _kind(row: Planned, language: str) -> str:
    with translation.override(language):
        return str(row.get_kind_display())


RULES: Final[tuple[Callable[[Held], Iterator[Gap]], ...]] = (
    _no_hash,
    _incomplete,
    _unverified,
    _unsigned_transfer,
    _clock,
    _sealed_late,
    _no_operator,
    _no_authority,
    _no_witness,
)
"""What is asked of every item, in the order in which it is told."""
