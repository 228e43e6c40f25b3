"""The playbooks of this installation: the list, and the page of one with its steps, its graph and its versions."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.desk.incidents.models import DUTIES, PHASES
from hikeshi.desk.playbooks import drafting, publishing
from hikeshi.desk.playbooks.checking import check, text_of
from hikeshi.desk.playbooks.models import OPEN, Draft
from hikeshi.desk.playbooks.reading import shelf
from hikeshi.doors import playbooks as shapes
from hikeshi.doors.console.clock_rules import refuse_strangers, say
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.doors.graph import Drawing, Node, draw
from hikeshi.errors import HikeshiError, Unreadable
from hikeshi.playbooks.flow import waits_for
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.playbooks.shelf import FOLDER
from hikeshi.simulation import stamps

KINDS: Final[dict[str, str | Promise]] = {
    "action": _("action"),
    "decision": _("decision"),
    "evidence": _("evidence"),
    "manual": _("manual"),
    "notify": _("notify"),
    "playbook": _("playbook"),
    "wait": _("wait"),
}
EFFECTS: Final[dict[str, str | Promise]] = {
    "collect": _("collects"),
    "contain": _("contains"),
    "destroy": _("destroys"),
    "look": _("looks"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def playbooks(request: HttpRequest) -> HttpResponse:
    """All of them, what does not count, and the drafts. A POST begins a draft."""
    refuse_strangers(request)
    if request.method == "POST":
        return begin(request, request.POST.get("name", "").strip())
    return _list(request)


def begin(request: HttpRequest, name: str) -> HttpResponse:
    """Begin a draft of that playbook, or go to the one that is written already."""
    there = Draft.objects.filter(name=name, state__in=OPEN).first()
    if there is not None:
        return redirect("playbook_draft", there.pk)
    made: list[Draft] = []
    problem = attempt(lambda: made.append(drafting.begin(name, actor=actor(request))))
    return _list(request, problem) if problem else done(request, _("The draft is begun."), "playbook_draft", made[0].pk)


def _list(request: HttpRequest, problem: HikeshiError | None = None) -> HttpResponse:
    found = shelf()
    drafts = {row.name: row for row in Draft.objects.filter(state__in=OPEN)}
    rows = [
        {"shelved": one, "book": one.playbook, "draft": drafts.get(name), "stamp": simulated(name, one.playbook.digest)}
        for name, one in found.books.items()
    ]
    context = {
        "rows": rows, "problems": found.problems, "commit": found.commit,
        "drafts": [{"row": row, "checked": check(row.text)} for row in drafts.values()],
    }  # fmt: skip
    return page(request, "console/playbooks.html", context, problem=problem)


def simulated(name: str, digest: str) -> dict[str, Any]:
    """When a playbook was last simulated, by the stamps beside the files of the folder and of the library; `same`: exactly the text with this digest."""
    found = [stamp for folder in (settings.ENVIRONMENT.playbooks, FOLDER) if folder and (stamp := _stamp(folder, name))]
    best = next((one for one in found if one.digest == digest), found[0] if found else None)
    return {"at": best.at, "version": best.version, "same": best.digest == digest} if best else {}


def _stamp(folder: Path, name: str) -> stamps.Stamp | None:
    try:
        return stamps.read(folder).get(name)
    except Unreadable:  # `playbook drift` says what is wrong with it
        return None


@require_http_methods(["GET", "HEAD", "POST"])
def playbook(request: HttpRequest, book: str) -> HttpResponse:
    """One of them. A POST retires a published version."""
    refuse_strangers(request)
    who = actor(request)
    versions = shapes.versions(who, book)
    found = shelf().books.get(book)
    if found is None and not versions:
        raise Http404
    problem = None
    if request.method == "POST":
        typed = request.POST
        number = int(typed["version"]) if typed.get("version", "").isdecimal() else 0
        problem = attempt(
            lambda: publishing.retire(shapes.find_version(who, book, number), actor=who, reason=typed.get("reason", ""))
        )
        if problem is None:
            return done(request, _("The version is retired."), "playbook", book)
    context: dict[str, Any] = {
        "name": book, "shelved": found, "versions": versions, "draft": Draft.objects.filter(name=book, state__in=OPEN).first()
    }  # fmt: skip
    if found is not None:
        context |= {"book": found.playbook, "stamp": simulated(book, found.playbook.digest), **of_book(found.playbook)}
    return page(request, "console/playbook.html", context, problem=problem)


@require_safe
def playbook_file(request: HttpRequest, book: str) -> HttpResponse:
    """The YAML that people wrote, as a file."""
    refuse_strangers(request)
    found = shelf().books.get(book)
    if found is None:
        raise Http404
    return yaml_file(book, text_of(found))


def yaml_file(name: str, text: str) -> HttpResponse:
    return HttpResponse(
        text.encode(), content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}.yaml"'},
    )  # fmt: skip


def of_book(book: Playbook) -> dict[str, Any]:
    """Its steps by phase and its graph, for templates."""
    words, duties = dict(PHASES), dict(DUTIES)
    steps = [_step(book, step, duties.get(step.role, step.role)) for step in book.steps]
    phases = [(words[phase], list(ones)) for phase, ones in groupby(steps, key=lambda one: one["spec"].phase)]
    return {"phases": phases, "graph": graph_of(book, book.steps), "graph_title": _("Graph of the steps")}


def _step(book: Playbook, step: StepSpec, role: str | Promise) -> dict[str, Any]:
    return {
        "spec": step, "kind": KINDS[step.kind], "effect": EFFECTS[step.effect], "role": role,
        "after": waits_for(book, step), "bad": step.effect in {"contain", "destroy"},
    }  # fmt: skip


def graph_of(
    book: Playbook, steps: Iterable[StepSpec], looks: dict[str, Any] | None = None, href: str = "#s-"
) -> Drawing:
    """The graph of some steps; `looks` says which are changed or wrong."""
    looks = looks or {}
    return draw(
        Node(step.key, waits_for(book, step), say(step.title), str(KINDS[step.kind]), looks.get(step.key, ""), f"{href}{step.key}")
        for step in steps
    )  # fmt: skip
