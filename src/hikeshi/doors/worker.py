"""The clock's door: claims whatever is due — alerts, steps, timelines, clocks, checkpoints — and has it done by one verb or one performance.

Any number of workers may run, in one process or in many. A worker that dies loses its lease and another goes on.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from hikeshi.desk import living
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.alerts import reweighing, snoozing, verbs as alerts
from hikeshi.desk.alerts.models import Alert, Group
from hikeshi.desk.bell import BELL
from hikeshi.desk.clouds import readiness
from hikeshi.desk.clouds.models import Asking
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.evidence import checking
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.ledger import checkpoints, copies, rounds, stamps
from hikeshi.desk.ledger.models import Chain, Copy, Round, Stamp
from hikeshi.desk.notices import escalating, reading, sending
from hikeshi.desk.notices.models import Notice
from hikeshi.desk.queue import LeaseLost, Queued, claim_some, hold, let_go, soonest
from hikeshi.desk.rehearsals import verbs as rehearsals
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.desk.runs import answering, sharing
from hikeshi.desk.runs.leaving import leave_uncovered
from hikeshi.desk.runs.models import Step, Watch
from hikeshi.desk.runs.perform import give_up, perform, watch
from hikeshi.desk.sqlite3.base import be_patient
from hikeshi.desk.timelines import verbs as timelines
from hikeshi.desk.timelines.models import Timeline
from hikeshi.errors import Failed, HikeshiError
from hikeshi.stores.apart import ApartStore

log = logging.getLogger(__name__)
IDLE_SECONDS = 0.1
"""How late a worker is at most for what another process has written; its look is one short statement."""
PROMPT_SECONDS = 0.5
"""The same for deadlines, which are looked at one by one and do not hurry so much."""
MOST_ATTEMPTS = 5
PATIENCE: Final = 0.2
"""Seconds that what workers without steps write lets others past on the way to the database: containment goes first."""
GIVING_WAY: Final = 1.0
"""Seconds that a message waits at most while deadlines are due beside it."""


class Worker:
    """One worker. `once` does one thing, or some short ones; `run` goes on until `stop` is set, and idles until the bell is rung for its work.

    Without being told otherwise it does everything there is; `work` and `prompt` are for workers with one duty. One with something in
    `prompt` sets `pressed` while it is busy, and those it is shared with give way then: threads of a process share one interpreter.
    """

    def __init__(
        self, *, stop: threading.Event | None = None, work: Work | None = None, prompt: tuple[Prompt, ...] | None = None,
        pressed: threading.Event | None = None,
    ) -> None:  # fmt: skip
        self.work = (*WORK, *SENDING) if work is None else work
        self.prompt = PROMPT if prompt is None else prompt
        self.looked = dict.fromkeys(self.prompt, 0.0)
        self.draining = False
        self.last: type[Queued] | None = None  # what was claimed last
        self.name = f"{living.process()}:{secrets.token_hex(3)}"
        self.actor = system("Hikeshi", "worker")
        self.stop = stop or threading.Event()
        self.pressed = pressed or threading.Event()

    def run(self) -> None:
        living.announce()
        kinds = [rows for rows, _ in self.work]
        if Step not in kinds:
            be_patient(PATIENCE)
        while not self.stop.is_set():
            self._give_way()
            heard = BELL.heard(kinds)
            try:
                sharing.look()
                busy = self.once() > 0
            except Exception:  # the worker's boundary: a fault in one row must not silence all deadlines
                log.exception("the worker met an error and goes on")
                busy = False
                close_old_connections()
            if self.prompt:
                self.pressed.set() if busy else self.pressed.clear()
            if not busy:
                BELL.wait(kinds, heard, self._pause())

    def _give_way(self) -> None:
        """Wait while deadlines are being kept, but never long: what has been decided has to be carried, too."""
        until = time.monotonic() + GIVING_WAY
        while not self.prompt and self.pressed.is_set() and time.monotonic() < until and not self.stop.is_set():
            time.sleep(0.02)

    def _pause(self) -> float:
        """Seconds until the next row falls due, and never long: others may add rows meanwhile."""
        if sharing.crowded():
            return IDLE_SECONDS
        now = timezone.now()
        soon = now + timedelta(seconds=PROMPT_SECONDS if self.prompt else IDLE_SECONDS)
        due: list[datetime | None] = [*soonest([rows for rows, _ in self.work], before=soon).values()]
        due += [self._next_look(one, now, soon) for one in self.prompt]
        return max(0.01, min((at - now for at in due if at is not None), default=soon - now).total_seconds())

    def _next_look(self, one: Prompt, now: datetime, soon: datetime) -> datetime | None:
        at, rest = one.next_due(soon), one.every - (time.monotonic() - self.looked[one])
        return at and max(at, now + timedelta(seconds=max(0.0, rest)))

    def once(self, *, before: type[Queued] | None = None) -> int:
        """Do what must not wait; then claim one due row, or some where they are short, and do what they ask for, only of what stands in
        WORK above `before`. Returns how many things were done.
        """
        if prompt := sum(self._promptly(one) for one in self.prompt):  # each of them, whatever the others found
            return prompt
        waiting: Collection[type[Queued]] | None = None
        for rows, do in self.work:
            if rows is before:
                return 0
            if rows is not self.last:
                if waiting is None:
                    waiting = soonest([one for one, _ in self.work], before=timezone.now())
                if rows not in waiting:
                    continue
            crowded = rows is Step and sharing.crowded()
            taken = claim_some(
                Step.objects.exclude(state="approved") if crowded else rows._default_manager.all(),
                worker=self.name,
                now=timezone.now(),
                seconds=settings.ENVIRONMENT.lease_seconds,
                likely=not crowded,
            )
            if taken:
                if connection.features.has_select_for_update_skip_locked:
                    self.last = (
                        rows  # a moment later it is not worth asking first; elsewhere asking keeps others from writing
                    )
                self._do_all(taken, do)
                return len(taken)
            if rows is self.last:
                self.last = None
        return 0

    def _do_all(self, rows: Sequence[Queued], do: Callable[[Any, Worker], None]) -> None:
        """Each in turn. What it does not come to, because it stops or was too slow, is left to others."""
        for place, row in enumerate(rows):
            if self.stop.is_set() or (row.lease_until and row.lease_until < timezone.now()):
                let_go(rows[place:], worker=self.name)
                return
            self._do(row, do)

    def attend(self, row: Queued) -> None:
        """What long reading calls now and then: do all that is more urgent, and keep the row. Raises `LeaseLost` when it must stop."""
        while not self.stop.is_set() and self.once(before=type(row)):
            pass
        if self.stop.is_set():
            raise LeaseLost(f"{self.name} is asked to stop.")
        hold(row, worker=self.name, now=timezone.now(), seconds=settings.ENVIRONMENT.lease_seconds)

    def drain(self, limit: int = 1000) -> int:
        """Do everything that is due now, for callers without a running worker. Returns how many things were done."""
        self.draining = True
        done = 0
        while done < limit and (count := self.once()):
            done += count
        return done

    def _promptly(self, one: Prompt) -> bool:
        if (one.waits or not self.draining) and time.monotonic() - self.looked[one] < one.every:
            return False
        self.looked[one] = time.monotonic()
        return bool(one.do(actor=self.actor))

    def _do(self, row: Any, do: Callable[[Any, Worker], None]) -> None:
        try:
            do(row, self)
        except Exception:  # as above; the row waits a little longer each time and stays visible as due
            log.exception("%s could not be done by %s", row, self.name)
            if isinstance(row, Step) and row.attempts >= MOST_ATTEMPTS:
                give_up(Step.objects.get(pk=row.pk), actor=self.actor)
                return
            later = timezone.now() + timedelta(seconds=min(300, 2**row.attempts))
            type(row).objects.filter(pk=row.pk, lease_owner=self.name).update(
                due_at=later, lease_owner="", lease_until=None
            )


def _answer(alert: Alert, worker: Worker) -> None:
    actor: Actor = worker.actor
    try:
        if answering.answer(alert, actor=actor) is None:
            leave_uncovered(actor=actor)  # where one is left for people, many often are
    except Failed as problem:
        if problem.permanent or alert.attempts >= MOST_ATTEMPTS:
            _leave(alert, actor, problem)
        else:
            alerts.answer_later(alert, actor=actor, seconds=2**alert.attempts, why=str(problem))
    except HikeshiError as problem:
        _leave(alert, actor, problem)


def _leave(alert: Alert, actor: Actor, problem: HikeshiError) -> None:
    alerts.answered(
        alert,
        actor=actor,
        en=f"Not answered: {problem} Left for triage.",
        ja=f"自動対応できず: {problem} トリアージ待ちとした。",
    )


def _wake(group: Group, worker: Worker) -> None:
    snoozing.wake(group, actor=worker.actor)


def _perform(step: Step, worker: Worker) -> None:
    perform(step, worker=worker.name, actor=worker.actor)


def _watch(row: Watch, worker: Worker) -> None:
    watch(row, actor=worker.actor)


def _rehearse(row: Rehearsal, worker: Worker) -> None:
    rehearsals.rehearse(row, actor=worker.actor)


def _build(timeline: Timeline, worker: Worker) -> None:
    try:
        timelines.build(timeline, actor=worker.actor, engine=ApartStore)
    except HikeshiError as problem:
        log.warning("timeline %s failed: %s", timeline, problem)


def _sign(chain: Chain, worker: Worker) -> None:
    try:
        checkpoints.sign_due(chain, actor=worker.actor)
    except HikeshiError as problem:
        log.error("no checkpoint of %s: %s", chain, problem)  # noqa: TRY400 - foreseen, and said in full


def _stamp(stamp: Stamp, worker: Worker) -> None:
    stamps.take(stamp, actor=worker.actor)


def _copy(copy: Copy, worker: Worker) -> None:
    copies.take(copy, actor=worker.actor)


def _walk(row: Round, worker: Worker) -> None:
    with suppress(LeaseLost):
        rounds.walk(row, actor=worker.actor, meanwhile=lambda: worker.attend(row))


def _verify(item: Item, worker: Worker) -> None:
    with suppress(LeaseLost):
        checking.check_due(item, actor=worker.actor, meanwhile=lambda: worker.attend(item))


def _ask(row: Asking, worker: Worker) -> None:
    with suppress(LeaseLost):
        readiness.ask_all(row, actor=worker.actor, meanwhile=lambda: worker.attend(row))


def _send(notice: Notice, worker: Worker) -> None:
    sending.send(notice, actor=worker.actor)


Work = tuple[tuple[type[Queued], Callable[[Any, Worker], None]], ...]

WORK: Work = (
    (Step, _perform),
    (Group, _wake),
    (Alert, _answer),
    (Watch, _watch),
    (Timeline, _build),
    (Chain, _sign),
    (Stamp, _stamp),
    (Copy, _copy),
    (Asking, _ask),
    (Rehearsal, _rehearse),
    (Round, _walk),
    (Item, _verify),
)
"""What is due and how it is done, the most urgent first. Reading evidence again is last: it has time, and gives way to all of the above."""

SENDING: Work = ((Notice, _send),)
"""Apart, because a service that does not answer must hold nothing back but other messages."""


class Prompt(NamedTuple):
    """What must not wait for anything slow, and needs no lease because it is one short transaction. `every` is in seconds; `waits`: also
    where everything that is due is done at once (`drain`).
    """

    do: Callable[..., int]
    next_due: Callable[[datetime], datetime | None]
    every: float = 0.0
    waits: bool = True


def _waiting(before: datetime) -> datetime | None:
    since = reading.waiting()
    return since if since and since <= before else None


PROMPT: Final = (
    Prompt(duties.ring_due, duties.next_due),
    Prompt(reading.look, _waiting, every=0.3, waits=False),  # all that was written meanwhile at once, not each line
    # Where nobody can be reached, each page fails at once and leads to the next: not all of them in the middle of a containment.
    Prompt(escalating.fire_due, escalating.next_due, every=0.5, waits=False),
    Prompt(escalating.look_at_groups, lambda _before: None, every=2.0),
    Prompt(reweighing.look, lambda _before: None, every=5.0, waits=False),
)
"""Clocks ring, the ledger is read, escalations fire: a worker of its own does nothing else, so that they are on time."""
