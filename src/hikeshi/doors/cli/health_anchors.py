"""What `doctor` checks of the keys that sign and of the outside world. Called after Django is ready, as `health_desk`.

Each authority is asked for a real stamp and the key for a real signature, of a text that is no checkpoint: rights that are only looked
up prove nothing.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hikeshi.doors.cli.health import Health, bad, ok, part
from hikeshi.errors import HikeshiError

if TYPE_CHECKING:
    from hikeshi.desk.ledger.anchors import Party

WORDS: Final = b"hikeshi doctor: this is no checkpoint\n"
OUTSIDE_PATIENCE: Final = timedelta(days=1)
DRIFT: Final = 5000
"""Entries at the end of the ledger whose times are looked at."""


def signing_key() -> Health:
    from django.conf import settings

    from hikeshi.desk.ledger import keys
    from hikeshi.desk.ledger.models import SigningKey

    row = keys.current()
    if row is None and SigningKey.objects.exists():
        return bad(
            "Every key was withdrawn: `hikeshi audit rotate --lost`.",
            "すべての鍵が取り下げ済みです。`hikeshi audit rotate --lost` で交替します。",
        )
    if row is None:
        return part(
            "Not made yet; made at the first checkpoint.", "未作成です。最初のチェックポイントの際に作成します。"
        )
    keys.signer_of(row).sign(WORDS)
    named = settings.ENVIRONMENT.signing_key
    if named and named != row.place:
        return part(
            f"{row.place} signs, HIKESHI_SIGNING_KEY names another: `hikeshi audit rotate`.",
            f"{row.place} が署名中ですが、HIKESHI_SIGNING_KEY は別の鍵です。`hikeshi audit rotate` で交替します。",
        )
    return ok(f"{row.algorithm} at {row.place} signs.", f"{row.place} の {row.algorithm} 鍵で署名できます。")


def unsigned() -> Health:
    from hikeshi.doors import anchors

    oldest = anchors.unsigned()
    if oldest is None:
        return ok("Every entry is under a signed checkpoint.", "すべてのエントリーが署名済みです。")
    en = f"The oldest entry without a signed checkpoint is {oldest.chain} {oldest.seq} of {oldest.time}."
    ja = f"署名待ちの最も古いエントリーは {oldest.chain} {oldest.seq}({oldest.time})です。"
    return bad(en, ja) if anchors.is_late(oldest) else ok(en, ja)


def authorities() -> Health:
    from django.conf import settings
    from django.utils import timezone

    from hikeshi.custody.timestamp import ask
    from hikeshi.desk.ledger import stamps

    urls = settings.ENVIRONMENT.timestamp_authorities
    if not urls:
        return part(
            "No authority is set: times rest on our own clock (HIKESHI_TIMESTAMP_AUTHORITIES).",
            "時刻認証局が未設定です。時刻は自分の時計だけが根拠です (HIKESHI_TIMESTAMP_AUTHORITIES)。",
        )
    problems = []
    for url in urls:
        try:
            ask(stamps.authority(url), WORDS, now=timezone.now())
        except HikeshiError as problem:
            problems.append(problem.message if url in problem.message else f"{url}: {problem.message}")
    return _outside(problems, "stamps", f"Authorities that answer: {len(urls)}.", f"時刻認証局 {len(urls)} 件が応答。")


def copies() -> Health:
    from django.conf import settings

    places = settings.ENVIRONMENT.checkpoint_copies
    if not places:
        return part(
            "No place is set: whoever has the database and the key could rewrite the ledger (HIKESHI_CHECKPOINT_COPIES).",
            "写しの場所が未設定です。データベースと鍵を持つ者は台帳を書き直せます (HIKESHI_CHECKPOINT_COPIES)。",
        )
    problems = [f"{place} cannot be written." for place in places if place.startswith("file:") and not _writable(place)]
    return _outside(
        problems, "copies", f"Places that take copies: {len(places)}.", f"写しの場所 {len(places)} 件、拒否なし。"
    )


def entry_times() -> Health:
    """Entries whose time lies before that of the entry before them, among the last of all."""
    from hikeshi.desk.ledger.models import Entry

    last: dict[int, str] = {}
    back = []
    newest = Entry.objects.order_by("-pk")[:DRIFT].values_list("chain_id", "seq", "time", "chain__name")
    for chain, seq, time, name in reversed(list(newest)):
        if time < last.get(chain, ""):
            back.append(f"{name} {seq}")
        last[chain] = max(time, last.get(chain, ""))
    if back:
        shown = ", ".join(back[:5])
        return part(
            f"Our clock went back at {len(back)} entries: {shown}. Their order holds, their times do not.",
            f"時計の逆行が {len(back)} 件: {shown}。順序は保たれていますが、時刻は信頼できません。",
        )
    return ok("Entries follow each other in time.", "エントリーの時刻は順に並んでいます。")


def _outside(problems: list[str], kind: str, en: str, ja: str) -> Health:
    """What was just tried, and what waits or was refused before."""
    from django.utils import timezone

    from hikeshi.desk.ledger.anchors import parties

    late = timezone.now() - OUTSIDE_PATIENCE
    open_ones = [one for one in parties() if one.kind == kind and (one.refused or _is_late(one, late))]
    problems += [
        f"{one.name}: {one.refused} refused, {one.waiting} waiting. {one.problem}".strip() for one in open_ones
    ]
    if problems:
        return bad("; ".join(problems), "; ".join(problems))
    return ok(en, ja)


def _is_late(one: Party, late: datetime) -> bool:
    return bool(one.waiting) and one.waiting_since is not None and one.waiting_since < late


def _writable(place: str) -> bool:
    path = Path(place.removeprefix("file:").removeprefix("//"))
    return os.access(path if path.exists() else path.parent, os.W_OK) and not path.is_dir()
