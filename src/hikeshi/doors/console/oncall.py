"""The page "On call": who is on now, the rota with its gaps, who covers for whom, the contact list, the offline kit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from hikeshi.desk.accounts import contact_files, contacts, verbs as accounts
from hikeshi.desk.accounts.models import Contact, Way
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import DUTIES
from hikeshi.desk.notices.audience import Recipient
from hikeshi.desk.notices.ways import reachable
from hikeshi.desk.oncall import importing, reading, rota_files, verbs
from hikeshi.desk.oncall.models import Override, Rotation
from hikeshi.desk.reports.kit import FORMATS, kit as make_kit
from hikeshi.doors.console.rota import rota
from hikeshi.doors.console.visit import actor, attempt, done, page, person_of, rights
from hikeshi.doors.rota import holidays
from hikeshi.errors import HikeshiError, Refused


@require_safe
def oncall(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest, problem: HikeshiError | None = None, failed: str = "", **came: object) -> HttpResponse:
    who = actor(request)
    require(who, "triage")
    now = timezone.now()
    listed = list(contacts.listed())
    context = {
        "can": rights(request), "now_on": reading.everybody(now), "gaps": reading.gaps(now), "rota": rota(now, person_of(request).pk),
        "rotations": list(reading.rotations()), "contacts": [_line(row, now) for row in listed], "duties": DUTIES,
        "names": dict(DUTIES), "failed": failed, **came,
        "overrides": Override.objects.filter(withdrawn_at=None, end__gt=now, rotation__retired_at=None).select_related("rotation", "contact", "covers"),
        "holidays": [(row, *found) for row in reading.rotations() if any(found := holidays(row.calendar, now))],
        "unverified": sum(contacts.stale(way, now) for row in listed for way in row.ways.all()),
        "ways_count": sum(len(row.ways.all()) for row in listed),
    }  # fmt: skip
    return page(request, "console/oncall.html", context, problem=problem)


def _line(row: Contact, now: datetime) -> dict[str, Any]:
    """Numbers are cut on the screen; the kit has them whole."""
    ways = [
        {"way": way, "shown": contacts.masked(way.channel, way.address), "stale": contacts.stale(way, now)}
        for way in row.ways.all()
    ]
    return {
        "contact": row,
        "ways": ways,
        "quiet": contacts.quiet(row),
        "mute": not reachable(Recipient(contact=row), None),
    }


Act = Callable[[Actor, Any], object]


def _contact(typed: Any, field: str = "contact") -> Contact:
    number = typed.get(field, "")
    return get_object_or_404(contacts.listed(), pk=number if number.isdecimal() else 0)


def _time(text: str) -> datetime:
    """What a field for a date and a time holds, on the house's clock."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise Refused(f"{text[:30]!r} is no time.", hint="Write 2026-11-08 09:00.") from problem
    return timezone.make_aware(at) if timezone.is_naive(at) else at


def _cover(who: Actor, typed: Any) -> None:
    verbs.cover(
        _rotation(typed.get("rotation", "")), _contact(typed), _time(typed.get("start", "")), _time(typed.get("end", "")), actor=who,
        reason=typed.get("reason", ""),
    )  # fmt: skip


def _uncover(who: Actor, typed: Any) -> None:
    number = typed.get("override", "")
    verbs.uncover(get_object_or_404(Override, pk=number if number.isdecimal() else 0), actor=who)


def _verify(who: Actor, typed: Any) -> None:
    number = typed.get("way", "")
    contacts.verify(get_object_or_404(Way, pk=number if number.isdecimal() else 0), actor=who)


def _add(who: Actor, typed: Any) -> None:
    if typed.get("duty", "") not in dict(DUTIES):
        raise Refused("There is no such role.", hint="Choose one from the list.")
    level = typed.get("level", "")
    accounts.add_contact(
        typed.get("name", "").strip(), typed["duty"], actor=who, level=int(level) if level.isdecimal() else 1,
        phone=typed.get("phone", "").strip(), email=typed.get("email", "").strip(),
    )  # fmt: skip


ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "add": (_add, _("The contact is on the list.")),
    "cover": (_cover, _("The shift is covered.")),
    "retire": (
        lambda who, typed: contacts.retire(_contact(typed), actor=who, reason=typed.get("reason", "")),
        _("The contact is off the list."),
    ),
    "uncover": (_uncover, _("Taken back.")),
    "verify": (_verify, _("Noted that this way works.")),
}


@require_POST
def act(request: HttpRequest, act: str) -> HttpResponse:
    """One act on contacts or shifts. What is refused shows the page again with what was typed."""
    require(actor(request), "triage")
    if act == "import":
        return _import(request)
    if act == "shifts":
        return _shifts(request)
    if act not in ACTS:
        raise Http404
    do, said = ACTS[act]
    problem = attempt(lambda: do(actor(request), request.POST))
    return _show(request, problem, act) if problem else done(request, said, "oncall")


def _import(request: HttpRequest) -> HttpResponse:
    """A contact list from a file: first only tried, then taken in."""
    sent = request.FILES.get("file")
    content = sent.read(contact_files.MOST_BYTES + 1) if sent else b""
    dry_run = request.POST.get("way") != "take"
    found: list[contact_files.Imported] = []
    problem = attempt(
        lambda: found.append(
            contact_files.import_csv(content, actor=actor(request), duties=dict(DUTIES), dry_run=dry_run)
        )
    )
    return _show(request, problem, "import", imported=found[0] if found else None)


def _shifts(request: HttpRequest) -> HttpResponse:
    """Shifts of a rotation from a file: first only tried, then taken in."""
    rotation = _rotation(request.POST.get("rotation", ""))
    sent = request.FILES.get("file")
    content = sent.read(importing.MOST_BYTES + 1) if sent else b""
    dry_run = request.POST.get("way") != "take"
    found: list[rota_files.Taken] = []
    problem = attempt(
        lambda: found.append(rota_files.take_in(rotation, content, actor=actor(request), dry_run=dry_run))
    )
    return _show(request, problem, "shifts", taken=found[0] if found else None)


def _rotation(number: str) -> Rotation:
    return get_object_or_404(reading.rotations(), pk=number if number.isdecimal() else 0)


@require_safe
def calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """The turns of a rotation as a file for a calendar."""
    who = actor(request)
    require(who, "triage")
    made = rota_files.calendar(actor=who, rotation=_rotation(str(pk)))
    headers = {"Content-Disposition": f'attachment; filename="hikeshi-rotation-{pk}.ics"'}
    return HttpResponse(made, content_type="text/calendar; charset=utf-8", headers=headers)


@require_safe
def kit(request: HttpRequest, kind: str) -> HttpResponse:
    """The offline kit in the reader's language, as a file."""
    chosen = next((one for one in FORMATS if one == kind), None)
    if chosen is None:
        raise Http404
    language = get_language() or "en"
    made = make_kit(actor=actor(request), language=language, kind=chosen)
    headers = {"Content-Disposition": f'attachment; filename="hikeshi-kit-{language}.{chosen}"'}
    types = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
    return HttpResponse(made, content_type=types[chosen], headers=headers)
