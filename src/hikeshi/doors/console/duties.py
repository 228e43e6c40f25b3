"""The duties of an incident: what the law and contracts ask, decided, counted down and filed by people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.clocks.forms import FORMS
from hikeshi.clocks.moments import MOMENTS
from hikeshi.clocks.rule import rules
from hikeshi.desk.duties import law
from hikeshi.desk.duties.models import ANSWERS, Moment
from hikeshi.desk.incidents import obligations
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors import find, obligations as shapes
from hikeshi.doors.clock_rules import moment_of
from hikeshi.doors.console.clock_rules import STATES, say
from hikeshi.doors.console.facts import proposed
from hikeshi.doors.console.room import head
from hikeshi.doors.console.times import left
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import HikeshiError, Refused

ANCHORS: Final = sorted({name for rule in rules().values() if rule.duty and rule.in_force for name in rule.anchors})
LOOKS: Final = {
    "due_soon": "badge-amber",
    "overdue": "badge-fire",
    "submitted": "badge-green",
    "needs_review": "badge-amber",
}


@require_safe
def duties(request: HttpRequest, name: str) -> HttpResponse:
    return _show(request, incident_of(request, name))


def _show(
    request: HttpRequest, incident: Incident, problem: HikeshiError | None = None, failed: str = ""
) -> HttpResponse:
    context = {
        **head(request, incident, "duties"), "rows": [_row(one) for one in law.standings(incident.name)], "failed": failed,
        "claims": _claims(incident.name),
        "contradicted": [{"what": say(MOMENTS[key]), "rows": rows} for key, rows in law.contradicted(incident.name).items()],
        "forms": [(key, say(form.title)) for key, form in FORMS.items()], "proposed": proposed(incident),
        "answers": ANSWERS, "keys": [(key, say(MOMENTS[key])) for key in ANCHORS], "groups": _groups(),
    }  # fmt: skip
    return page(request, "console/duties.html", context, problem=problem)


@require_POST
def act(request: HttpRequest, name: str, act: str) -> HttpResponse:
    """`record`, `withdraw`, `decide` or `file`, from the form of that name."""
    incident = incident_of(request, name)
    if act not in ACTS:
        raise Http404
    verb, said = ACTS[act]
    problem = attempt(lambda: verb(request, incident))
    if problem is not None:
        return _show(request, incident, problem, failed=act)
    return done(request, said, "duties", incident.name)


def _record(request: HttpRequest, incident: Incident) -> None:
    form = request.POST
    when = moment_of(form.get("when", ""), settings.ENVIRONMENT.time_zone)
    obligations.record_moment(incident, form.get("key", ""), when, actor=actor(request), note=form.get("note", ""))


def _withdraw(request: HttpRequest, incident: Incident) -> None:
    form = request.POST
    number = form.get("claim", "")
    if not number.isdecimal():
        raise Refused("No time was named.", hint="Choose one from the list.")
    row = find.claim(incident, int(number))
    obligations.withdraw_moment(incident, row, actor=actor(request), reason=form.get("reason", ""))


def _decide(request: HttpRequest, incident: Incident) -> None:
    form = request.POST
    obligations.decide(
        incident, form.get("rule", ""), form.get("answer", ""), actor=actor(request), reason=form.get("reason", "")
    )


def _file(request: HttpRequest, incident: Incident) -> None:
    form = request.POST
    at = shapes.instant(form["at"], settings.ENVIRONMENT.time_zone) if form.get("at", "").strip() else timezone.now()
    obligations.file(
        incident, form.get("rule", ""), actor=actor(request), at=at, channel=form.get("channel", ""),
        reference=form.get("reference", ""), proof=form.get("proof", ""),
    )  # fmt: skip


ACTS: Final[dict[str, tuple[Callable[[HttpRequest, Incident], None], Promise]]] = {
    "decide": (_decide, _("The decision is on record.")),
    "file": (_file, _("The filing is on record.")),
    "record": (_record, _("The time is on record.")),
    "withdraw": (_withdraw, _("The time is taken back; it stays on record.")),
}


def _row(one: law.Standing) -> dict[str, Any]:
    """A duty as a row: words in the reader's language, time left, how it looks."""
    due, duty = one.due, one.rule.duty
    off = one.decision.answer in {"does_not_apply", "waived_by_authority"}
    running = due.due_at is not None and not one.filings and not off
    return {
        "rule": one.rule.name, "title": say(one.rule.title), "recipient": say(duty.recipient) if duty else "",
        "decision": one.decision, "off": off, "due_at": due.due_at, "explanation": say(due.explanation),
        "word": _("no date in the law") if due.state == "running" and due.due_at is None else STATES[due.state], "look": LOOKS.get(due.state, "badge-line"), "filings": one.filings,
        "left": left((due.due_at - timezone.now()).total_seconds()) if running and due.due_at else "",
    }  # fmt: skip


def _claims(chain: str) -> list[dict[str, Any]]:
    """Every claim of a moment, and whether deadlines count from it."""
    counting = {rows[0].pk for rows in law.claims_of(chain).values()}
    return [
        {"row": row, "what": say(MOMENTS[row.key]) if row.key in MOMENTS else row.key, "counts": row.pk in counting}
        for row in Moment.objects.filter(chain__name=chain).order_by("pk")
    ]


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The duties there are, by jurisdiction, for a list to choose from. What is not in force is left out."""
    found: dict[str, list[tuple[str, str]]] = {}
    for rule in rules().values():
        if rule.duty is not None and rule.in_force:
            found.setdefault(rule.duty.jurisdiction, []).append((rule.name, say(rule.title)))
    return sorted(found.items())
