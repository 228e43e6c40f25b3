"""The evidence plan on the evidence page: adding lines, settling them, waiving them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import volatility
from hikeshi.desk.evidence.models import Planned
from hikeshi.doors.console.evidence import show
from hikeshi.doors.console.visit import actor, attempt, done, incident_of
from hikeshi.errors import Refused


@require_POST
def expect(request: HttpRequest, name: str) -> HttpResponse:
    """Add one line, or what the alerts suggest."""
    incident, typed = incident_of(request, name), request.POST
    wanted = [(typed.get("kind", ""), typed.get("target", ""))]
    if typed.get("from") == "alerts":
        wanted = volatility.of_alerts(incident)
    problem = attempt(lambda: volatility.expect(incident, wanted, actor=actor(request)))
    return (
        show(request, incident, None, problem)
        if problem
        else done(request, _("The plan is up to date."), "evidence", name)
    )


def _bind(line: Planned, who: Actor, typed: Any) -> None:
    item = line.incident.evidence.filter(name=typed.get("item", "")).first()
    if item is None:
        raise Refused("There is no such item.", hint="Choose one from the list.")
    volatility.bind(line, item, actor=who)


Act = Callable[[Planned, Actor, Any], object]
ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "bind": (_bind, gettext_lazy("The line is held.")),
    "fail": (lambda line, who, typed: volatility.fail(line, actor=who, reason=typed.get("reason", "")), gettext_lazy("The failure is recorded.")),
    "waive": (lambda line, who, typed: volatility.waive(line, actor=who, reason=typed.get("reason", "")), gettext_lazy("The line is waived.")),
}  # fmt: skip


@require_POST
def act(request: HttpRequest, name: str, pk: int, act: str) -> HttpResponse:
    """One act on a line. A refused one shows the page again with the words typed."""
    if act not in ACTS:
        raise Http404
    incident = incident_of(request, name)
    line = get_object_or_404(Planned.objects.select_related("incident"), incident=incident, pk=pk)
    do, said = ACTS[act]
    problem = attempt(lambda: do(line, actor(request), request.POST))
    return show(request, incident, None, problem) if problem else done(request, said, "evidence", name)
