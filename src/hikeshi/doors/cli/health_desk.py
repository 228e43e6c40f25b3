"""What `doctor` checks in the database. Called after Django is ready; imports of models wait until then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hikeshi.doors.cli.health import Health, bad, ok, part

if TYPE_CHECKING:
    from hikeshi.desk.queue import Queued

SAMPLE_ITEMS = 20
SAMPLE_BYTES = 256 * 1024 * 1024
PATIENCE = timedelta(minutes=1)


def database() -> Health:
    from django.db import connection  # this module is imported before Django is ready, here and below
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        return bad(
            f"{missing} migrations are missing: `hikeshi serve` or `hikeshi init` makes them.",
            f"未適用のマイグレーションが {missing} 件あります。`hikeshi serve` または `hikeshi init` で適用します。",
        )
    return ok(f"{connection.vendor}, up to date.", f"{connection.vendor}、最新です。")


def ledger() -> Health:
    from hikeshi.desk.ledger.checkpoints import refused
    from hikeshi.desk.ledger.models import ORGANISATION, Chain
    from hikeshi.doors.checkpoints import check

    chain = Chain.objects.filter(name=ORGANISATION).first()
    if chain is None:
        return part("Empty.", "まだ記録がありません。")
    found = check(chain)
    if not found.ok:
        what = found.problems[0].what
        return bad(what.en, what.ja)
    if names := ", ".join(sorted(refused())):
        return bad(
            f"Signing was refused: {names}. `hikeshi audit checkpoint CHAIN` says why.",
            f"署名が拒否されました: {names}。理由は `hikeshi audit checkpoint CHAIN` で確認できます。",
        )
    return ok(
        f"The organisation's chain is whole: {found.count} entries, signed up to {found.signed_entries}.",
        f"組織のチェーンは完全です: {found.count} 件、署名済み {found.signed_entries} 件。",
    )


def locker() -> Health:
    from hikeshi.desk.evidence import verbs
    from hikeshi.desk.evidence.models import Item

    box, wrong, seen, count = verbs.locker(), [], 0, 0
    for item in Item.objects.filter(disposed_at=None).select_related("incident").order_by("-pk")[:SAMPLE_ITEMS]:
        if item.size > SAMPLE_BYTES - seen:
            continue
        seen, count = seen + item.size, count + 1
        result = box.verify(item.sha256)
        if result != "match":
            wrong.append(f"{item}: {result}")
    if wrong:
        return bad(", ".join(wrong), ", ".join(wrong))
    return ok(f"{count} of the latest items are as they were sealed.", f"最新の証拠 {count} 件が封印時と一致。")


def checks() -> Health:
    """What verification by itself has found, and whether it keeps its schedule."""
    from django.conf import settings
    from django.utils import timezone

    from hikeshi.desk.evidence.models import Item

    held = Item.objects.filter(disposed_at=None).select_related("incident")
    found = {name: list(held.filter(check_result=name)[:SAMPLE_ITEMS]) for name in ("mismatch", "could-not-check")}
    if any(found.values()):
        named = "; ".join(f"{name}: {', '.join(map(str, rows))}" for name, rows in found.items() if rows)
        return bad(named, named)
    if not settings.ENVIRONMENT.verify_days:
        return part(
            "HIKESHI_VERIFY_DAYS is 0: nothing is read again by itself.",
            "HIKESHI_VERIFY_DAYS が 0 のため、自動では再検証されません。",
        )
    late = held.filter(due_at__lt=timezone.now() - timedelta(days=1)).count()
    if late:
        return part(
            f"{late} items are overdue for a check by more than a day.",
            f"{late} 件の証拠の再検証が 1 日以上遅れています。",
        )
    return ok(f"{held.count()} items, each checked on its day.", f"証拠 {held.count()} 件、期日どおりに再検証。")


def rounds() -> Health:
    from django.utils import timezone

    from hikeshi.desk.ledger import rounds as ledger_rounds

    last = ledger_rounds.last()
    if last is None or last.checked_at is None:
        return part(
            "No round through all chains yet: the first is a day after the start.",
            "全チェーンの巡回検証はまだありません。初回は開始から 1 日後です。",
        )
    if last.problems:
        places = ", ".join(f"{chain} #{seq} ({kind})" for chain, seq, kind in last.damaged)
        return bad(
            f"{last.problems} places are damaged: {places}.", f"{last.problems} か所が損傷しています: {places}。"
        )
    if timezone.now() - last.checked_at > 2 * ledger_rounds.EVERY:
        return part(
            f"The last round was at {last.checked_at:%Y-%m-%d %H:%M} UTC.",
            f"最後の巡回検証は {last.checked_at:%Y-%m-%d %H:%M} UTC です。",
        )
    return ok(
        f"{last.chains} chains, {last.entries} entries, all whole.",
        f"チェーン {last.chains} 本、エントリー {last.entries} 件、すべて完全です。",
    )


def locker_place() -> Health:
    from hikeshi.custody.s3_locker import S3Locker
    from hikeshi.desk.evidence import verbs

    box = verbs.locker()
    if not isinstance(box, S3Locker):
        return ok(f"The folder {box.root}.", f"フォルダー {box.root}。")
    box.bucket.require_ready()
    box.bucket.try_writing()
    at, lock = f"s3://{box.place.bucket}/{box.place.prefix}", f"{box.place.mode} {box.place.days} d"
    if not box.place.mode:
        return part(
            f"{at} can be written; no Object Lock is asked for (HIKESHI_LOCKER_LOCK).",
            f"{at} へ書き込めます。オブジェクトロックは設定されていません(HIKESHI_LOCKER_LOCK)。",
        )
    return ok(f"{at} can be written, under Object Lock ({lock}).", f"{at} へ書き込めます。オブジェクトロック: {lock}。")


def locker_key() -> Health:
    from django.conf import settings

    from hikeshi.desk.evidence import place

    if settings.ENVIRONMENT.locker_key is None:
        return part(
            "HIKESHI_LOCKER_KEY is not set: evidence is kept unencrypted, malware excepted.",
            "HIKESHI_LOCKER_KEY が未設定です。マルウェアを除き、証拠は暗号化せずに保管します。",
        )
    count = len(place.keys().recipients)
    return ok(
        f"Evidence is encrypted; {count} keys open it. Is there a copy of them apart from the locker?",
        f"証拠は暗号化されます(復号できる鍵 {count} 個)。鍵の控えを証拠保管庫とは別の場所に保管してください。",
    )


def worker() -> Health:
    from django.utils import timezone

    from hikeshi.desk.alerts.models import Alert
    from hikeshi.desk.duties.models import Clock
    from hikeshi.desk.ledger.models import Copy, Stamp
    from hikeshi.desk.notices.models import Notice
    from hikeshi.desk.runs.models import Step
    from hikeshi.desk.timelines.models import Timeline

    tables: tuple[type[Queued], ...] = (Alert, Clock, Copy, Notice, Stamp, Step, Timeline)
    late = timezone.now() - PATIENCE
    waiting = sum(table._default_manager.filter(due_at__lt=late, lease_until__isnull=True).count() for table in tables)
    if waiting:
        return bad(
            f"{waiting} things have been due for over a minute: no worker runs.",
            f"{waiting} 件が 1 分以上待機しています。ワーカーが動いていません。",
        )
    return ok("Nothing has waited for over a minute.", "1 分以上待機しているものはありません。")


def contacts() -> Health:
    from hikeshi.desk.accounts.contacts import listed
    from hikeshi.desk.incidents.staffing import NEEDED

    held = set(listed().values_list("duty", flat=True))
    missing = ", ".join(duty for duty in NEEDED[2] if duty not in held)
    if missing:
        return part(
            f"No contact for {missing}: `hikeshi contact add`.",
            f"連絡網に {missing} がありません。`hikeshi contact add` で追加します。",
        )
    return ok("Every first role has a contact.", "初動の役割すべてに連絡先があります。")
