"""The catalogue of actions, and an action that no playbook foresaw: chosen by what the findings call for, or from the whole list."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.network.ladder import Ladder
from hikeshi.actions.catalogue import read_inputs
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import adding, looking
from hikeshi.desk.runs.models import Step
from hikeshi.doors.actions import ActionDetail, detail, kind_of, line
from hikeshi.doors.advice import advice
from hikeshi.doors.console.clock_rules import refuse_strangers
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.doors.ladder import shape
from hikeshi.errors import HikeshiError, Refused

EFFECTS: Final = {"look": _("looks"), "collect": _("collects"), "contain": _("contains"), "destroy": _("destroys")}
RADII: Final = {
    "resource": _("only the resource"),
    "shared": _("those who share it, too"),
    "account": _("the whole account"),
}
WAYS_BACK: Final = {"yes": _("can be undone"), "with-loss": _("can be undone with a loss"), "no": _("cannot be undone")}
MODES: Final = {
    "approval": _("by approval"),
    "notify": _("tell the owner"),
    "order": _("fit for a standing order"),
    "triage": _("look only"),
    "two-person": _("by two people"),
}
ORDERS: Final = {"contain first": _("contain first"), "evidence first": _("evidence first"), "none": ""}
TARGETS: Final = {
    "account": _("Account"), "address": _("Address"), "bucket": _("Bucket"), "cluster": _("Cluster"),
    "database": _("Database"), "encryption-key": _("Encryption key"), "domain": _("Domain"), "function": _("Function"), "image": _("Image"),
    "instance": _("Instance"), "key": _("Key"), "network": _("Network"), "principal": _("User or role"), "provider": _("Identity provider"),
    "resource": _("Resource"), "secret": _("Stored secret"), "service": _("Service"), "snapshot": _("Snapshot"), "trail": _("Trail"),
}  # fmt: skip


def _words(name: str) -> dict[str, Any]:
    """One line of the catalogue, in words."""
    known = line(name, ACTIONS[name])
    return {
        **known, "effect_word": EFFECTS[known["effect"]], "radius_word": RADII[known["radius"]],
        "back_word": WAYS_BACK[known["reversible"]],
    }  # fmt: skip


def _by_target() -> list[dict[str, Any]]:
    rows = sorted((_words(name) for name in ACTIONS), key=lambda row: (row["target"], row["name"]))
    return [
        {"target": TARGETS.get(target, target), "rows": list(found)}
        for target, found in groupby(rows, key=lambda row: row["target"])
    ]


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """All there is, by what it acts on."""
    refuse_strangers(request)
    return page(request, "console/actions.html", {"targets": _by_target()})


@require_safe
def action(request: HttpRequest, action: str) -> HttpResponse:
    """One action: what it does, what it takes, what it may call, and the way back without Hikeshi."""
    refuse_strangers(request)
    return page(request, "console/action.html", {"action": _known(action), **_words(action)})


@require_safe
def choose(request: HttpRequest, name: str) -> HttpResponse:
    """Which action? What the findings call for stands first."""
    incident = incident_of(request, name)
    proposed = [
        {
            **one, "mode_word": MODES[one["mode"]], "order_word": ORDERS[one["order"]],
            "lines": [_filled(line) for line in one["actions"]],
        }
        for one in advice(incident)
    ]  # fmt: skip
    context = {**head(request, incident, "steps"), "advice": proposed, "targets": _by_target()}
    return page(request, "console/choose_action.html", context)


@require_safe
def ladder(request: HttpRequest, name: str) -> HttpResponse:
    """How to cut an instance off. The account is read while the page is made; nothing is changed there."""
    incident, asked = incident_of(request, name), request.GET.get("instance_id", "").strip()[:40]
    found: list[dict[str, Any]] = []
    problem = None
    if asked:
        problem = attempt(lambda: found.append(_climbed(looking.ladder(incident, asked, actor=actor(request)))))
    instances = sorted({alert.instance_id for alert in incident.alerts.exclude(instance_id="")})
    context = {
        **head(request, incident, "steps"),
        "asked": asked,
        "instances": instances,
        "ladder": found[0] if found else None,
    }
    return page(request, "console/ladder.html", context, problem=problem)


def _climbed(known: Ladder) -> dict[str, Any]:
    """A ladder with its actions in words, and their inputs as a form takes them."""
    shown: dict[str, Any] = dict(shape(known))
    for part in ("rungs", "further"):
        shown[part] = [_filled(rung) for rung in shown[part]]
    return shown


def _filled(known: Mapping[str, Any]) -> dict[str, Any]:
    """A proposed action in words, and its inputs as a form takes them."""
    typed = {name: _shown(value) for name, value in known["inputs"].items()}
    return {**known, **_words(known["action"]), "typed": typed}


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, name: str, action: str) -> HttpResponse:
    """Its inputs, filled with what is known (the query of the address), and what it is for."""
    incident, known = incident_of(request, name), _known(action)
    typed = request.POST if request.method == "POST" else request.GET
    made: list[Step] = []
    problem: HikeshiError | None = None
    if request.method == "POST":
        problem = attempt(lambda: made.append(_add(request, incident, action)))
        if problem is None:
            return done(request, _("The action is being planned."), "step", incident.name, made[0].pk)
    alert = incident.alerts.exclude(account="").first()
    context = {
        **head(request, incident, "steps"), "action": known, **_words(action),
        "fields": [{**one, "typed": typed.get(one["name"], _shown(one["default"]))} for one in known["inputs"]],
        "typed": typed, "account": typed.get("account", alert.account if alert else ""),
        "region": typed.get("region", alert.region if alert else ""),
    }  # fmt: skip
    return page(request, "console/add_action.html", context, problem=problem)


def _shown(default: Any) -> str:
    """A default as it would be typed."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return ", ".join(map(str, default)) if isinstance(default, list) else "" if default is None else str(default)


def _add(request: HttpRequest, incident: Incident, name: str) -> Step:
    kind, form = kind_of(name), request.POST
    typed = {one: form[one] for one in kind.__struct_fields__ if one in form}
    return adding.add(
        incident, name, read_inputs(kind, typed), actor=actor(request), reason=form.get("reason", ""),
        account=form.get("account", "").strip(), region=form.get("region", "").strip(),
    )  # fmt: skip


def _known(name: str) -> ActionDetail:
    try:
        return detail(name)
    except Refused as problem:
        raise Http404 from problem
