"""Numbers for monitoring."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Router

from hikeshi.doors.api.bearer import Call
from hikeshi.doors.metrics import CONTENT_TYPE, metrics, text

router = Router()


@router.get("/metrics", response=None)
def read_metrics(request: Call) -> HttpResponse:
    """How evidence and record stand, in Prometheus' text format. For tokens of those who may read everything."""
    return HttpResponse(text(metrics(request.auth)), content_type=CONTENT_TYPE)
