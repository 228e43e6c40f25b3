"""What may be done to a whole run from its page: hold it, let it go on, tell it facts, put a step into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from hikeshi.desk.actor import Actor
from hikeshi.desk.runs import adding, pausing, telling
from hikeshi.desk.runs.models import Run
from hikeshi.doors.console.runner import chosen
from hikeshi.doors.console.step import of_incident
from hikeshi.doors.console.step_acts import facts_typed
from hikeshi.doors.console.steps import show
from hikeshi.doors.console.visit import actor, attempt, done, incident_of
from hikeshi.errors import Refused

Act = Callable[[Run, Actor, Any], object]


def _due(text: str) -> datetime | None:
    """A time as a browser's field sends it, in the reader's own zone."""
    if not text:
        return None
    try:
        return timezone.make_aware(datetime.fromisoformat(text))
    except ValueError as problem:
        raise Refused(f"{text[:40]!r} is no time.", hint="Such as 2026-11-07T03:30.") from problem


def _add(run: Run, who: Actor, typed: Any) -> None:
    adding.add_manual(
        run.incident, typed.get("title", ""), typed.get("text", ""), actor=who, run=run, role=typed.get("role", ""),
        phase=typed.get("phase", ""), after=typed.getlist("after"), due=_due(typed.get("due", "")),
    )  # fmt: skip


ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "add": (_add, _("The step is added.")),
    "pause": (lambda run, who, typed: pausing.pause(run, actor=who, reason=typed.get("reason", "")), _("The playbook is paused.")),
    "resume": (lambda run, who, typed: pausing.resume(run, actor=who, reason=typed.get("reason", "")), _("The playbook goes on.")),
    "tell": (lambda run, who, typed: telling.tell(run, facts_typed(typed), actor=who), _("The facts are told.")),
}  # fmt: skip


@require_POST
def act(request: HttpRequest, name: str, pk: int, act: str) -> HttpResponse:
    """One act on a run. `?step=` is the step to go back to."""
    if act not in ACTS:
        raise Http404
    incident, who = incident_of(request, name), actor(request)
    run = get_object_or_404(Run.objects.select_related("incident"), pk=pk, incident=incident)
    number = request.GET.get("step", "")
    here = of_incident(incident, int(number)) if number.isdecimal() and len(number) < 19 else chosen([run], who.name)
    do, said = ACTS[act]
    problem = attempt(lambda: do(run, who, request.POST))
    if problem is None:
        return (
            done(request, said, "step", incident.name, here.pk) if here else done(request, said, "steps", incident.name)
        )
    return show(request, incident, here, problem)
