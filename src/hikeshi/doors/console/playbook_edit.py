"""The editor of one draft: text and form side by side, what lint says while one writes, the graph, and the way to publication."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.actor import Actor
from hikeshi.desk.playbooks import drafting, publishing
from hikeshi.desk.playbooks.checking import Checked, changes, check, difference, needed, standing, text_of
from hikeshi.desk.playbooks.models import OPEN, Draft
from hikeshi.doors.console.playbook_form import ACTION_NAMES, apply, fields_of, steps_of
from hikeshi.doors.console.playbooks import graph_of, simulated, yaml_file
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.errors import Conflict, HikeshiError, Refused
from hikeshi.strict_yaml import parse

MOST_LINES: Final = 2000
"""Of a difference that is shown."""
WHAT: Final = {"changed": _("changed"), "gone": _("gone"), "new": _("new")}


def _draft(request: HttpRequest, pk: int) -> Draft:
    if not allowed(actor(request), "triage"):
        raise Http404
    return get_object_or_404(Draft, pk=pk)


@require_safe
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor; of a draft that is no longer worked at, what it said."""
    row = _draft(request, pk)
    if request.GET.get("file"):
        return yaml_file(row.name, row.text)
    return _show(request, row)


@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Save, ask for a review, say yes or no, publish, give up."""
    row = _draft(request, pk)
    if act not in ACTS:
        raise Http404
    do, said = ACTS[act]
    problem = attempt(lambda: do(row, actor(request), request.POST))
    if problem is not None:
        return _show(request, Draft.objects.get(pk=pk), problem)
    if act == "publish":
        return done(request, said, "playbook", row.name)
    response = done(request, said, "playbook_draft", pk)
    if step := request.POST.get("next") or request.POST.get("step"):
        response["Location"] += f"?step={step}"
    return response


@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is written, and say what lint says of it: the parts of the page that follow the text.

    A text in review is only looked at: a reviewer who touches a key must not become a writer. *Save* is what changes it.
    """
    row, typed = _draft(request, pk), request.POST
    sent = typed.get("text", "").replace("\r\n", "\n")
    problem = attempt(lambda: _save(row, actor(request), typed)) if row.state == "draft" else None
    kept = row.state == "draft" and problem is None
    fresh = Draft.objects.get(pk=pk)
    text = fresh.text if kept else sent
    context = {
        **_of_text(text, typed.get("step", ""), fresh), "row": fresh, "live": True, "kept": kept, "in_form": text != sent,
        "problem": problem, "in_review": row.state == "in_review",
    }  # fmt: skip
    return render(request, "console/parts/playbook_looked.html", context)


def _save(row: Draft, who: Actor, typed: Any) -> Draft:
    text = typed.get("text", "").replace("\r\n", "\n")
    step = typed.get("step", "")
    if step and any(name.startswith("f.") for name in typed):
        text = apply(text, step, typed)
    if not typed.get("version", "").isdecimal():
        raise Refused("The version of the draft is missing.", hint="Open the page again.")
    return drafting.edit(row, text, actor=who, version=int(typed["version"][:9]))


def _ask(row: Draft, who: Actor, typed: Any) -> None:
    saved = _save(row, who, typed)
    publishing.ask_for_review(saved, actor=who, version=saved.version)


def _review(yes: bool) -> Callable[[Draft, Actor, Any], object]:
    return lambda row, who, typed: publishing.review(
        row, actor=who, digest=typed.get("digest", ""), yes=yes, reason=typed.get("reason", "")
    )


ACTS: Final[dict[str, tuple[Callable[[Draft, Actor, Any], object], str | Promise]]] = {
    "ask": (_ask, _("A review is asked for.")),
    "no": (_review(yes=False), _("It goes back to its author.")),
    "publish": (lambda row, who, typed: publishing.publish(row, actor=who, digest=typed.get("digest", "")), _("It is published.")),
    "save": (_save, _("The draft is saved.")),
    "withdraw": (lambda row, who, typed: drafting.withdraw(row, actor=who, reason=typed.get("reason", "")), _("The draft is given up.")),
    "yes": (_review(yes=True), _("You stand behind it.")),
}  # fmt: skip


def _show(request: HttpRequest, row: Draft, problem: HikeshiError | None = None) -> HttpResponse:
    typed = request.POST.get("text") if problem else None
    text = row.text if typed is None else typed.replace("\r\n", "\n")
    both = problem.differences if isinstance(problem, Conflict) else ()
    who = actor(request)
    found = standing(row.name)
    context = {
        **_of_text(text, request.GET.get("step") or request.POST.get("step", ""), row, None if typed is None else request.POST),
        "row": row,
        "both": list(difference(both[0].saved, both[0].own))[:MOST_LINES] if both else [],
        "is_open": row.state in OPEN, "standing": found,
        "reviews": row.reviews.all(), "may_review": row.state == "in_review" and who.name not in row.writers and who.name not in publishing.voices(row),
        "mine": who.name in row.writers, "action_names": ACTION_NAMES,
        "lines_changed": list(difference(text_of(found), text))[:MOST_LINES] if found else [],
    }  # fmt: skip
    return page(request, "console/playbook_draft.html", context, problem=problem)


def _of_text(text: str, step: str, row: Draft, typed: Any = None) -> dict[str, Any]:
    """Everything that follows from the text: lines, lint, the form of the chosen step, the graph, the way."""
    checked, steps = check(text), steps_of(text)
    keys = [str(one.get("key", "")) for one in steps]
    chosen = keys.index(step) if step in keys else 0
    found = standing(row.name)
    told = changes(found.playbook if found else None, checked.book) if checked.book else []
    return {
        "text": text, "checked": checked, "errors": checked.errors, "warnings": len(checked.said) - checked.errors,
        "lines": _lines(text, checked), "keys": list(zip(keys, [_title(one) for one in steps], strict=True)),
        "step": keys[chosen] if keys else step, "step_line": _line_of(text, chosen) if keys else 0, "fields": fields_of(steps[chosen], typed) if steps else [],
        "before": keys[chosen - 1] if chosen > 0 else "", "next": keys[chosen + 1] if chosen + 1 < len(keys) else "",
        "told": [(one, WHAT[one.what]) for one in told], **_graph(checked, told),
        "stamp": simulated(row.name, checked.book.digest if checked.book else ""), "needed": needed(checked.book) if checked.book else 1, "yes": publishing.voices(row) if row.digest else [],
    }  # fmt: skip


def _line_of(text: str, chosen: int) -> int:
    """Where a step begins, counted from 1; 0 where a step before it is none."""
    mark = parse(text.encode(), source="playbook").marks.get(("steps", chosen))
    return mark.line + 1 if mark else 0


def _title(step: dict[str, Any]) -> str:
    title = step.get("title")
    return str(title.get("en", "")) if isinstance(title, dict) else ""


def _lines(text: str, checked: Checked) -> list[str]:
    """For the gutter: the class of each line's number."""
    looks = [""] * (text.count("\n") + 1)
    for one in reversed(checked.said):
        if 0 < one.line <= len(looks) and looks[one.line - 1] != "is-err":
            looks[one.line - 1] = "is-err" if one.level == "error" else "is-warn"
    return looks


def _graph(checked: Checked, told: list[Any]) -> dict[str, Any]:
    book = checked.book
    if book is None:
        return {"graph": None}
    looks = {one.key: "cut" for one in told if one.key}
    looks |= {
        one.place.removeprefix("step "): "warn" if one.level == "warning" else "hot"
        for one in checked.said
        if one.place.startswith("step ")
    }
    return {"graph": graph_of(book, book.steps, looks, "?step="), "graph_title": _("Graph of the steps")}
