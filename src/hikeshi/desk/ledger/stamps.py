"""Time stamps of checkpoints: one row for each authority, taken by a worker, checked before it is held."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from hikeshi.custody.timestamp import Authority, Stamped, ask, read_authority, verify
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import Checkpoint, Stamp
from hikeshi.desk.ledger.outside import held, keep_lease, put_off
from hikeshi.errors import HikeshiError, Refused

CLOCK_GAP: Final = timedelta(minutes=1)
"""How far the authority's clock and ours may lie apart before it is noted. The stamp is held all the same."""


def plan(checkpoint: Checkpoint) -> None:
    """One stamp by each authority of HIKESHI_TIMESTAMP_AUTHORITIES, due now. In the caller's transaction."""
    for url in configured():
        add(checkpoint, url)


def add(checkpoint: Checkpoint, url: str) -> None:
    """One stamp by one authority, due now. In the caller's transaction."""
    row = Stamp(checkpoint=checkpoint, authority=url, due_at=timezone.now())
    row.full_clean()
    row.save()


def configured() -> tuple[str, ...]:
    """The authorities there are to be."""
    urls: tuple[str, ...] = settings.ENVIRONMENT.timestamp_authorities
    return urls


def authority(url: str) -> Authority:
    """The authority as it is configured now. Raises `Refused` where it no longer is, or its roots cannot be read."""
    environment = settings.ENVIRONMENT
    pairs = dict(zip(environment.timestamp_authorities, environment.timestamp_roots, strict=True))
    if url not in pairs:
        raise Refused(f"{url} is not configured any more.", hint="HIKESHI_TIMESTAMP_AUTHORITIES names the authorities.")
    return read_authority(url, pairs[url])


def take(row: Stamp, *, actor: Actor) -> None:
    """Ask the authority for the stamp, and hold it or wait. The call is made outside any transaction."""
    keep_lease(row)
    asked_at = timezone.now()
    try:
        reply, said = ask(authority(row.authority), row.checkpoint.note.encode(), now=asked_at)
    except HikeshiError as problem:
        put_off(row, problem, actor=actor)
    else:
        held(row, {"reply": reply, "said_at": said.time, "problem": _gap(said, asked_at)})


def check(row: Stamp) -> Stamped:
    """Check a stamp that is held once more, against the roots as they are now. Raises `Refused` or `Unreadable` with the reason."""
    if row.state != "held":
        raise Refused(f"{row} is not held yet.", hint="`hikeshi audit stamps` shows what it waits for.")
    return verify(bytes(row.reply), row.checkpoint.note.encode(), roots=authority(row.authority).roots)


def _gap(said: Stamped, asked_at: datetime) -> str:
    """A word about clocks that differ: one of the two is wrong, and times in the record are ours."""
    gap = said.time - asked_at
    if abs(gap) <= CLOCK_GAP + timedelta(microseconds=said.accuracy_us):
        return ""
    seconds = round(gap.total_seconds())
    return f"The authority's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} ours."
