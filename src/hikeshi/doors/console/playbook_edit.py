"""The editor of one draft: text and form side by side, what lint says while one writes, the graph, and the way to publication."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

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
from hikeshi.desk.rehearsals import drafts
from hikeshi.doors.console.playbook_fields import ACTION_NAMES
from hikeshi.doors.console.playbook_form import apply, apply_options, bindings_of, form_of, rearrange, steps_of
from hikeshi.doors.console.playbooks import graph_of, simulated, yaml_file
from hikeshi.doors.console.rehearsal import result
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
    """Save, rearrange, simulate, ask for a review, say yes or no, publish, give up."""
    row, go_on = _draft(request, pk), ""
    if act not in ACTS:
        raise Http404
    do, said = ACTS[act]

    def verb() -> None:
        nonlocal go_on
        go_on = do(row, actor(request), request.POST) or ""

    problem = attempt(verb)
    if problem is not None:
        return _show(request, Draft.objects.get(pk=pk), problem)
    if act == "publish":
        return done(request, said, "playbook", row.name)
    response = done(request, said, "playbook_draft", pk)
    moved = go_on or request.POST.get("next")
    if step := moved or request.POST.get("step"):
        response["Location"] += f"?{urlencode({'step': step})}{'#step-form' if moved else ''}"
    return response


@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is written, and say what lint says of it: the parts of the page that follow the text.

    A text in review is only looked at: a reviewer who touches a key must not become a writer. *Save* is what changes it.
    """
    row, typed = _draft(request, pk), request.POST
    sent = typed.get("text", "").replace("\r\n", "\n")
    problem = attempt(lambda: _keep(row, actor(request), typed, _text(typed))) if row.state == "draft" else None
    kept = row.state == "draft" and problem is None
    fresh = Draft.objects.get(pk=pk)
    text = fresh.text if kept else sent
    context = {
        **_of_text(text, typed.get("step", ""), fresh), "row": fresh, "live": True, "kept": kept, "in_form": text != sent,
        "problem": problem, "in_review": row.state == "in_review",
    }  # fmt: skip
    return render(request, "console/parts/playbook_looked.html", context)


def _text(typed: Any) -> str:
    """What is written, with the changes of the form in it."""
    text = typed.get("text", "").replace("\r\n", "\n")
    return apply(text, typed.get("step", ""), typed) if typed.get("step") else text


def _keep(row: Draft, who: Actor, typed: Any, text: str) -> Draft:
    if not typed.get("version", "").isdecimal():
        raise Refused("The version of the draft is missing.", hint="Open the page again.")
    return drafting.edit(row, text, actor=who, version=int(typed["version"][:9]))


def _save(row: Draft, who: Actor, typed: Any) -> str:
    """Keep it, steps and options rearranged as a button of the form says. Returns the step to go on with, "" for the same."""
    text, step, go_on = _text(typed), typed.get("step", ""), ""
    if step and any(name.startswith("f.options.") for name in typed):
        text = apply_options(text, step, typed)
    if wish := typed.get("do"):
        text, go_on = rearrange(text, step, wish)
    _keep(row, who, typed, text)
    return go_on


def _ask(row: Draft, who: Actor, typed: Any) -> None:
    _save(row, who, typed)
    saved = Draft.objects.get(pk=row.pk)
    publishing.ask_for_review(saved, actor=who, version=saved.version)


def _review(yes: bool) -> Callable[[Draft, Actor, Any], str | None]:
    def review(row: Draft, who: Actor, typed: Any) -> None:
        publishing.review(row, actor=who, digest=typed.get("digest", ""), yes=yes, reason=typed.get("reason", ""))

    return review


def _publish(row: Draft, who: Actor, typed: Any) -> None:
    drafts.publish(row, actor=who, digest=typed.get("digest", ""), without=typed.get("without", ""))


def _simulate(row: Draft, who: Actor, typed: Any) -> str:
    """What is written is saved first, where it was sent along."""
    go_on = _save(row, who, typed) if "text" in typed else ""
    drafts.ask(Draft.objects.get(pk=row.pk), actor=who)
    return go_on


def _withdraw(row: Draft, who: Actor, typed: Any) -> None:
    drafting.withdraw(row, actor=who, reason=typed.get("reason", ""))


ACTS: Final[dict[str, tuple[Callable[[Draft, Actor, Any], str | None], str | Promise]]] = {
    "ask": (_ask, _("A review is asked for.")),
    "no": (_review(yes=False), _("It goes back to its author.")),
    "publish": (_publish, _("It is published.")),
    "save": (_save, _("The draft is saved.")),
    "simulate": (_simulate, _("The simulation is waiting for a worker.")),
    "withdraw": (_withdraw, _("The draft is given up.")),
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
        "mine": who.name in row.writers,
        "lines_changed": list(difference(text_of(found), text))[:MOST_LINES] if found else [],
    }  # fmt: skip
    context["parts"] = {"simulation": "console/parts/playbook_simulation.html"}
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
        "step": keys[chosen] if keys else step, "step_line": _line_of(text, chosen) if keys else 0, "form": form_of(steps[chosen], steps, typed) if steps else None, "action_names": ACTION_NAMES, "bindings": bindings_of(text),
        "before": keys[chosen - 1] if chosen > 0 else "", "next": keys[chosen + 1] if chosen + 1 < len(keys) else "",
        "told": [(one, WHAT[one.what]) for one in told], **_graph(checked, told), **_simulation(checked),
        "stamp": simulated(row.name, checked.book.digest if checked.book else ""), "needed": needed(checked.book) if checked.book else 1, "yes": publishing.voices(row) if row.digest else [],
    }  # fmt: skip


def _simulation(checked: Checked) -> dict[str, Any]:
    found = drafts.proof(checked.book) if checked.book else drafts.Proof("never", None)
    return {"proof": found, "simulation": result(found.last)}


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
