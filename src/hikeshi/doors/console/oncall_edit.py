"""What administrators change of who is on call: rotations with their parts and holidays, and a contact with the ways to reach them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hikeshi.clocks.calendars import calendars
from hikeshi.desk.accounts import contacts
from hikeshi.desk.accounts.models import CHANNELS, LANGUAGES, Contact, Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import DUTIES
from hikeshi.desk.oncall import reading, verbs
from hikeshi.desk.oncall.models import Rotation
from hikeshi.desk.oncall.verbs import PartSpec
from hikeshi.doors import rota as shapes
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.errors import HikeshiError, Refused

SPARE: Final = 3
"""Empty lines for more ways."""


@require_safe
def rotations(request: HttpRequest) -> HttpResponse:
    return _rotations(request)


def _rotations(request: HttpRequest, problem: HikeshiError | None = None, failed: str = "") -> HttpResponse:
    require(actor(request), "manage")
    context = {
        "rows": [(row, shapes.rotation_shape(row)) for row in reading.rotations()], "duties": DUTIES, "names": dict(DUTIES),
        "calendars": calendars().values(), "contacts": contacts.listed(), "weekdays": _WEEKDAYS, "zone": settings.TIME_ZONE,
        "failed": failed,
    }  # fmt: skip
    return page(request, "console/rotations.html", context, problem=problem)


_WEEKDAYS: Final = (
    ("mon", _("Monday")), ("tue", _("Tuesday")), ("wed", _("Wednesday")), ("thu", _("Thursday")), ("fri", _("Friday")),
    ("sat", _("Saturday")), ("sun", _("Sunday")),
)  # fmt: skip


def _part(typed: Any) -> PartSpec:
    """A part as the form has it: members one on a line, in their order."""
    return shapes.part_of(
        [line.strip() for line in typed.get("members", "").splitlines() if line.strip()],
        every=typed.get("every", ""), weekday=typed.get("weekday", "mon"), at=typed.get("at", ""),
        zone=typed.get("zone", "").strip(), hours=typed.get("hours", "").strip(),
    )  # fmt: skip


def _level(typed: Any) -> int:
    text = typed.get("level", "")
    return int(text) if text in set("123456789") else 1


def _duty(typed: Any) -> str:
    if typed.get("duty", "") not in dict(DUTIES):
        raise Refused("There is no such role.", hint="Choose one from the list.")
    return str(typed["duty"])


def _make(who: Actor, typed: Any) -> None:
    parts = [_part(typed)] if typed.get("members", "").strip() else []
    verbs.make(
        typed.get("name", ""), _duty(typed), parts, actor=who, level=_level(typed), calendar=typed.get("calendar", "")
    )


def _rotation(typed: Any) -> Rotation:
    number = typed.get("rotation", "")
    return get_object_or_404(reading.rotations(), pk=number if number.isdecimal() and len(number) < 19 else 0)


def _add_part(who: Actor, typed: Any) -> None:
    row, part = _rotation(typed), _part(typed)
    if typed.get("way") == "replace":
        verbs.change(row, [part], actor=who)
    else:
        verbs.add_part(row, part, actor=who)


ROTATION_ACTS: Final[dict[str, tuple[Callable[[Actor, Any], object], str | Promise]]] = {
    "describe": (
        lambda who, typed: verbs.describe(_rotation(typed), actor=who, level=_level(typed), calendar=typed.get("calendar", "")),
        _("Saved."),
    ),
    "make": (_make, _("The rotation is there.")),
    "part": (_add_part, _("Saved.")),
    "retire": (
        lambda who, typed: verbs.retire(_rotation(typed), actor=who, reason=typed.get("reason", "")),
        _("The rotation has ended."),
    ),
}  # fmt: skip


@require_POST
def rotation_act(request: HttpRequest, act: str) -> HttpResponse:
    """One act on a rotation. What is refused shows the page again with what was typed."""
    require(actor(request), "manage")
    if act not in ROTATION_ACTS:
        raise Http404
    do, said = ROTATION_ACTS[act]
    problem = attempt(lambda: do(actor(request), request.POST))
    failed = f"{act}-{request.POST.get('rotation', '')}"
    return _rotations(request, problem, failed) if problem else done(request, said, "rotations")


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """One line of the contact list with the ways to reach them, addresses whole: for administrators only."""
    who = actor(request)
    require(who, "manage")
    row = get_object_or_404(contacts.listed(), pk=pk)
    save = _save_ways if request.POST.get("what") == "ways" else _save_line
    problem = attempt(lambda: save(row, who, request.POST)) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        return done(request, _("Saved."), "contact", pk)
    typed = _ways(request.POST) if problem and save is _save_ways else []
    given = [(one.channel, one.address) for one in row.ways.all()]
    context = {
        "contact": row, "duties": DUTIES, "languages": LANGUAGES, "channels": CHANNELS, "ways": [*(typed or given), *[("", "")] * SPARE],
        "people": Person.objects.filter(is_active=True).order_by("username"),
    }  # fmt: skip
    return page(request, "console/contact.html", context, problem=problem)


def _save_line(row: Contact, who: Actor, typed: Any) -> None:
    person = Person.objects.filter(username=typed.get("person", ""), is_active=True).first()
    contacts.change(
        row, actor=who, name=typed.get("name", "").strip(), duty=_duty(typed), level=_level(typed), person=person,
        language=typed.get("language", ""), time_zone=typed.get("zone", "").strip(), quiet_from=_time(typed.get("quiet_from", "")),
        quiet_to=_time(typed.get("quiet_to", "")),
    )  # fmt: skip


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text).replace(tzinfo=None) if text else None
    except ValueError as problem:
        raise Refused(f"{text[:20]!r} is no time of day.", hint="Write 09:00.") from problem


def _ways(typed: Any) -> list[tuple[str, str]]:
    return list(zip(typed.getlist("channel"), typed.getlist("address"), strict=False))[: contacts.MOST_WAYS + SPARE]


def _save_ways(row: Contact, who: Actor, typed: Any) -> None:
    """A line without an address is left out."""
    wanted = [contacts.Reach(channel, address) for channel, address in _ways(typed) if address.strip()]
    contacts.set_ways(row, wanted, actor=who)
