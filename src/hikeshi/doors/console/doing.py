"""What the forms of a step need: options, facts to tell, evidence to name, texts to start from, and who may have it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.evidence.models import VOLATILITY, Item, Planned
from hikeshi.desk.runs import again, by_hand, handing_in, taking, telling
from hikeshi.desk.runs.kinds import facts_now
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import playbook_of
from hikeshi.desk.runs.stuck import stuck
from hikeshi.desk.runs.targets import too_many
from hikeshi.doors.console.visit import actor
from hikeshi.playbooks.messages import rendered
from hikeshi.playbooks.playbook import GO_ON, HOLD, Message, StepSpec


def doing(request: HttpRequest, found: Step, spec: StepSpec | None) -> dict[str, Any]:
    """For the templates of a step's acts."""
    who, ended = actor(request), found.run.state == "ended"
    facts = telling.facts_of_run(found.run)
    names = {f"fact.{name}" for name in spec.asks} if spec else set()
    key = found.key.partition("/")[0]
    return {
        "options": spec.options if spec else (), "asks": [_field(one, request) for one in facts if one.name in names],
        "lacks": [_field(one, request) for one in facts if found.state == "lacking" and one.value is None and key in one.wanted_by],
        "facts": [_field(one, request) for one in facts], "draft": _message(found, spec.draft if spec else None),
        "message": _message(found, spec.message if spec else None), "collects": _collects(found),
        "items": Item.objects.filter(incident=found.run.incident, disposed_at=None).order_by("-pk")[:50] if found.state == "open" else (),
        "on_failure": _on_failure(spec), "too_many": too_many(found), "stuck": stuck(found, timezone.now()),
        "may_take": found.state in taking.OWNABLE and found.owner != who.name and not ended,
        "may_give": found.state in taking.OWNABLE and not ended,
        "may_fail": found.state == "open" and found.kind != "decision",
        "may_again": found.state in again.OVER and not found.parts.exists() and not found.runs_within.exists(),
        "may_skip": found.state in by_hand.SKIPPABLE or (found.state == "running" and found.kind in by_hand.WAITS),
        "parts_of_step": list(found.parts.order_by("pk")), "within": list(found.runs_within.all()),
        "people": Person.objects.filter(is_active=True).order_by("username"),
    }  # fmt: skip


def _field(one: telling.Known, request: HttpRequest) -> dict[str, Any]:
    """A fact as a field shows it, with what was typed where the form was refused."""
    value: Any = one.value
    shown = (
        "\n".join(value) if isinstance(value, list) else "yes" if value is True else "no" if value is False else value
    )
    typed = request.POST.get(one.name, "" if shown is None else shown)
    return {
        **one._asdict(),
        "id": one.name.replace(".", "-"),
        "typed": typed,
        "known": value is not None,
        "shown": shown,
    }


def _message(found: Step, message: Message | None) -> dict[str, Any] | None:
    """A text with the facts put in."""
    if message is None:
        return None
    facts = facts_now(found.run)
    return {"to": message.to, "subject": rendered(message.subject, facts), "body": rendered(message.body, facts)}


def _collects(found: Step) -> list[dict[str, Any]]:
    """The kinds of evidence that it hands in, with the line of the plan that each settles where there is one."""
    if found.kind != "evidence":
        return []
    rows = Planned.objects.filter(incident=found.run.incident).select_related("item")
    words, lines = dict(VOLATILITY), {(row.kind, row.target): row for row in rows}
    return [
        {"kind": kind, "word": words.get(kind, kind), "target": target, "line": lines.get((kind, target))}
        for kind, target in handing_in.wanted(found)
    ]


def _on_failure(spec: StepSpec | None) -> str:
    """What a failure leads to: "go_on", "hold", or the key of the step that is there for it; "" where the playbook leaves it to the kind."""
    return {GO_ON: "go_on", HOLD: "hold", None: ""}.get(spec.on_failure, spec.on_failure or "") if spec else ""


def end_of(run: Run) -> tuple[Any, ...]:
    """What has to be true before the answer is over, for people."""
    book = playbook_of(run)
    return book.end if book else ()
