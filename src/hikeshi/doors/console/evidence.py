"""The evidence locker of an incident: what is held, under which hash, through whose hands it went."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST, require_safe

from hikeshi.custody.locker import Checked
from hikeshi.desk.evidence import gaps, schedule, verbs, volatility
from hikeshi.desk.evidence.models import KINDS, MALWARE, VOLATILITY, Hold, Item, Transfer
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.console.item import card
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of, page
from hikeshi.errors import HikeshiError


@require_safe
def locker(request: HttpRequest, name: str) -> HttpResponse:
    return show(request, incident_of(request, name), None)


@require_safe
def item(request: HttpRequest, name: str, item: str) -> HttpResponse:
    incident = incident_of(request, name)
    return show(request, incident, _item(incident, item))


def _item(incident: Incident, name: str) -> Item:
    return get_object_or_404(Item, incident=incident, name=name)


def show(
    request: HttpRequest, incident: Incident, chosen: Item | None, problem: HikeshiError | None = None, failed: str = "",
    *, link: str = "",
) -> HttpResponse:  # fmt: skip
    """The page. After a refused act `failed` names its form; `link` is that of an offer just made, shown this once."""
    items: QuerySet[Item] = incident.evidence.order_by("-name")
    chosen = chosen or items.first()
    offers = Transfer.objects.filter(item__incident=incident, state="offered", expires_at__gt=timezone.now())
    context = {
        **head(request, incident, "evidence"), "items": items, "chosen": chosen, "link": link, "kinds": KINDS,
        "offers": {row.item_id: row.receiver for row in offers}, "held": set(Hold.objects.filter(item__incident=incident, lifted_at=None).values_list("item_id", flat=True)),
        "matching": items.filter(check_result="match").count(), "unchecked": items.filter(check_result="").count(),
        **_plan(incident), "bad": items.exclude(check_result__in=("", "match")).count(), "gaps": gaps.gaps(incident),
        **card(request, chosen, failed),
    }  # fmt: skip
    return page(request, "console/evidence.html", context, problem=problem)


def _plan(incident: Incident) -> dict[str, Any]:
    lines = volatility.lines(incident)
    pending = sum(line.state == "pending" for line in lines)
    return {"plan_lines": lines, "plan_pending": pending, "plan_kinds": VOLATILITY}


@require_POST
def verify(request: HttpRequest, name: str, item: str) -> HttpResponse:
    """Read the bytes again and compare the hash."""
    incident = incident_of(request, name)
    found = _item(incident, item)
    content = "content" in request.POST
    result: list[Checked] = []
    ask = verbs.check_content if content else verbs.check
    problem = attempt(lambda: result.append(ask(found, actor=actor(request))))
    if problem is not None:
        return show(request, incident, found, problem)
    level = messages.SUCCESS if result[0].result == "match" else messages.ERROR
    messages.add_message(request, level, _outcome(found, result[0], content=content))
    return redirect("item", incident.name, found.name)


def _outcome(item: Item, checked: Checked, *, content: bool) -> str:
    words = {
        "match": _("%(item)s: the bytes are the same as when they were sealed."),
        "mismatch": _("%(item)s: the bytes are NOT the ones that were sealed."),
        "could-not-check": _("%(item)s could not be checked: its bytes were not found or not readable."),
    }
    if content:
        words = {
            "match": _("%(item)s: the content of the image is what its maker recorded."),
            "mismatch": _("%(item)s: the content of the image is NOT what its maker recorded: %(reason)s"),
            "could-not-check": _("The content of %(item)s could not be checked: %(reason)s"),
        }
    return words[checked.result] % {"item": item.name, "reason": checked.reason}


@require_POST
def verify_all(request: HttpRequest, name: str) -> HttpResponse:
    """Have a worker read everything again; what is found shows here and on the board."""
    incident = incident_of(request, name)
    asked: list[int] = []
    problem = attempt(lambda: asked.append(schedule.ask(incident, actor=actor(request))))
    if problem is not None:
        return show(request, incident, None, problem)
    said = ngettext("%(n)s item is being read again.", "%(n)s items are being read again.", asked[0]) % {"n": asked[0]}
    return done(request, said, "evidence", incident.name)


@require_safe
def download(request: HttpRequest, name: str, item: str) -> FileResponse:
    """The sealed bytes as an attachment of no type, which never runs or renders in a browser; malware in a zip with a password."""
    incident = incident_of(request, name)
    found = _item(incident, item)
    if found.files and found.kind != MALWARE:
        raise Http404  # a folder: its manifest is listed, its files are exported in a bundle
    stream = verbs.hand_out(found, actor=actor(request))
    response = FileResponse(stream, as_attachment=True, filename=verbs.taken_as(found))
    response["Content-Type"] = "application/octet-stream"
    return response
