"""Copies of checkpoints outside: one row for each place, brought there by a worker."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from hikeshi.aws.reach import Reach
from hikeshi.custody.copies import Note, Outside, put_copy, shown
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import Checkpoint, Copy
from hikeshi.desk.ledger.outside import held, keep_lease, put_off
from hikeshi.errors import HikeshiError, Refused


def plan(checkpoint: Checkpoint) -> None:
    """One copy at each place of HIKESHI_CHECKPOINT_COPIES, due now. In the caller's transaction."""
    for place in configured():
        add(checkpoint, place)


def add(checkpoint: Checkpoint, place: str) -> None:
    """One copy at one place, named as it is shown, due now. In the caller's transaction."""
    row = Copy(checkpoint=checkpoint, place=place, due_at=timezone.now())
    row.full_clean()
    row.save()


def configured() -> tuple[str, ...]:
    """The places there are to be, as they are shown."""
    return tuple(shown(place) for place in settings.ENVIRONMENT.checkpoint_copies)


def take(row: Copy, *, actor: Actor) -> None:
    """Bring the copy to its place, and keep the receipt or wait. The call is made outside any transaction."""
    keep_lease(row)
    try:
        receipt = put_copy(_place(row.place), _note(row.checkpoint), outside())
    except HikeshiError as problem:
        put_off(row, problem, actor=actor)
    else:
        held(row, {"receipt": receipt})


def outside() -> Outside:
    """How places are reached, from the environment."""
    environment = settings.ENVIRONMENT
    return Outside(
        reach=Reach(region=environment.aws_region, endpoint_url=environment.aws_endpoint_url or None),
        webhook_secret_file=environment.webhook_secret_file, smtp_url=environment.smtp_url,
        smtp_password_file=environment.smtp_password_file, mail_from=environment.mail_from,
    )  # fmt: skip


def _place(name: str) -> str:
    """The whole address of a place; rows hold it as it is shown, without what may be secret in it."""
    whole = {shown(place): place for place in settings.ENVIRONMENT.checkpoint_copies}
    if name not in whole:
        raise Refused(f"{name} is not configured any more.", hint="HIKESHI_CHECKPOINT_COPIES names the places.")
    return whole[name]


def _note(checkpoint: Checkpoint) -> Note:
    """Names sort in the order of the chain; part of the root keeps two histories apart."""
    return Note(name=f"{checkpoint.chain.name}-{checkpoint.size:012d}-{checkpoint.root[:16]}", text=checkpoint.note)
