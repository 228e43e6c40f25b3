"""Evidence that stays where it is, recorded from the evidence page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hikeshi.desk.evidence import elsewhere
from hikeshi.desk.evidence.models import Item
from hikeshi.doors.console.evidence import show
from hikeshi.doors.console.visit import actor, attempt, done, incident_of


@require_POST
def leave(request: HttpRequest, name: str) -> HttpResponse:
    """Record an object in S3 that is not to be moved."""
    incident, typed = incident_of(request, name), request.POST
    made: list[Item] = []
    problem = attempt(
        lambda: made.append(
            elsewhere.leave(
                incident,
                typed.get("address", "").strip(),
                actor=actor(request),
                title=typed.get("title", "").strip(),
                kind=typed.get("kind", "file"),
                version=typed.get("version", "").strip(),
                read=bool(typed.get("read")),
            )
        )
    )
    if problem is not None:
        return show(request, incident, None, problem, "leave")
    return done(request, _("%(item)s is recorded.") % {"item": made[0].name}, "item", name, made[0].name)
