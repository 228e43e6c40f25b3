"""How far our clock is from AWS's. Beyond five minutes AWS refuses every signature, and denies by date hit the wrong sessions.

Read from the Date header of an answer, which has whole seconds; half of the way there and back is left open.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, unknown, yes
from hikeshi.text import Text

MOST_SECONDS = 5.0

_SET = Text(
    en="Keep the clock of this machine by a time server (chrony, 169.254.169.123 on EC2).",
    ja="このマシンの時刻をタイムサーバーで同期してください(chrony。EC2 では 169.254.169.123)。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    world, started = ground.own(), time.monotonic()
    told = world.read("sts", "GetCallerIdentity")
    took, now = time.monotonic() - started, world.now()
    header = told.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    if not header:
        yield unknown("The answer had no time.", "応答に時刻がありません。")
        return
    said = parsedate_to_datetime(header)
    said = said if said.tzinfo else said.replace(tzinfo=UTC)  # "-0000" is UTC too
    off = (now - said).total_seconds() - 0.5 - took / 2
    en, ja = f"{off:+.1f} s, within {took / 2 + 0.5:.1f} s.", f"{off:+.1f} 秒(誤差 ±{took / 2 + 0.5:.1f} 秒)。"
    yield no(en, ja, todo=_SET) if abs(off) > MOST_SECONDS else yes(en, ja)


QUESTION = Question(
    title=Text(en="Does our clock agree with AWS?", ja="時計は AWS と合っているか"),
    ask=_ask,
    permissions=("sts:GetCallerIdentity",),
    regional=False,
    own=True,
    needed_by=lambda _kind: True,
)
