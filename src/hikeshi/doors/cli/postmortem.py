"""`postmortem start | show`: what the incident teaches, begun from the record."""

from __future__ import annotations

from typing import Any

from hikeshi.desk.reviews import verbs
from hikeshi.desk.reviews.models import Review
from hikeshi.doors import find, shapes
from hikeshi.doors.cli import session
from hikeshi.doors.cli.report import Out, told
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Refused


def start(incident: str, out: Out = None) -> Any:
    """Begin the post-mortem from the record and freeze a draft in the language of --lang."""
    who = actor()
    return told(verbs.draft(find.incident(who, incident), session.options.language, actor=who), out)


def show(incident: str) -> Any:
    """The post-mortem as it stands: summary, contributing factors, measures."""
    row = find.incident(actor(), incident)
    review = Review.objects.filter(incident=row).select_related("incident").first()
    if review is None:
        raise Refused(f"{row} has no post-mortem yet.", hint=f"`hikeshi postmortem start {row}` begins it.")
    return shapes.review(review)
