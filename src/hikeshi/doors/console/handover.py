"""Where somebody without an account receives evidence: behind a signed link, and nothing but this one item.

Every link that does not work gets the same answer, and one address may not try often.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from hikeshi.desk.evidence import transfers, verbs
from hikeshi.desk.evidence.models import Transfer
from hikeshi.doors.console.custody import received
from hikeshi.doors.console.limits import too_often
from hikeshi.doors.console.visit import attempt, page
from hikeshi.errors import HikeshiError


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def handover(request: HttpRequest, secret: str) -> HttpResponse:
    """What is offered, by whom and what for; and the answer."""
    found = _offer(request, secret)
    if isinstance(found, HttpResponse):
        return found
    if request.method != "POST":
        return _form(request, found, secret)
    answered: list[Transfer] = []
    problem = attempt(lambda: answered.append(_answer(request, secret)))
    if problem is not None:
        return _form(request, found, secret, problem)
    entry = verbs.custody(found.item)[-1]
    return render(request, "console/handover_done.html", {"transfer": answered[0], "item": found.item, "entry": entry})


@login_not_required
@require_safe
def handover_bytes(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The sealed bytes, as an attachment of no type. Taking them is a custody line."""
    found = _offer(request, secret)
    if isinstance(found, HttpResponse):
        return found
    sha256 = request.GET.get("sha256", "").strip().lower()
    taken: list[FileResponse] = []
    problem = attempt(lambda: taken.append(_file(secret, sha256)))
    return _form(request, found, secret, problem) if problem else taken[0]


def _file(secret: str, sha256: str) -> FileResponse:
    transfer, stream = transfers.take_by_link(secret, sha256=sha256)
    item = transfer.item
    named = verbs.taken_as(item, sha256).removeprefix(
        f"{item.incident.name}-"
    )  # the incident is nobody's business there
    return FileResponse(stream, as_attachment=True, filename=named, content_type="application/octet-stream")


def _offer(request: HttpRequest, secret: str) -> Transfer | HttpResponse:
    """The offer behind the link, or the answer that says no more than that there is none."""
    if too_often(request, "handover"):
        return render(request, "console/too_often.html", status=429)
    found: list[Transfer] = []
    problem = attempt(lambda: found.append(transfers.by_link(secret)))
    return render(request, "console/handover_gone.html", status=404) if problem else found[0]


def _form(request: HttpRequest, transfer: Transfer, secret: str, problem: HikeshiError | None = None) -> HttpResponse:
    context = {"transfer": transfer, "item": transfer.item, "secret": secret}
    return page(request, "console/handover.html", context, problem=problem)


def _answer(request: HttpRequest, secret: str) -> Transfer:
    typed = request.POST
    name, refuse = typed.get("name", ""), typed.get("answer") == "refuse"
    sha256 = "" if refuse else received(request)
    return transfers.answer_by_link(secret, name=name, sha256=sha256, refuse=refuse, reason=typed.get("reason", ""))
