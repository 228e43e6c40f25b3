"""`doctor`: everything that must work in an incident, tried before it burns. Each check says what would fail.

`ok`, `part` (it works, with something missing) or `bad`. A check that cannot be made is bad: an unknown is no comfort at 3 a.m.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from hikeshi.doors.cli import health, health_anchors, health_desk, health_notices
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.dispatch import open_desk
from hikeshi.doors.cli.exits import DONE, FAILED, in_our_words
from hikeshi.doors.cli.health import Health, bad
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.errors import HikeshiError

CHECKS: Final[dict[str, tuple[Callable[[], Health], str, str]]] = {
    # name: (check, what would fail in English, in Japanese)
    "environment": (
        health.environment,
        "Others cannot open the console, or nothing starts.",
        "他のマシンから開けない、または起動しません。",
    ),
    "home": (
        health.home,
        "Evidence cannot be sealed, the ledger cannot be written.",
        "証拠の封印と台帳の記録ができません。",
    ),
    "secret key": (health.secret_key, "Others could forge sign-ins.", "サインインを偽造される恐れがあります。"),
    "command-line token": (
        health.token,
        "The command line refuses when the browser is down.",
        "ブラウザー停止時にコマンドラインが使えません。",
    ),
    "clock": (
        health.clock,
        "Nobody can say how far off the times of evidence are.",
        "証拠の時刻のずれを説明できません。",
    ),
    "clock rules": (health.clock_rules, "Deadlines are not counted.", "期限が計測されません。"),
    "playbooks": (health.playbooks, "Responses start with errors in them.", "誤りのある手順で対応が始まります。"),
    "database": (health_desk.database, "Nothing can be read or written.", "読み書きができません。"),
    "ledger": (health_desk.ledger, "The record cannot be shown to be whole.", "記録の完全性を示せません。"),
    "entry times": (health_anchors.entry_times, "Times in the record are doubted.", "記録の時刻が疑われます。"),
    "signing key": (health_anchors.signing_key, "Checkpoints wait unsigned.", "チェックポイントに署名できません。"),
    "unsigned entries": (
        health_anchors.unsigned,
        "Nothing shows that late entries were not rewritten.",
        "新しいエントリーが書き換えられていないことを示せません。",
    ),
    "time stamps": (
        health_anchors.authorities,
        "No third party says when the record was as it is.",
        "記録の存在時刻を第三者が証明できません。",
    ),
    "copies": (
        health_anchors.copies,
        "A rewritten ledger would not show.",
        "台帳が書き直されても発覚しません。",
    ),
    "ledger round": (
        health_desk.rounds,
        "A changed entry stays unnoticed.",
        "エントリーの改変に気付けません。",
    ),
    "evidence checks": (
        health_desk.checks,
        "Evidence is not what was sealed, and nobody looks.",
        "証拠が封印時と異なるまま放置されます。",
    ),
    "locker": (health_desk.locker, "Evidence is not what was sealed.", "証拠が封印時と異なります。"),
    "locker place": (
        health_desk.locker_place,
        "Evidence cannot be sealed, or is not kept for as long as was asked.",
        "証拠を封印できないか、求めた期間の保管が保証されません。",
    ),
    "locker key": (
        health_desk.locker_key,
        "Encrypted evidence cannot be read or sealed.",
        "暗号化された証拠の読み取りと封印ができません。",
    ),
    "worker": (
        health_desk.worker,
        "Containment waits, deadlines do not ring.",
        "封じ込めが待機し、期限が通知されません。",
    ),
    "contacts": (
        health_desk.contacts,
        "An incident starts with roles nobody holds.",
        "担当者のいない役割のまま対応が始まります。",
    ),
    "notices": (
        health_notices.notices,
        "Nobody is woken, or nobody reads it.",
        "呼び出しが届きません。",
    ),
    "queue": (health.queue, "Alerts do not arrive by themselves.", "アラートが自動で届きません。"),
}
AWS = ("AWS", "Nothing can be contained in the cloud.", "クラウドで封じ込めができません。")


def doctor(
    aws: Annotated[
        bool, typer.Option("--aws", help="Ask each AWS account whether every action would work now.")
    ] = False,
    account: Annotated[str, typer.Option(help="Only this account (with --aws).")] = "",
    region: Annotated[str, typer.Option(help="Only this region (with --aws).")] = "",
    action: Annotated[str, typer.Option(help="Only what this action needs (with --aws).")] = "",
) -> Answer:
    """Check everything that must work in an incident. Exit code 1 where something would fail."""
    narrowed = bool(account or region or action)
    if narrowed and not aws:
        raise WrongUsage("--account, --region and --action go with --aws.", hint="`hikeshi doctor --help`")
    rows = [] if narrowed else [_row(name, *line) for name, line in CHECKS.items()]
    if aws:
        rows += _preflight(account, region, action)
    broken = any(row["state"] == "bad" for row in rows)
    return Answer(rows, columns=("state", "check", "what", "would_fail"), code=FAILED if broken else DONE)


def _preflight(account: str, region: str, action: str) -> list[dict[str, Any]]:
    """Who we are for AWS, then the questions; where AWS does not know us there is nothing to ask."""
    rows = [_row(AWS[0], health.aws, AWS[1], AWS[2])]
    if rows[0]["state"] == "bad":
        return rows
    open_desk()
    from hikeshi.doors.cli.preflight import preflight  # after Django is ready, and only where AWS is asked

    return rows + preflight(account, region, action)


def _row(name: str, check: Callable[[], Health], en: str, ja: str) -> dict[str, Any]:
    found = _tried(check)
    fails = {"en": en, "ja": ja} if found.state != "ok" else {"en": "", "ja": ""}
    return {"check": name, "state": found.state, "what": {"en": found.en, "ja": found.ja}, "would_fail": fails}


def _tried(check: Callable[[], Health]) -> Health:
    try:
        if check.__module__ in {health_anchors.__name__, health_notices.__name__, health_desk.__name__}:
            open_desk()
        return check()
    except HikeshiError as problem:
        return bad(str(problem), str(problem))
    except Exception as problem:
        known = in_our_words(problem)
        if known is None:
            raise
        return bad(str(known), str(known))
