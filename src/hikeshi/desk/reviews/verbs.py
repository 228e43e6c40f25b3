"""Starting a review from the record."""

from __future__ import annotations

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.reports import verbs as reports
from hikeshi.desk.reports.models import Report
from hikeshi.desk.reviews.causes import suggest
from hikeshi.desk.reviews.models import Review
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query


def attacker_actions(incident: Incident) -> dict[str, int]:
    """What the marked attacker did in the control plane: action and how often."""
    found: dict[str, int] = {}
    for timeline in incident.timelines.filter(state="ready"):
        store = DuckStore(timeline.folder)
        for mark in timeline.marks.filter(kind="attacker"):
            query = Query(where={mark.field: mark.value, "source_kind": "cloudtrail"})
            found |= {str(value): count for value, count in store.facet("action", query, top=1000)}
    return found


@transaction.atomic
def start(incident: Incident, *, actor: Actor) -> Review:
    """Begin the post-mortem: summary, root cause candidates and measures proposed from the record. Once per incident."""
    require_on(actor, "write", incident)
    existing = Review.objects.filter(incident=incident).first()
    if existing is not None:
        return existing
    suggested = suggest(attacker_actions(incident))
    review = Review(
        incident=incident,
        summary=_summary(incident),
        causes=[
            {
                "kind": candidate.kind.en, "kind_ja": candidate.kind.ja,
                "text": msgspec.to_builtins(candidate.cause), "source": ", ".join(actions),
            }
            for candidate, actions in suggested
        ],
        measures=[msgspec.to_builtins(candidate.measure) for candidate, _ in suggested],
        started_at=timezone.now(),
    )  # fmt: skip
    review.full_clean()
    review.save()
    ledger.append(
        incident.name, actor=actor, verb="review.start", obj="post-mortem",
        data={"causes": [cause["text"]["en"] for cause in review.causes]},
    )  # fmt: skip
    return review


def _summary(incident: Incident) -> dict[str, str]:
    if incident.summary:
        return {"en": incident.summary, "ja": incident.summary}
    minutes = _minutes(incident)
    return {
        "en": f"{incident.title} Declared as SEV-{incident.severity}; "
        + (f"contained {minutes} after detection." if minutes else "not contained yet."),
        "ja": f"{incident.title} SEV-{incident.severity} として宣言。"
        + (f"検知から {minutes} で封じ込め。" if minutes else "まだ封じ込められていない。"),
    }


def _minutes(incident: Incident) -> str:
    if incident.contained_at is None:
        return ""
    seconds = (incident.contained_at - incident.detected_at).total_seconds()
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def draft(incident: Incident, language: str, *, actor: Actor) -> Report:
    """Freeze the post-mortem as it stands, in one language."""
    return reports.freeze(incident, "post-mortem", language, actor=actor, more={"review": start(incident, actor=actor)})
