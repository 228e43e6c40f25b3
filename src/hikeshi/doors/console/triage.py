"""Triage: groups of alerts by answer deadline, one of them open, and what a person decides on it — alone or with others at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import asking, folding, groups, judging, snoozing, suppressing
from hikeshi.desk.alerts.models import Alert, Group, Question
from hikeshi.desk.alerts.whys import WHYS, fitting
from hikeshi.desk.incidents import sight, taking
from hikeshi.desk.incidents.models import SEVERITIES, Incident
from hikeshi.desk.incidents.sight import visible
from hikeshi.desk.ledger.models import ORGANISATION, Entry
from hikeshi.doors import deliveries
from hikeshi.doors.console.frame import MOST_COUNTED
from hikeshi.doors.console.times import left
from hikeshi.doors.console.visit import actor, attempt, page
from hikeshi.errors import HikeshiError, Refused

PER_PAGE: Final = 30
ALERTS_PER_PAGE: Final = 20
SHOWN: Final = 60
"""Observables on the page."""
SHOWN_SET_ASIDE: Final = 20
HOURS: Final = ((1, 1), (2, 2), (4, 4), (24, 3), (72, 3), (168, 3))
"""How long a group may be put off, in hours, and from which suggested severity on."""

DECISIONS: Final = (
    ("declare", "T", gettext_lazy("True: declare incident"), gettext_lazy("opens a room")),
    ("link", "L", gettext_lazy("True: link to incident"), gettext_lazy("one that is open")),
    ("benign", "B", gettext_lazy("Harmless, expected"), gettext_lazy("known change or test")),
    ("false", "F", gettext_lazy("False positive"), gettext_lazy("the rule was wrong")),
    ("ask", "Q", gettext_lazy("Ask the owner"), gettext_lazy("“Was this you?”")),
    ("snooze", "Z", gettext_lazy("Snooze"), gettext_lazy("comes back by itself")),
    ("duplicate", "", gettext_lazy("Duplicate"), gettext_lazy("another group has it")),
    ("test", "", gettext_lazy("Test"), gettext_lazy("a source tried out")),
    ("exercise", "", gettext_lazy("Exercise"), gettext_lazy("part of a drill")),
)
PROPOSED_AFTER: Final = frozenset({"false", "benign"})


@dataclass(frozen=True)
class Deadline:
    """When a group wants its answer, as the `fuse` partial and the list take it."""

    at: datetime
    left: str
    look: str
    spent: float

    @property
    def remaining(self) -> float:
        return round(100 - self.spent, 1)

    @property
    def ember(self) -> float:
        return min(self.spent, 98.4)


def deadline(group: Group, now: datetime) -> Deadline:
    seconds = (group.answer_by - now).total_seconds()
    whole = max(1.0, (group.answer_by - group.first_at).total_seconds())
    spent = round(min(100.0, max(0.0, 100 - 100 * seconds / whole)), 1)
    look = "over" if seconds < 0 else "soon" if spent > 66 else ""
    return Deadline(group.answer_by, left(seconds), look, spent)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """`?show=` is a list of `groups.LISTS`; `?after=` the place where the page before ended. The first group is open."""
    who = actor(request)
    require(who, "triage")
    rows, more = _shown(request, who)
    return _page(request, who, rows[0] if rows else None, rows, more)


@require_safe
def group(request: HttpRequest, pk: int) -> HttpResponse:
    """One group, with the list beside it."""
    who = actor(request)
    require(who, "triage")
    rows, more = _shown(request, who)
    return _page(request, who, get_object_or_404(sight.groups(who).select_related("assigned_to"), pk=pk), rows, more)


def _show(request: HttpRequest) -> str:
    show = request.GET.get("show", "waiting")
    return show if show in groups.LISTS else "waiting"


def _shown(request: HttpRequest, who: Actor) -> tuple[list[Group], str]:
    """The groups of the page asked for, and the place after it."""
    show = _show(request)
    at, newest_first = ("judged_at", True) if show == "judged" else ("answer_by", False)
    rows = groups.listed(show, who, sight.groups(who))
    micros, _dot, pk = request.GET.get("after", "").partition(".")
    if micros.isdecimal() and pk.isdecimal() and len(micros) < 18 and len(pk) < 19:
        place = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))
        rows = _beyond(rows, at, place, int(pk), newest_first=newest_first)
    found = list(rows[: PER_PAGE + 1])
    more = ""
    if len(found) > PER_PAGE:
        last = found[PER_PAGE - 1]
        since: timedelta = (getattr(last, at) or timezone.now()) - datetime(1970, 1, 1, tzinfo=UTC)
        more = f"{since // timedelta(microseconds=1)}.{last.pk}"
    return found[:PER_PAGE], more


def _beyond(rows: QuerySet[Group], at: str, place: datetime, pk: int, *, newest_first: bool) -> QuerySet[Group]:
    """What comes after this place. Written so that the index is entered at the place and nothing before it is read."""
    side = "lte" if newest_first else "gte"
    within = "pk__gte" if newest_first else "pk__lte"
    return rows.filter(**{f"{at}__{side}": place}).exclude(**{at: place, within: pk})


def capped(rows: QuerySet[Any]) -> int:
    """How many, up to MOST_COUNTED."""
    return rows.order_by()[:MOST_COUNTED].count()


def _counts(who: Actor, seen: QuerySet[Group]) -> list[tuple[str, Any, int]]:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    judged = seen.filter(judged_at__gte=today)
    words = (
        ("waiting", _("Waiting")), ("mine", _("Mine")), ("snoozed", _("Snoozed")), ("suppressed", _("Suppressed")),
    )  # fmt: skip
    found = [(name, word, capped(groups.listed(name, who, seen))) for name, word in words]
    return [*found, ("judged", _("Judged today"), capped(judged))]


def _page(
    request: HttpRequest, who: Actor, opened: Group | None, rows: Sequence[Group], more: str, problem: HikeshiError | None = None
) -> HttpResponse:  # fmt: skip
    now, sizes, seen = timezone.now(), groups.sizes(rows), sight.groups(who)
    set_aside = deliveries.set_aside(who)
    context = {
        "rows": [(row, deadline(row, now), sizes[row.pk]) for row in rows], "more": more, "show": _show(request), "counts": _counts(who, seen),
        "group": opened, "set_aside": set_aside[:SHOWN_SET_ASIDE], "set_aside_count": capped(set_aside),
        "proposal": _proposal(request), "parts": {"queue": "console/parts/queue.html"},
    }  # fmt: skip
    if opened is not None and request.GET.get("part") != "queue":
        total = sizes.get(opened.pk) or groups.sizes([opened])[opened.pk]
        context |= _opened(request, who, opened, now) | {"total": total, "related": folding.related(opened, seen)}
    return page(request, "console/alerts.html", context, problem=problem)


def _opened(request: HttpRequest, who: Actor, opened: Group, now: datetime) -> dict[str, Any]:
    """What the right side shows of the open group."""
    ids = groups.tree([opened.pk])
    alerts = Alert.objects.filter(group_id__in=ids).order_by("-pk")
    if request.GET.get("alerts", "").isdecimal():
        alerts = alerts.filter(pk__lt=int(request.GET["alerts"][:18]))
    shown = list(alerts[: ALERTS_PER_PAGE + 1])
    through = Incident.alerts.through.objects.filter(alert__group_id__in=ids)
    seen = list(opened.observables.exclude(kind="account")[: SHOWN + 1])
    return {
        "deadline": deadline(opened, now), "open": opened.state in groups.OPEN,
        "alerts": shown[:ALERTS_PER_PAGE], "alerts_before": shown[ALERTS_PER_PAGE - 1].pk if len(shown) > ALERTS_PER_PAGE else None,
        "observables": seen[:SHOWN], "observables_more": len(seen) > SHOWN,
        "inside": list(Group.objects.filter(pk__in=ids).exclude(pk=opened.pk)), "questions": list(opened.questions.all()),
        "incidents": list(visible(who).filter(pk__in=through.values("incident_id"))[:5]),
        "open_rooms": list(visible(who).exclude(status__in=("closed", "merged"))[:50]), "decisions": DECISIONS,
        "whys": {verdict: [(key, WHYS[key].said) for key in fitting(verdict)] for verdict in ("true", *_verdicts())},
        "severities": SEVERITIES, "hours": _hours(opened), "people": Person.objects.filter(is_active=True).exclude(role="observer")[:50],
        "history": list(Entry.objects.filter(chain__name=ORGANISATION, object=str(opened)).order_by("-seq")[:10]),
        "after": _next(opened),
    }  # fmt: skip


def _verdicts() -> list[str]:
    return [name for name, *_rest in DECISIONS if fitting(name)]


def _hours(opened: Group) -> list[tuple[int, str]]:
    words = {1: _("1 hour"), 2: _("2 hours"), 4: _("4 hours"), 24: _("1 day"), 72: _("3 days"), 168: _("7 days")}
    return [(hours, words[hours]) for hours, least in HOURS if hours <= 4 or (opened.suggested_severity or 4) >= least]


def _next(opened: Group, but: Sequence[int] = ()) -> Group | None:
    """The group that is answered after this one; the first one after the last."""
    waiting = groups.queue().exclude(pk__in=[opened.pk, *but])
    return _beyond(waiting, "answer_by", opened.answer_by, opened.pk, newest_first=False).first() or waiting.first()


def _proposal(request: HttpRequest) -> dict[str, Any] | None:
    """The suppression that the verdict just given suggests: shown, never made by itself."""
    asked = request.GET.get("propose", "")
    judged = Group.objects.filter(pk=int(asked[:18]), verdict__in=PROPOSED_AFTER).first() if asked.isdecimal() else None
    return {"group": judged, "match": suppressing.proposal(judged).items()} if judged else None


@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Decide on a group. When it was done the next group opens; when not, everything typed is still there."""
    who = actor(request)
    require(who, "triage")
    opened = get_object_or_404(sight.groups(who), pk=pk)
    if act not in ACTS:
        raise Http404
    to: list[str] = []
    problem = attempt(lambda: to.append(ACTS[act](request, opened, who)))
    if problem is None:
        return HttpResponseRedirect(to[0])
    opened.refresh_from_db()
    rows, more = _shown(request, who)
    return _page(request, who, opened, rows, more, problem)


def _decide(request: HttpRequest, opened: Group, who: Actor) -> str:
    typed, decision = request.POST, request.POST.get("decision", "")
    rows, versions = _chosen(request, opened, who)
    with_versions: dict[str, Any] = {"actor": who, "reason": typed.get("reason", ""), "versions": versions}
    if decision == "declare":
        severity = int(typed["severity"]) if typed.get("severity", "") in {"1", "2", "3", "4"} else 0
        made = taking.declare_from(rows, severity=severity, why=typed.get("why_true", ""), **with_versions)
        messages.success(request, _("%(incident)s is declared.") % {"incident": made})
        return reverse("room", args=[made.name])
    if decision == "link":
        room = visible(who).filter(name=typed.get("incident", "")).first()
        if room is None:
            raise Refused("No incident was chosen.", hint="Choose one that is open, or declare a new one.")
        taking.link(rows, room, why=typed.get("why_true", ""), **with_versions)
    elif decision == "ask":
        asking.ask(opened, actor=who, to=typed.get("to", ""), question=typed.get("reason", ""))
    elif decision == "snooze":
        hours = int(typed["hours"]) if typed.get("hours", "").isdecimal() and len(typed["hours"]) < 4 else 0
        snoozing.snooze(rows, until=timezone.now() + timedelta(hours=hours), **with_versions)
    else:
        judging.judge(rows, verdict=decision, why=typed.get(f"why_{decision}", ""), **with_versions)
    count = 1 if decision == "ask" else len(rows)
    said = ngettext("Saved for %(n)d group.", "Saved for %(n)d groups.", count) % {"n": count}
    messages.success(request, said)
    return _onward(opened, propose=decision in PROPOSED_AFTER)


def _chosen(request: HttpRequest, opened: Group, who: Actor) -> tuple[list[Group], dict[int, int]]:
    """The open group and those selected with it, each as `number:version` as it was seen."""
    pairs = [f"{opened.pk}:{request.POST.get('version', '')}", *request.POST.getlist("also")]
    versions = {
        int(pk): int(version)
        for pk, _colon, version in (pair.partition(":") for pair in pairs)
        if pk.isdecimal() and version.isdecimal() and len(pk) < 19 and len(version) < 10
    }
    wanted = {opened.pk, *versions}
    return list(sight.groups(who).filter(pk__in=wanted)), versions


def _onward(opened: Group, *, propose: bool = False) -> str:
    following = _next(opened)
    address = reverse("group", args=[following.pk]) if following else reverse("alerts")
    return f"{address}{f'?propose={opened.pk}' if propose else ''}#group"


def _stay(opened: Group) -> str:
    return reverse("group", args=[opened.pk]) + "#group"


def _said(request: HttpRequest, opened: Group, said: str) -> str:
    messages.success(request, said)
    return _stay(opened)


def _assign(request: HttpRequest, opened: Group, who: Actor) -> str:
    name = request.POST.get("person", "")
    person = Person.objects.filter(username=name, is_active=True).first() if name else None
    if name and person is None:
        raise Refused("There is nobody of this name.", hint="Choose from the list.")
    asking.assign(opened, person, actor=who)
    return _said(request, opened, _("Saved."))


def _answer(request: HttpRequest, opened: Group, who: Actor) -> str:
    number = request.POST.get("question", "")
    row = get_object_or_404(Question, pk=int(number) if number.isdecimal() and len(number) < 19 else 0, group=opened)
    asking.answer(row, actor=who, text=request.POST.get("answer", ""))
    return _said(request, opened, _("The answer is written down."))


def _merge(request: HttpRequest, opened: Group, who: Actor) -> str:
    rows, _versions = _chosen(request, opened, who)
    made = folding.merge(rows, actor=who, reason=request.POST.get("reason", ""))
    return _said(request, made, _("Merged into %(group)s.") % {"group": made})


def _unlink(request: HttpRequest, opened: Group, who: Actor) -> str:
    room = get_object_or_404(visible(who), name=request.POST.get("incident", ""))
    taking.unlink(opened, room, actor=who, reason=request.POST.get("reason", ""))
    return _said(request, opened, _("Taken out of the incident."))


def _back(verb: Callable[..., Any]) -> Callable[[HttpRequest, Group, Actor], str]:
    """An act that takes something back, with a reason and nothing else."""

    def do(request: HttpRequest, opened: Group, who: Actor) -> str:
        verb(opened, actor=who, reason=request.POST.get("reason", ""))
        return _said(request, opened, _("Taken back: it waits again."))

    return do


def _wake(request: HttpRequest, opened: Group, who: Actor) -> str:
    snoozing.wake(opened, actor=who, why=f"woken by {who.name}", early=True)
    return _said(request, opened, _("Taken back: it waits again."))


ACTS: Final[dict[str, Callable[[HttpRequest, Group, Actor], str]]] = {
    "answer": _answer,
    "assign": _assign,
    "decide": _decide,
    "merge": _merge,
    "reopen": _back(judging.reopen),
    "unhide": _back(suppressing.unhide),
    "unlink": _unlink,
    "unmerge": _back(folding.unmerge),
    "wake": _wake,
}
