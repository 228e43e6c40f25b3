"""`playbook run | steps | step | done | decide | fail | skip | again | take | give | allow`: the steps of playbooks at work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from hikeshi.desk.playbooks.reading import book, books
from hikeshi.desk.runs import again as once_more, by_hand, deciding, starting as starts, taking, targets
from hikeshi.desk.runs.models import Step
from hikeshi.doors import find, runs, shapes, starting
from hikeshi.doors.cli import planned
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor
from hikeshi.playbooks.facts import FACTS

Reference = Annotated[str, typer.Argument(metavar="STEP", help="A step, such as 2.1, or 7:2.1 with its run.")]
Facts = Annotated[
    list[str] | None,
    typer.Option("--fact", metavar="NAME=VALUE", help="A fact; of a list once for each, of yes or no as these words."),
]
Why = Annotated[str, typer.Option(help="The reason, kept in the record.")]


def run(
    incident: str,
    name: Annotated[str, typer.Argument(help="A playbook of `playbook shelf`.")],
    fact: Facts = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do first.")] = False,
    again: Annotated[bool, typer.Option("--again", help="A second run of the same playbook is meant.")] = False,
) -> Any:
    """Start a playbook. A fact that nobody knows yet is asked for when a step needs it."""
    who = actor()
    row, found = find.incident(who, incident), book(name)
    given = pairs(fact or (), "--fact")
    if strange := [one for one in given if one not in FACTS and one.removeprefix("fact.") not in found.facts]:
        known = ", ".join((*found.facts, *FACTS))
        raise WrongUsage(f"--fact {strange[0]!r} is no fact of {name}.", hint=f"Facts are {known}.")
    facts = starting.known(row, found, given)
    if dry_run:
        return starting.look(found, facts)
    return shapes.run(starts.start(row, found, actor=who, facts=facts, again=again, shelf=books()))


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """NAME=VALUE as typed; what is given more than once becomes lines."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise WrongUsage(f"{option} {text!r} is not understood.", hint="Write NAME=VALUE.")
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def list_steps(
    incident: str, state: Annotated[str, typer.Option(help="Only those: open, asked, running, ...")] = ""
) -> Answer:
    """The steps of an incident in order."""
    rows = Step.objects.filter(run__incident=find.incident(actor(), incident)).select_related("run__incident")
    shown = [shapes.step(row) for row in (rows.filter(state=state) if state else rows)]
    return Answer(shown, columns=("step", "phase", "title", "role", "owner", "action", "state", "since", "grade"))


def show(incident: str, step: Reference) -> Answer:
    """One step in full: what it is for, whom it waits for, its options, the facts it asks for, and the text to start from."""
    return planned.answer(runs.step(_found(incident, step)[1]))


def done(
    incident: str,
    step: Reference,
    note: Annotated[str, typer.Option(help="What came of it.")] = "",
    fact: Facts = None,
    evidence: Annotated[
        list[str] | None, typer.Option(metavar="EV-003", help="Evidence that was taken; may be repeated.")
    ] = None,
    cannot: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=REASON", help="A kind of evidence that cannot be had, and why; may be repeated."),
    ] = None,
) -> Any:
    """You have done a step by hand, or taken the evidence that it collects."""
    who, row = _found(incident, step)
    by_hand.finish_by_hand(
        row, actor=who, note=note, facts=pairs(fact or (), "--fact"), evidence=evidence or (), unobtainable=pairs(cannot or (), "--cannot")
    )  # fmt: skip
    return _fresh(row)


def decide(
    incident: str,
    step: Reference,
    choice: Annotated[str, typer.Argument(help="The value of an option; `playbook step` has them.")],
    note: Annotated[str, typer.Option(help="Why, in a few words.")] = "",
    fact: Facts = None,
) -> Any:
    """Take a decision."""
    who, row = _found(incident, step)
    deciding.decide(row, choice, actor=who, note=note, facts=pairs(fact or (), "--fact"))
    return _fresh(row)


def fail(incident: str, step: Reference, reason: Why) -> Any:
    """It was tried and did not work; the playbook says what follows."""
    who, row = _found(incident, step)
    by_hand.fail_by_hand(row, actor=who, reason=reason)
    return _fresh(row)


def skip(incident: str, step: Reference, reason: Annotated[str, typer.Option(help="Why it is left out.")]) -> Any:
    """Leave a step out."""
    who, row = _found(incident, step)
    by_hand.skip(row, actor=who, reason=reason)
    return _fresh(row)


def again(incident: str, step: Reference, reason: Why) -> Any:
    """Do a step once more. What has opened after it stays as it is."""
    who, row = _found(incident, step)
    once_more.run_again(row, actor=who, reason=reason)
    return _fresh(row)


def take(
    incident: str,
    step: Reference,
    reason: Annotated[str, typer.Option(help="Needed where somebody else has it.")] = "",
    from_worker: Annotated[bool, typer.Option("--from-worker", help="It is stuck with a worker.")] = False,
) -> Any:
    """You do it."""
    who, row = _found(incident, step)
    (taking.take_from_worker if from_worker else taking.take)(row, actor=who, reason=reason)
    return _fresh(row)


def give(
    incident: str,
    step: Reference,
    to: Annotated[str, typer.Option(help="A user name; without it nobody, whoever has the role.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> Any:
    """Somebody else does it."""
    who, row = _found(incident, step)
    taking.hand_over(row, find.person(to) if to else None, actor=who, reason=reason)
    return _fresh(row)


def allow(incident: str, step: Reference, reason: Why) -> Any:
    """So many targets are meant: the step opens for each of them."""
    who, row = _found(incident, step)
    targets.allow_targets(row, actor=who, reason=reason)
    return _fresh(row)


def _found(incident: str, step: str) -> tuple[Any, Step]:
    who = actor()
    return who, find.step(find.incident(who, incident), step)


def _fresh(row: Step) -> shapes.StepShape:
    return shapes.step(Step.objects.select_related("run__incident").get(pk=row.pk))
