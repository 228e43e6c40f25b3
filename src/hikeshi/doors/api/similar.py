"""What is known beside an alert: similar incidents, what enrichers say, and severities suggested anew."""

from __future__ import annotations

from ninja import Router
from typing_extensions import TypedDict

from hikeshi.desk.alerts import weighing
from hikeshi.desk.incidents.enrichment import verbs as enriching
from hikeshi.doors import enrich, find, similar
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.shapes import Both

router = Router()


class Suggested(TypedDict):
    """The severity that the rules suggest now, and why."""

    name: str
    suggested_severity: int | None
    reasons: list[Both]


@router.get("/groups/{name}/similar", response=list[similar.LikenessShape])
def similar_to_group(request: Call, name: str, exercises: bool = False) -> list[similar.LikenessShape]:
    """Incidents of the past like this group of alerts, the likest first; only those you may read."""
    return similar.to_alert(request.auth, name, exercises=exercises)


@router.post("/groups/{name}/enrich", response=list[enrich.AnswerShape])
def enrich_group(request: Call, name: str, pap: str = enriching.USUAL) -> list[enrich.AnswerShape]:
    """Ask about what a group names. `pap` is red, amber, green (a service outside may be asked) or clear; the ledger keeps who asked."""
    answers = enriching.enrich(find.group(request.auth, name), actor=request.auth, pap=pap)
    return [enrich.shape(one) for one in enrich.worth_showing(answers)]


@router.post("/groups/{name}/suggest", response=Suggested)
def suggest_severity(request: Call, name: str) -> Suggested:
    """Weigh a group again, with the asset register and the other groups as they are now."""
    row = weighing.suggest(find.group(request.auth, name), actor=request.auth)
    return {"name": str(row), "suggested_severity": row.suggested_severity, "reasons": row.reasons}


@router.get("/incidents/{name}/similar", response=list[similar.LikenessShape])
def similar_to_incident(request: Call, name: str, exercises: bool = False) -> list[similar.LikenessShape]:
    """Incidents like this one, the likest first; only those you may read."""
    return similar.to_incident(request.auth, name, exercises=exercises)
