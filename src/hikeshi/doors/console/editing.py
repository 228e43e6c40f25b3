"""The details of an incident: title, times, marking, code name, status, links, merging; and the notes for counsel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import counsel as notes, editing, linking
from hikeshi.desk.incidents.models import LINKS, MARKINGS, STATUSES, Incident
from hikeshi.desk.incidents.sight import visible
from hikeshi.doors import find
from hikeshi.doors.console.declare import moment_typed
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import Conflict, HikeshiError


@require_safe
def details(request: HttpRequest, name: str) -> HttpResponse:
    return _show(request, incident_of(request, name))


def _show(
    request: HttpRequest, incident: Incident, problem: HikeshiError | None = None, failed: str = ""
) -> HttpResponse:
    who = actor(request)
    open_ones = visible(who).exclude(status__in=linking.OVER).exclude(pk=incident.pk)
    into = visible(who).filter(pk=incident.merged_into_id).first() if incident.merged_into_id else None
    context = {
        **head(request, incident, "details"), "failed": failed, "links": linking.links_of(who, incident), "kinds": LINKS,
        "markings": MARKINGS, "others": visible(who).exclude(pk=incident.pk).order_by("-pk")[:200],
        "open_others": open_ones.order_by("-pk")[:200], "into": into, "came_in": visible(who).filter(merged_into=incident),
        "statuses": [pair for pair in STATUSES if incident.status in editing.COURSE.get(pair[0], ())],
        "conflict": problem if isinstance(problem, Conflict) and problem.differences else None,
    }  # fmt: skip
    return page(request, "console/details.html", context, problem=problem)


Act = Callable[[Incident, Actor, Any], object]


def _version(typed: Any) -> int | None:
    text = typed.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _edit(row: Incident, who: Actor, typed: Any) -> None:
    """Only what the person changed: `was_title` and so on are what the form showed."""
    changed = [name for name in editing.EDITABLE if name in typed and typed[name] != typed.get(f"was_{name}")]
    fields = {name: moment_typed(typed[name]) if name.endswith("_at") else typed[name] for name in changed}
    if fields.get("detected_at", row) is None:
        del fields["detected_at"]
    editing.edit(row, actor=who, version=_version(typed), reason=typed.get("reason", ""), **fields)


def _other(who: Actor, typed: Any) -> Incident:
    return find.incident(who, typed.get("other", "").strip())


def _set_status(row: Incident, who: Actor, typed: Any) -> None:
    editing.set_status(row, typed.get("status", ""), actor=who, reason=typed.get("reason", ""), version=_version(typed))


ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "edit": (_edit, _("Saved.")),
    "link": (lambda row, who, typed: linking.link(row, _other(who, typed), typed.get("kind", ""), actor=who, reason=typed.get("reason", "")), _("Linked.")),
    "merge": (lambda row, who, typed: linking.merge(row, _other(who, typed), actor=who, reason=typed.get("reason", "")), _("Merged.")),
    "status": (_set_status, _("Status changed.")),
    "unlink": (lambda row, who, typed: linking.unlink(row, _other(who, typed), typed.get("kind", ""), actor=who, reason=typed.get("reason", "")), _("The link is taken back.")),
    "unmerge": (lambda row, who, typed: linking.unmerge(row, actor=who, reason=typed.get("reason", "")), _("The merge is undone.")),
}  # fmt: skip


@require_POST
def act(request: HttpRequest, name: str, act: str) -> HttpResponse:
    """One act; what is refused shows the page again, a conflict with both texts."""
    if act not in ACTS:
        raise Http404
    incident = incident_of(request, name)
    do, said = ACTS[act]
    problem = attempt(lambda: do(incident, actor(request), request.POST))
    if problem is None:
        still_in = visible(actor(request)).filter(pk=incident.pk).exists()
        return done(request, said, "details", incident.name) if still_in else done(request, said, "board")
    incident.refresh_from_db()
    return _show(request, incident, problem, act)


@require_http_methods(["GET", "HEAD", "POST"])
def counsel(request: HttpRequest, name: str) -> HttpResponse:
    """The notes for counsel that this person may read, and the form for one more."""
    incident, who = incident_of(request, name), actor(request)
    problem = None
    if request.method == "POST":
        problem = attempt(lambda: notes.write(incident, request.POST.get("text", ""), actor=who))
        if problem is None:
            return done(request, _("The note for counsel is kept."), "counsel", incident.name)
    context = {
        **head(request, incident, "secrecy"), "notes": notes.readable(incident, actor=who),
        "is_counsel": notes.is_counsel(who, incident), "may_write": notes.may_write(who, incident),
    }  # fmt: skip
    return page(request, "console/counsel.html", context, problem=problem)
