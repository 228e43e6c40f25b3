"""The page "My work": what waits for me, nearest deadline first, and hand-overs with their briefs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import handover
from hikeshi.desk.incidents.models import Handover, Task
from hikeshi.desk.incidents.verbs import duties_of, visible
from hikeshi.desk.runs.models import Step
from hikeshi.doors.console.clocks import face
from hikeshi.doors.console.my_steps import my_steps
from hikeshi.doors.console.templatetags.console import said
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import HikeshiError

WRITES_UPDATES: Final = frozenset({"incident_commander", "deputy_commander", "communications_lead"})
MOST: Final = 100
KINDS: Final[dict[str, str | Promise]] = {
    "approval": _("approval"),
    "deadline": _("deadline"),
    "decision": _("decision"),
    "group": _("alert"),
    "handover": _("hand-over"),
    "step": _("step"),
    "task": _("task"),
}


class Waiting(NamedTuple):
    """One thing that waits. `due` empty: no deadline, after all that have one."""

    kind: str
    what: str
    about: str
    link: str
    since: datetime | None
    due: datetime | None

    @property
    def word(self) -> str:
        return str(KINDS[self.kind])


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest, problem: HikeshiError | None = None, failed: int = 0) -> HttpResponse:
    who, now = actor(request), timezone.now()
    offers = handover.concerning(who).filter(state="proposed")
    context = {
        "waiting": sorted(_waiting(who, now), key=lambda one: (one.due is None, one.due or now, one.kind))[:MOST],
        "offers": offers.filter(receiver_id=who.person_id or 0), "given": offers.exclude(receiver_id=who.person_id or 0),
        "late": {row.pk for row in offers if handover.late(row, now)}, "failed": failed,
    }  # fmt: skip
    return page(request, "console/mine.html", context, problem=problem)


def _waiting(who: Actor, now: datetime) -> Iterator[Waiting]:
    open_ones = list(visible(who).exclude(status__in=("closed", "merged")))
    yield from _offers(who)
    for step in Step.objects.filter(run__incident__in=open_ones, state="asked").select_related("run__incident"):
        incident = step.run.incident
        if allowed(who, "command", duties_of(who, incident)):
            yield Waiting(
                "approval",
                said(step.title),
                incident.name,
                reverse("step", args=(incident.name, step.pk)),
                step.asked_at,
                None,
            )
    steps = list(my_steps(who, open_ones))
    for kind, step, due, _clock in steps:
        incident = step.run.incident
        title = f"{step.key} {said(step.title)}" + (f" ({step.item})" if step.item else "")
        yield Waiting(kind, title, incident.name, reverse("step", args=(incident.name, step.pk)), step.since, due)
    for task in Task.objects.filter(owner_id=who.person_id, incident__in=open_ones, state__in=("open", "taken")):
        yield Waiting(
            "task", task.title, task.incident.name, reverse("room", args=(task.incident.name,)), task.made_at, task.due
        )
    names = [one.name for one in open_ones if duties_of(who, one) & WRITES_UPDATES]
    clocks = Clock.objects.filter(chain__name__in=names, stopped_at=None).exclude(rule__in=[one.clock for one in steps])
    for clock in clocks.select_related("chain")[:MOST]:
        yield Waiting(
            "deadline",
            face(clock, now).name,
            clock.chain.name,
            reverse("room", args=(clock.chain.name,)),
            clock.started_at,
            clock.deadline,
        )
    if allowed(who, "triage"):
        for group in Group.objects.filter(assigned_to_id=who.person_id, state__in=("waiting", "snoozed")):
            yield Waiting("group", group.title, f"GRP-{group.pk}", reverse("alerts"), None, None)


def _offers(who: Actor) -> Iterator[Waiting]:
    for row in handover.concerning(who).filter(state="proposed", receiver_id=who.person_id or 0):
        due = row.proposed_at + handover.ANSWER_WITHIN
        yield Waiting(
            "handover", str(row.get_duty_display()), row.incident.name, f"#handover-{row.pk}", row.proposed_at, due
        )


@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Answer a hand-over, or take one back."""
    who, typed = actor(request), request.POST
    row = get_object_or_404(handover.concerning(who), pk=pk)
    acts = {
        "accept": lambda: handover.accept(row, actor=who, say_back=typed.get("say_back", "")),
        "decline": lambda: handover.decline(row, actor=who, reason=typed.get("reason", "")),
        "withdraw": lambda: handover.withdraw(row, actor=who, reason=typed.get("reason", "")),
    }
    if act not in acts:
        raise Http404
    problem = attempt(acts[act])
    if problem:
        return _show(request, problem, pk)
    words = {"accept": _("The role is yours now."), "decline": _("Declined."), "withdraw": _("Taken back.")}[act]
    return done(request, words, "mine")


@require_POST
def propose(request: HttpRequest, name: str) -> HttpResponse:
    """Propose to hand a role over, from the room."""
    incident = incident_of(request, name)
    number = request.POST.get("person", "")
    receiver = get_object_or_404(Person, pk=number if number.isdecimal() else 0, is_active=True)
    typed = request.POST
    made: list[Handover] = []
    problem = attempt(
        lambda: made.append(
            handover.propose(
                incident, typed.get("duty", ""), receiver, actor=actor(request), words=typed.get("words", "")
            )
        )
    )
    if problem:
        return _show(request, problem)
    return done(request, _("Proposed. Until it is accepted, whoever holds the role stays accountable."), "room", name)
