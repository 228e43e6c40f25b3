"""Coverage: which findings and techniques have a playbook, gaps first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from hikeshi.desk.playbooks.reading import books
from hikeshi.doors.console.clock_rules import refuse_strangers
from hikeshi.doors.console.visit import page
from hikeshi.doors.coverage import covered


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    refuse_strangers(request)
    return page(request, "console/coverage.html", covered(books().values()))
