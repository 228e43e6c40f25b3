"""Would it work now? A matrix of actions and accounts, what stands in the way, and the steps of playbooks that would fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.actions import ACTIONS
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.clouds import readiness as verbs
from hikeshi.doors import readiness as plain
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.doors.shapes import Both
from hikeshi.errors import HikeshiError

STATES: Final = ("no", "part", "unknown", "yes")
MOST_COLUMNS: Final = 12
"""Accounts side by side; more are reached by the filter."""
SHOWN: Final = 200
"""Reasons on the page; the command line and the API have all."""


@require_safe
def readiness(request: HttpRequest) -> HttpResponse:
    """`?account=` a number, `?state=` one of STATES, `?action=` a name."""
    return _show(request)


@require_POST
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Ask one account again. It takes as long as AWS takes to answer."""
    who = actor(request)
    require(who, "triage")
    problem = attempt(lambda: verbs.ask(plain.account_named(who, number), actor=who))
    if problem is not None:
        return _show(request, problem)
    return done(request, _("%(account)s was asked.") % {"account": number}, "readiness")


def _show(request: HttpRequest, problem: HikeshiError | None = None) -> HttpResponse:
    who = actor(request)
    everything = list(plain.accounts_for(who))
    wanted, action = request.GET.get("account", "")[:40], request.GET.get("action", "")[:60]
    state = state if (state := request.GET.get("state", "")) in STATES else ""
    accounts = [row for row in everything if wanted in ("", row.number)][:MOST_COLUMNS]
    summaries = [plain.summary(row) for row in accounts]
    answers = [
        one
        for one in plain.answers_for(who, account=wanted, action=action)
        if one["answer"] != "yes"
    ]  # fmt: skip
    reasons = _reasons(answers)
    steps = [step for _account, _actions, failing in summaries for step in failing if action in ("", step["action"])]
    context = {
        "everything": everything, "wanted": wanted, "state": state, "states": STATES, "action": action,
        "accounts": [one for one, _actions, _failing in summaries],
        "rows": _rows([actions for _account, actions, _failing in summaries], state, action),
        "failing": _by_playbook(step for step in steps if step["state"] != "unknown"),
        "unclear": [step for step in steps if step["state"] == "unknown"],
        "never": all(one["asked_at"] is None for one, _actions, _failing in summaries),
        "reasons": reasons[:SHOWN], "reasons_left": max(0, len(reasons) - SHOWN),
    }  # fmt: skip
    return page(request, "console/readiness.html", context, problem=problem)


def _reasons(answers: Iterable[plain.AnswerShape]) -> list[dict[str, Any]]:
    """Answers that say the same, once: with all they are about, those first that are a plain no. What refuses one permission refuses most."""
    alike: dict[tuple[str, ...], list[plain.AnswerShape]] = {}
    for one in answers:
        key = (one["account"], one["region"], one["answer"], one["found"]["en"], (one["todo"] or {"en": ""})["en"])
        alike.setdefault(key, []).append(one)
    told = [{**some[0], "about": _about(some)} for some in alike.values()]
    return sorted(told, key=lambda one: one["answer"] != "no")


def _about(alike: Sequence[plain.AnswerShape]) -> list[Both]:
    """What they are about: resources or actions of one question, or the questions."""
    if len({one["question"] for one in alike}) == 1:
        names = (one["resource"] or one["action"] for one in alike)
        return [{"en": name, "ja": name} for name in names if name]
    return [one["title"] for one in alike]


def _by_playbook(steps: Iterable[plain.FailingShape]) -> list[dict[str, Any]]:
    """The steps of each playbook in each account."""
    found: dict[tuple[str, str], list[plain.FailingShape]] = {}
    for step in steps:
        found.setdefault((step["account"], step["playbook"]), []).append(step)
    return [{"account": account, "playbook": playbook, "steps": told} for (account, playbook), told in found.items()]


def _rows(columns: list[list[plain.ActionShape]], state: str, action: str) -> list[dict[str, Any]]:
    """One row for each action with its state in each account; with `state`, those that have it somewhere."""
    found = {name: [one for column in columns for one in column if one["action"] == name] for name in ACTIONS}
    return [
        {"name": name, "title": cells[0]["title"], "effect": cells[0]["effect"], "cells": cells}
        for name, cells in found.items()
        if cells and action in ("", name) and (not state or any(one["state"] == state for one in cells))
    ]
