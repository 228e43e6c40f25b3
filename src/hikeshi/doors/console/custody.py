"""What is sent from the evidence page: adding items, saying more of them, handing them over, keeping and ending them."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from hikeshi.custody.acquire import record as acquisitions
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import acquired, keeping, notes, record, transfers, verbs
from hikeshi.desk.evidence.models import Disposal, Hold, Item, Transfer
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import custody as shapes
from hikeshi.doors.console import item_record
from hikeshi.doors.console.evidence import show
from hikeshi.doors.console.room import head
from hikeshi.doors.console.visit import actor, attempt, done, incident_of
from hikeshi.errors import Refused


@require_POST
def add(request: HttpRequest, name: str) -> HttpResponse:
    """Seal an uploaded file, with what is said of it."""
    incident = incident_of(request, name)
    made: list[Item] = []
    problem = attempt(lambda: made.append(_seal(request, incident)))
    if problem is not None:
        return show(request, incident, None, problem, "add")
    return done(request, _("%(item)s is sealed.") % {"item": made[0].name}, "item", name, made[0].name)


def _seal(request: HttpRequest, incident: Incident) -> Item:
    who, typed = actor(request), request.POST
    require_on(who, "write", incident)
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise Refused("No file was sent.", hint="Choose one; large ones are added with `hikeshi evidence add`.")
    named = Path(file.name or "upload").name[:200]
    said: dict[str, Any] = {
        "title": typed.get("title", "").strip() or named, "kind": typed.get("kind", "file"), "record": item_record.read(typed),
    }  # fmt: skip
    acquisition = request.FILES.get("acquisition")
    with tempfile.TemporaryDirectory(dir=settings.ENVIRONMENT.home, prefix="upload-") as folder:
        path = Path(folder) / named
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        if isinstance(acquisition, UploadedFile):
            return acquired.seal_upload(
                incident, path, acquisition.read(acquisitions.LIMIT + 1), actor=who, title=typed.get("title", "").strip(),
                said=said["record"],
            )  # fmt: skip
        return verbs.seal_files(incident, [path], actor=who, source=f"upload: {named}", **said)


def _describe(item: Item, who: Actor, request: HttpRequest) -> None:
    typed = request.POST
    version = typed.get("version", "")
    record.describe(
        item, actor=who, fields=item_record.read(typed, item), reason=typed.get("reason", ""),
        version=int(version) if version.isdecimal() else 0,
    )  # fmt: skip


def _clear(item: Item, who: Actor, request: HttpRequest) -> None:
    field = request.POST.get("field", "")
    empty = None if field in {"began_at", "ended_at", "clock_offset_us"} else ""
    record.correct(item, field, empty, actor=who, reason=request.POST.get("reason", ""))


def _note(item: Item, who: Actor, request: HttpRequest) -> None:
    typed = request.POST
    words = {name: typed.get(name, "") for name in ("kind", "purpose", "tool", "place", "time_source")}
    at = item_record.time_of(typed.get("occurred_at", ""))
    notes.note(item, typed.get("text", ""), actor=who, occurred_at=at, **words)


def _accept(item: Item, who: Actor, request: HttpRequest) -> None:
    _say(transfers.accept(transfers.the_open_offer(item), received(request), actor=who))


def _paper(item: Item, who: Actor, request: HttpRequest) -> None:
    scan = request.FILES.get("scan")
    if not isinstance(scan, UploadedFile) or (scan.size or 0) > transfers.MOST_OF_A_SCAN:
        raise Refused("The scan of the signed sheet is missing, or larger than 50 MiB.", hint="Choose the file again.")
    signed_by, sha256 = request.POST.get("signed_by", ""), request.POST.get("sha256", "")
    offer = transfers.the_open_offer(item)
    _say(transfers.accept_on_paper(offer, scan.read(), actor=who, sha256=sha256, signed_by=signed_by))


def _say(answered: Transfer) -> None:
    """The record has it already; the person must see it as what it is."""
    if answered.state != "accepted":
        raise Refused(transfers.DIFFERS, hint="This is recorded; the giver stays the holder.")


def _return(item: Item, who: Actor, request: HttpRequest) -> None:
    typed = request.POST
    place, reason = typed.get("place", ""), typed.get("reason", "")
    if not transfers.give_back(item, received(request), actor=who, reason=reason, place=place):
        raise Refused(transfers.DIFFERS, hint="This is recorded; the holder stays who it was.")


def received(request: HttpRequest) -> str:
    """The SHA-256 that was typed, or of the file that was sent: hashed here and not kept."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return request.POST.get("sha256", "")
    hashing = hashlib.sha256()
    for chunk in file.chunks():
        hashing.update(chunk)
    return hashing.hexdigest()


def _unhold(item: Item, who: Actor, request: HttpRequest) -> None:
    number = request.POST.get("hold", "")
    hold = Hold.objects.filter(item=item, pk=int(number) if number.isdecimal() else 0).first()
    if hold is None:
        raise Refused("There is no such hold.", hint="Look at the page again.")
    keeping.lift_hold(hold, actor=who, reason=request.POST.get("reason", ""))


def _retain(item: Item, who: Actor, request: HttpRequest) -> None:
    until: date | None = None
    if text := request.POST.get("until", ""):
        with contextlib.suppress(ValueError):
            until = date.fromisoformat(text)
        if until is None:
            raise Refused(f"{text[:40]!r} is not a day.", hint="Write it as 2031-03-31.")
    keeping.retain(item, until, actor=who, reason=request.POST.get("reason", ""))


def _asked(item: Item) -> Disposal:
    found: Disposal | None = item.disposals.filter(state="asked").first()
    if found is None:
        raise Refused(f"Nobody asked for the disposal of {item.name}.", hint="Look at the page again.")
    return found


def _why(request: HttpRequest) -> str:
    return request.POST.get("reason", "")


def _dispose(item: Item, who: Actor, request: HttpRequest) -> None:
    keeping.ask_disposal(item, actor=who, method=request.POST.get("method", ""), reason=_why(request))


Act = Callable[[Item, Actor, HttpRequest], object]
ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    "accept": (_accept, gettext_lazy("You have taken it over.")),
    "clear": (_clear, gettext_lazy("The correction is recorded.")),
    "describe": (_describe, gettext_lazy("The record is up to date.")),
    "dispose": (_dispose, gettext_lazy("The disposal is asked for. Somebody else approves it.")),
    "dispose_approve": (lambda item, who, _request: keeping.approve_disposal(_asked(item), actor=who), gettext_lazy("The bytes are removed. The record stays.")),
    "dispose_refuse": (lambda item, who, request: keeping.refuse_disposal(_asked(item), actor=who, reason=_why(request)), gettext_lazy("The disposal is refused.")),
    "hold": (lambda item, who, request: keeping.place_hold(item, actor=who, reason=_why(request)), gettext_lazy("The legal hold stands.")),
    "note": (_note, gettext_lazy("Added to the custody line.")),
    "paper": (_paper, gettext_lazy("The signed sheet is sealed and the transfer accepted.")),
    "refuse": (lambda item, who, request: transfers.refuse(transfers.the_open_offer(item), actor=who, reason=_why(request)), gettext_lazy("You have refused it.")),
    "retain": (_retain, gettext_lazy("The retention date is set.")),
    "return": (_return, gettext_lazy("It is back in the locker.")),
    "unhold": (_unhold, gettext_lazy("The legal hold is lifted.")),
    "withdraw": (lambda item, who, request: transfers.withdraw(transfers.the_open_offer(item), actor=who, reason=_why(request)), gettext_lazy("The offer is withdrawn.")),
}  # fmt: skip


@require_POST
def act(request: HttpRequest, name: str, item: str, act: str) -> HttpResponse:
    """One act on an item. What is refused shows the page again with the form as it was filled in."""
    if act not in ACTS:
        raise Http404
    incident = incident_of(request, name)
    found = get_object_or_404(Item, incident=incident, name=item)
    do, said = ACTS[act]
    problem = attempt(lambda: do(found, actor(request), request))
    if problem is None:
        return done(request, said, "item", name, item)
    found.refresh_from_db()
    return show(request, incident, found, problem, act)


@require_POST
def offer(request: HttpRequest, name: str, item: str) -> HttpResponse:
    """Offer an item. The link is shown in this one answer; a sheet to sign is opened at once."""
    incident = incident_of(request, name)
    found = get_object_or_404(Item, incident=incident, name=item)
    made: list[tuple[Transfer, str]] = []
    problem = attempt(lambda: made.append(_offer(found, request)))
    if problem is not None:
        return show(request, incident, found, problem, "offer")
    transfer, secret = made[0]
    if not secret:
        return redirect("transfer_sheet", name, item, transfer.pk)
    return show(request, incident, found, link=shapes.link(secret))


def _offer(item: Item, request: HttpRequest) -> tuple[Transfer, str]:
    typed = request.POST
    words = {name: typed.get(name, "") for name in ("receiver", "purpose", "means", "place", "receiver_email")}
    return transfers.offer(
        item, actor=actor(request), expires_at=item_record.time_of(typed.get("expires_at", "")), **words
    )


@require_safe
def sheet(request: HttpRequest, name: str, item: str, pk: int) -> HttpResponse:
    """The transfer sheet, to be printed and signed by both."""
    incident = incident_of(request, name)
    transfer = get_object_or_404(Transfer, item__incident=incident, item__name=item, pk=pk)
    context = {**head(request, incident, "evidence"), "transfer": transfer, "of": transfer.item}
    return render(request, "console/transfer_sheet.html", context)
