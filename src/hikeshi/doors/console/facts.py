"""What is known of an incident, and of the organisation: one form of questions, and the duties that follow as proposals."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hikeshi.clocks.facts import FACTS, TOPICS
from hikeshi.desk.duties import facts as known_facts, proposals
from hikeshi.desk.incidents import obligations
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.doors import proposals as shapes
from hikeshi.doors.console.clock_rules import refuse_strangers, say
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page


@require_http_methods(["GET", "HEAD", "POST"])
def facts(request: HttpRequest, name: str) -> HttpResponse:
    """The questions of one incident. Only what has changed is put on record, each as a line of its own."""
    incident = incident_of(request, name)
    problem = attempt(lambda: _save(request, incident)) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        return done(request, _("What is known is on record."), "duties", incident.name)
    context = {**head(request, incident, "duties"), "topics": _topics(incident.name)}
    return page(request, "console/facts.html", context, problem=problem)


@require_http_methods(["GET", "HEAD", "POST"])
def house(request: HttpRequest) -> HttpResponse:
    """What the organisation is: said once, for all incidents."""
    refuse_strangers(request)
    problem = attempt(lambda: _save(request, None)) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        return done(request, _("What is known is on record."), "house_facts")
    return page(request, "console/house_facts.html", {"topics": _topics(ORGANISATION)}, problem=problem)


def proposed(incident: Incident) -> list[dict[str, Any]]:
    """The proposals in the reader's language, for the page of duties."""
    return [
        {
            "rule": one.rule.name, "title": say(one.rule.title), "may": one.verdict == "may_apply", "on": one.on,
            "because": [say(FACTS[key].text) for key in one.because], "open": [say(FACTS[key].text) for key in one.open],
        }
        for one in proposals.proposals(incident.name)
    ]  # fmt: skip


def _topics(chain: str) -> list[tuple[str, list[dict[str, Any]], bool]]:
    """Topic, its questions, and whether it is unfolded: what we are is asked on the organisation's page, the rest on the incident's."""
    spoken = known_facts.known(
        chain
    )  # that nobody knows is worth saying too: nothing is ticked until somebody has spoken
    rows = [{**row, "text": say(row["text"]), "answer": spoken.get(row["fact"], "")} for row in shapes.answers(chain)]
    rows.sort(key=lambda row: row["fact"] != "personal_data")  # the question that most others hang on comes first
    return [
        (say(text), [row for row in rows if row["topic"] == topic], (topic == "house") == (chain == ORGANISATION))
        for topic, text in TOPICS.items()
    ]


def _save(request: HttpRequest, incident: Incident | None) -> None:
    known, who = known_facts.known(incident.name if incident else ORGANISATION), actor(request)
    for key in FACTS:
        answer = request.POST.get(key, "")
        if not answer or answer == known.get(key):
            continue
        if incident is None:
            obligations.say_house_fact(key, answer, actor=who)
        else:
            obligations.say_fact(incident, key, answer, actor=who)
