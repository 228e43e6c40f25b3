"""What the room shows of where the incident stands, and the forms that change it: sections, assets, decisions, tasks, updates, impact."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.drafts import WORDS
from hikeshi.desk.incidents import affected, containment, decisions, impacts, sections, severities, tasks, updates
from hikeshi.desk.incidents.models import (
    CLEARANCES,
    COMPROMISES,
    FUNCTIONAL_IMPACTS,
    INFORMATION_IMPACTS,
    RECOVERABILITIES,
    SECTIONS,
    Incident,
)
from hikeshi.desk.reports import standing as document
from hikeshi.doors import standing
from hikeshi.doors.console.visit import page
from hikeshi.errors import Refused

SURE: Final = {"confirmed": "yes", "suspected": "may", "investigating": "may", "unknown": "not"}
"""Certainty to the stylesheet's mark."""

IMPACTS: Final = {
    "functional_impact": _("Functional impact"),
    "information_impact": _("Information impact"),
    "recoverability": _("Recoverability"),
}

STEPS: Final = {
    "functional_impact": FUNCTIONAL_IMPACTS,
    "information_impact": INFORMATION_IMPACTS,
    "recoverability": RECOVERABILITIES,
}

HELP: Final = {
    "objective": _("What has to be true by when, in one or two sentences."),
    "impact": _("One line each, beginning with confirmed:, suspected:, under investigation: or unknown:."),
    "next": _("What comes after the objective."),
}


def context(request: HttpRequest, incident: Incident, failed: str) -> dict[str, Any]:
    """What the parts of the room need."""
    now = timezone.now()
    found = document.document(incident)
    row = request.POST.get("row", "") if failed else ""
    return {
        "sections": [
            {"key": key, "words": words, "row": found["sections"][key], "help": HELP[key]} for key, words in SECTIONS
        ],
        "impact_lines": [{"look": SURE[one.certainty], "words": WORDS[one.certainty], "text": one.text} for one in found["impact"]],
        "severity_since": found["severity_since"], "last_actions": found["actions"],
        "undecided": found["decisions"], "approvals": found["approvals"],
        "decided": incident.decisions.filter(decided_at__isnull=False), "affected": found["assets"],
        "affected_counts": [(words, found["counts"][key]) for key, words in (*COMPROMISES, *CLEARANCES) if found["counts"][key]],
        "affected_named": affected.named(incident), "compromises": COMPROMISES, "clearances": CLEARANCES,
        "todo": [{"task": task, "over": tasks.over(task, now)} for task in found["tasks"]],
        "finished": incident.tasks.exclude(state__in=tasks.UNDONE).select_related("owner")[:20],
        "update_last": next(iter(updates.sent(incident)), None), "failed_row": int(row) if row.isdecimal() else 0,
        "scales": scales(incident), "level": severities.level(incident.severity), "now": now,
    }  # fmt: skip


def scales(incident: Incident) -> list[dict[str, Any]]:
    """The three scales of impact, with what is judged, and what such a severity mostly comes to: a hint, never filled in."""
    usual = severities.level(incident.severity).usual_impact
    return [
        {
            "field": field, "words": IMPACTS[field], "value": getattr(incident, field),
            "steps": [(key, label, severities.SCALES[field][key]) for key, label in STEPS[field]],
            "usual": dict(STEPS[field])[usual[field]],
        }
        for field in severities.SCALES
    ]  # fmt: skip


def _at(text: str) -> datetime | None:
    """A `datetime-local` field in the person's own zone; empty: none."""
    if not text:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise Refused(f"{text[:40]!r} is not a time.", hint="Write it as 2026-11-07T03:12.")
    return at if timezone.is_aware(at) else timezone.make_aware(at)


def _version(typed: Any) -> int:
    text = typed.get("version", "")
    if not text.isdecimal():
        raise Refused(
            "The form does not say which version it was opened on.", hint="Reload the page and send it again."
        )
    return int(text)


def _person(typed: Any) -> Person | None:
    key = typed.get("person", "")
    return Person.objects.filter(pk=int(key), is_active=True).first() if key.isdecimal() else None


def _section(incident: Incident, who: Actor, typed: Any) -> None:
    sections.write(incident, typed.get("key", ""), typed.get("text", ""), actor=who, version=_version(typed))


def _asset_add(incident: Incident, who: Actor, typed: Any) -> None:
    state = typed.get("compromise", "unknown")
    affected.add(incident, typed.get("identifier", ""), actor=who, compromise=state, note=typed.get("note", ""))


def _asset_assess(incident: Incident, who: Actor, typed: Any) -> None:
    row = standing.find_asset_by_number(incident, typed.get("row", ""))
    affected.assess(
        row, actor=who, reason=typed.get("reason", ""), compromise=typed.get("compromise", ""),
        clearance=typed.get("clearance", ""), version=_version(typed),
    )  # fmt: skip


def _ask(incident: Incident, who: Actor, typed: Any) -> None:
    options = typed.get("options", "").splitlines()
    by = _at(typed.get("decide_by", ""))
    decisions.ask(incident, typed.get("question", ""), actor=who, options=options, decide_by=by)


def _decide(incident: Incident, who: Actor, typed: Any) -> None:
    row = standing.find_decision(incident, typed.get("row", ""))
    chosen = typed.get("other", "").strip() or typed.get("chosen", "")
    decisions.decide(row, chosen, actor=who, reason=typed.get("reason", ""), version=_version(typed))


def _object(incident: Incident, who: Actor, typed: Any) -> None:
    decisions.object_to(standing.find_decision(incident, typed.get("row", "")), typed.get("text", ""), actor=who)


def _look_back(incident: Incident, who: Actor, typed: Any) -> None:
    row = standing.find_decision(incident, typed.get("row", ""))
    decisions.look_back(row, typed.get("text", ""), actor=who, version=_version(typed))


def _give(incident: Incident, who: Actor, typed: Any) -> None:
    tasks.give(incident, typed.get("title", ""), actor=who, owner=_person(typed), due=_at(typed.get("due", "")))


def _take(incident: Incident, who: Actor, typed: Any) -> None:
    tasks.take(standing.find_task(incident, typed.get("row", "")), actor=who, version=_version(typed))


def _end(incident: Incident, who: Actor, typed: Any) -> None:
    row, text = standing.find_task(incident, typed.get("row", "")), typed.get("text", "")
    if typed.get("way") == "drop":
        tasks.drop(row, actor=who, reason=text, version=_version(typed))
    else:
        tasks.done(row, actor=who, outcome=text, version=_version(typed))


def _reassign(incident: Incident, who: Actor, typed: Any) -> None:
    owner = _person(typed)
    if owner is None:
        raise Refused("Nobody was named.", hint="Name who is to do it.")
    tasks.reassign(standing.find_task(incident, typed.get("row", "")), owner, actor=who, version=_version(typed))


def _update(incident: Incident, who: Actor, typed: Any) -> None:
    updates.send(incident, typed.get("text", ""), actor=who, audience=typed.get("audience", ""))


def _rhythm(incident: Incident, who: Actor, typed: Any) -> None:
    minutes = typed.get("minutes", "")
    if minutes and not (minutes.isdecimal() and len(minutes) < 9):
        raise Refused("The rhythm is no number.", hint="Write minutes, or nothing for that of the severity.")
    reason = typed.get("reason", "")
    updates.set_rhythm(incident, int(minutes or 0) or None, actor=who, reason=reason, version=_version(typed))


def _impact(incident: Incident, who: Actor, typed: Any) -> None:
    given = {field: typed.get(field, "") for field in impacts.FIELDS}
    impacts.judge(incident, actor=who, version=_version(typed), **given)


def _contained(incident: Incident, who: Actor, typed: Any) -> None:
    containment.state_contained(incident, actor=who, reason=typed.get("reason", ""))


def _gather(incident: Incident, who: Actor, typed: Any) -> None:
    del typed
    affected.gather(incident, actor=who)


ACTS: Final[dict[str, tuple[Any, str | Promise]]] = {
    "asset": (_asset_add, _("The asset is on the list.")),
    "assess": (_asset_assess, _("The state of the asset is kept.")),
    "contained": (_contained, _("Containment is stated.")),
    "decide": (_decide, _("Decided.")),
    "decision": (_ask, _("The question is asked.")),
    "gather": (_gather, _("What the alerts name is on the list.")),
    "impact": (_impact, _("Impact judged.")),
    "look-back": (_look_back, _("The verdict is kept.")),
    "object": (_object, _("Your objection is kept.")),
    "reassign": (_reassign, _("The task has a new owner.")),
    "rhythm": (_rhythm, _("Rhythm changed.")),
    "section": (_section, _("Section saved.")),
    "task": (_give, _("The task is given.")),
    "task-end": (_end, _("The task has ended.")),
    "task-take": (_take, _("The task is yours.")),
    "update": (_update, _("Update put on record; the next falls due from now.")),
}


@require_safe
def severity(request: HttpRequest) -> HttpResponse:
    """The severity matrix with examples, when to raise and lower, and the scales of impact."""
    shown = {
        "levels": [
            {"level": one, **{family: one.seconds(family) for family in ("response", "update", "containment", "review")}}
            for one in severities.LEVELS
        ],
        "raise_when": severities.RAISE_WHEN, "lower_when": severities.LOWER_WHEN,
        "scales": scales(Incident(severity=4)),
    }  # fmt: skip
    return page(request, "console/severity.html", shown)
