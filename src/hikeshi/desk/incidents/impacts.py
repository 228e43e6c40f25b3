"""The NIST triple: what stopped working, what happened to data, how hard it is to come back. Judged by people, never filled in silently."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.severities import SCALES
from hikeshi.desk.incidents.verbs import change, require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.errors import Refused

FIELDS: Final = tuple(SCALES)


@transaction.atomic
def judge(
    incident: Incident, *, actor: Actor, functional_impact: str, information_impact: str, recoverability: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """Set all three, as far as is known now. Raises `Conflict` when somebody else changed the incident since `version`."""
    require_on(actor, "write", incident)
    given = dict(zip(FIELDS, (functional_impact, information_impact, recoverability), strict=True))
    for field, value in given.items():
        if value not in SCALES[field]:
            raise Refused(
                f"{value[:40]!r} is no step of {field.replace('_', ' ')}.",
                hint=f"Use one of: {', '.join(SCALES[field])}.",
            )
    data = change(incident, version, given, **given)
    ledger.append(incident.name, actor=actor, verb="incident.impact", obj=incident.name, data=data)


def missing(incident: Incident) -> list[str]:
    """The fields of the triple that nobody has judged yet."""
    return [field for field in FIELDS if not getattr(incident, field)]
