"""What opens next in a run. The engine says it (`playbooks/flow.py`), here it is written down, inside the verb that made it possible."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import volatility
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs import due, handing_in
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.opening import open_step
from hikeshi.desk.runs.pinned import playbook_of
from hikeshi.desk.runs.rows import save_all, write, write_all, write_run
from hikeshi.errors import HikeshiError
from hikeshi.playbooks import flow
from hikeshi.playbooks.facts import bind
from hikeshi.playbooks.flow import Move
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.playbooks.states import ENDED
from hikeshi.text import Text

log = logging.getLogger(__name__)


class Seen(NamedTuple):
    """Of one step what the engine has to know of it, and nothing else: a run may have hundreds."""

    pk: int
    key: str
    state: str
    choice: str
    whole: int | None
    after: list[str]
    allowed_by: str


ENDING = ("state", "ended_at", "outcome", "due_at", "lease_owner", "lease_until", "attempts")
OPENING = (*ENDING, "inputs", "began_at", "since")
SEEN = ("pk", "key", "state", "choice", "part_of_id", "after", "allowed_by")
SENT: Final = Text("The message is on its way.", "メッセージを送信しました。")
Message = Mapping[str, Any]
"""The data of the line of the record that says what is sent to whom."""


def release(run: Run, *, actor: Actor, send: Callable[[Run, StepSpec], Message] | None = None) -> None:
    """Open every step that has nothing to wait for any more, and leave out what is not needed. Called inside the verb that ended one.

    `run` is as it is now, and the incident's chain is held (`rows.py`). A run that is over ends the step that it is within. With `send`,
    which says what a message tells, messages are done as they open: they are lines of the record, and nothing outside is asked.
    """
    if run.state != "running":
        return
    seen = [Seen(*row) for row in run.steps.order_by("place", "pk").values_list(*SEEN)]
    states = {one.key: one.state for one in seen}
    states |= _sum_up_parts(run, seen, actor)
    moves: list[tuple[Move, Message | None]] = []
    going = True
    while going:
        fresh = [(move, _message(run, move, send)) for move in (*_moves(run, seen, states), *_added(run, seen, states))]
        states |= {move.key: "done" if message else move.to for move, message in fresh}
        moves += fresh
        going = any(message for _, message in fresh)
    if moves:
        _carry_all(run, moves, {one.key: one.pk for one in seen}, actor)
    if all(state in ENDED for state in states.values()):
        _end(run, [states[one.key] for one in seen if one.whole is None], actor, send)


def _message(run: Run, move: Move, send: Callable[[Run, StepSpec], Message] | None) -> Message | None:
    """What the step tells, where it is a message that can be sent at once. None: whoever claims it says what is wrong with it."""
    book = playbook_of(run)
    if send is None or move.to != "open" or book is None or move.items:
        return None
    spec = next((spec for spec in book.steps if spec.key == move.key), None)
    try:
        return send(run, spec) if spec and spec.kind == "notify" else None
    except HikeshiError:
        log.exception("the message of step %s waits for a worker of its own", move.key)
        return None


def _sum_up_parts(run: Run, seen: Iterable[Seen], actor: Actor) -> dict[str, str]:
    """Close the steps of which every part has ended. Returns their states by key."""
    parts: dict[int, list[str]] = {}
    for one in seen:
        if one.whole is not None:
            parts.setdefault(one.whole, []).append(one.state)
    found = {}
    for one in seen:
        if one.pk in parts and one.state == "running" and (state := flow.sum_up(parts[one.pk])):
            found[one.key] = state
            step = run.steps.get(pk=one.pk)
            step.run = run
            close(step, state, _counted(parts[one.pk]), actor=actor)
    return found


def close(
    step: Step, state: str, said: Text, *, actor: Actor, before: Iterable[tuple[str, Mapping[str, Any]]] = ()
) -> None:  # fmt: skip
    """End a step that was done in other rows, or by a worker without the cloud. What waited for it is opened by the caller.

    `before` are lines of the record (verb and data) that come before its end.
    """
    _ended(step, state, said)
    step.save(update_fields=ENDING)
    _write_end(step, actor, before)


def _ended(step: Step, state: str, said: Text) -> None:
    step.state, step.ended_at, step.outcome = state, timezone.now(), {"en": said.en, "ja": said.ja}
    give_back(step, due_at=None)


def _write_end(step: Step, actor: Actor, before: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    write_all(step, actor, [*before, ("step.end", {"outcome": step.state, **step.outcome})])
    due.stop_clock(step, actor=actor, at=step.ended_at or timezone.now())


def _counted(states: list[str]) -> Text:
    """What the parts came to, in numbers."""
    each = {state: states.count(state) for state in sorted(set(states))}
    said = ", ".join(f"{state} {count}" for state, count in each.items())
    return Text(f"{len(states)} parts: {said}.", f"全 {len(states)} 件: {said}。")


def _moves(run: Run, seen: Iterable[Seen], states: Mapping[str, str]) -> list[Move]:
    book = playbook_of(run)
    if book is None:
        return []
    choices = {one.key: one.choice for one in seen if one.choice}
    allowed = {one.key for one in seen if one.allowed_by}
    facts = {**run.facts, "incident.severity": run.incident.severity}
    return flow.moves(book, states, choices, facts, allowed)


def _added(run: Run, seen: Iterable[Seen], states: Mapping[str, str]) -> Iterator[Move]:
    """Steps that no playbook has open once all that they wait for is over, however it ended."""
    book = playbook_of(run)
    known = {spec.key for spec in book.steps} if book else set()
    for one in seen:
        mine = one.state == "waiting" and one.whole is None and one.key not in known
        if mine and all(states.get(key) in ENDED for key in one.after):
            yield Move(one.key, "open")


def _carry_all(
    run: Run, moves: Iterable[tuple[Move, Message | None]], keys: Mapping[str, int], actor: Actor
) -> None:  # fmt: skip
    book = playbook_of(run)
    specs = {spec.key: spec for spec in book.steps} if book else {}
    rows = run.steps.order_by().in_bulk([keys[move.key] for move, _ in moves])
    opened = []
    for move, message in moves:
        step = rows[keys[move.key]]
        step.run = run
        if message:
            open_step(step, specs[move.key])
            _ended(step, "done", SENT)
            _write_end(step, actor, [("step.notify", message)])
        elif move.to == "open":
            opened.append(step)
            _open(step, specs.get(move.key), move, book, actor)
        else:
            _stay(step, move, actor)
    save_all(rows.values(), OPENING)
    due.open_clocks(run, opened, actor=actor)


def _stay(step: Step, move: Move, actor: Actor) -> None:
    """It is not needed, or lacks a fact."""
    step.state, step.outcome = move.to, msgspec.to_builtins(move.why) if move.why else {}
    step.ended_at = timezone.now() if move.to == "not_needed" else None
    write(step, actor, f"step.{move.to}", {"en": step.outcome.get("en", ""), "ja": step.outcome.get("ja", "")})


def _open(step: Step, spec: StepSpec | None, move: Move, book: Playbook | None, actor: Actor) -> None:
    if step.action:
        incidents.enter_phase(step.run.incident, step.phase, actor=actor)
    if spec is not None and book is not None and spec.for_each:
        parts = list(_parts(step, spec, move, book))
        Step.objects.bulk_create(parts)
        step.state, step.due_at, step.outcome = "running", None, {}
    else:
        parts = [step]
        step.inputs = dict(move.inputs) if spec is not None else step.inputs
        open_step(step, spec)
    if step.kind == "evidence":
        volatility.expect(step.run.incident, [line for part in parts for line in handing_in.wanted(part)], actor=actor)


def _parts(step: Step, spec: StepSpec, move: Move, book: Playbook) -> Iterator[Step]:
    """A row for each target that has none yet."""
    there = dict(step.parts.values_list("item", "key"))
    for number, item in enumerate(move.items, len(there) + 1):
        if item in there:
            continue
        part = Step(
            run=step.run, part_of=step, item=item[:500], key=f"{step.key}/{number}", place=step.place, phase=step.phase, kind=step.kind,
            title=step.title, text=step.text, role=step.role, action=step.action, requested_by=step.requested_by,
            inputs=bind(book, spec, step.run.facts, item),
        )  # fmt: skip
        open_step(part, spec)
        yield part


def _end(run: Run, states: list[str], actor: Actor, send: Callable[[Run, StepSpec], Message] | None) -> None:
    """Everything in it is over; so is the step that it is within, and what waited for that one goes on."""
    if playbook_of(run) is None:
        return
    run.state, run.ended_at = "ended", timezone.now()
    run.save(update_fields=["state", "ended_at"])
    write_run(run, actor, "run.end", {"version": run.version})
    if run.within_id is None:
        return
    whole = Step.together(Step.objects.filter(pk=run.within_id)).get()
    whole.run.incident = run.incident
    close(whole, flow.sum_up(states), _counted(states), actor=actor)
    release(whole.run, actor=actor, send=send)
