"""Affected assets: what is in the incident, whether it is compromised, and whether it may be used again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Observable
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.incidents.models import CLEARANCES, COMPROMISES, AffectedAsset, Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import changes, verbs as ledger
from hikeshi.errors import Refused

KINDS: Final = ("account", "host", "instance", "key", "principal", "resource")
"""Observables that are something of ours; an address or a hash is more often the attacker's."""

MOST: Final = 2000
"""Assets of one incident: more than a person can look after, few enough to list."""


@transaction.atomic
def add(
    incident: Incident, identifier: str, *, actor: Actor, compromise: str = "unknown", note: str = ""
) -> AffectedAsset:
    """Put an asset on the list, tied to the register where it is known there."""
    require_on(actor, "write", incident)
    identifier = identifier.strip()
    if incident.assets.filter(identifier=identifier).exists():
        raise Refused(f"{identifier} is on the list already.", hint="Change its state there.")
    row = _add(incident, identifier, actor, compromise=compromise, note=note.strip())
    ledger.append(
        incident.name, actor=actor, verb="affected.add", obj=_name(row),
        data={
            "identifier": row.identifier, "compromise": compromise, "note": row.note,
            "in_register": row.asset_id is not None,
        },
    )  # fmt: skip
    return row


def _name(row: AffectedAsset) -> str:
    return f"asset {row.identifier}"


def _change(
    row: AffectedAsset, version: int | None, actor: Actor, why: str, data: dict[str, Any], **values: Any
) -> dict[str, Any]:
    """Write the states, and who wrote them and why beside them: two who judge different things do not disturb each other."""
    told = {"identifier": row.identifier, **data}
    told = changes.change(row, version, chain=row.incident.name, obj=_name(row), data=told, **values)
    row.note, row.changed_by, row.changed_at = why[:1000], actor.name, timezone.now()
    row.save(update_fields=["note", "changed_by", "changed_at"])
    return told


def _add(incident: Incident, identifier: str, actor: Actor, *, compromise: str, note: str) -> AffectedAsset:
    if incident.assets.count() >= MOST:
        raise Refused(f"An incident lists at most {MOST} assets.", hint="List groups of them, such as an account.")
    row = AffectedAsset(
        incident=incident, identifier=identifier, asset=Asset.objects.filter(identifier=identifier).first(),
        compromise=compromise, note=note, changed_by=actor.name, changed_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    return row


def named(incident: Incident) -> list[tuple[str, str]]:
    """What the incident's alerts name as ours and nobody has listed yet: (kind, value), each value once."""
    listed = set(incident.assets.values_list("identifier", flat=True))
    rows = Observable.objects.filter(group__alerts__incidents=incident, kind__in=KINDS).order_by("kind", "value")
    first: dict[str, str] = {}
    for kind, value in rows.values_list("kind", "value"):
        first.setdefault(value, kind)
    return [(kind, value) for value, kind in first.items() if value not in listed]


@transaction.atomic
def gather(incident: Incident, *, actor: Actor) -> list[AffectedAsset]:
    """Put everything on the list that the alerts name. Doing it twice adds nothing."""
    require_on(actor, "write", incident)
    added = [
        _add(incident, value, actor, compromise="suspected", note=f"{kind} named by an alert")
        for kind, value in named(incident)
    ]
    if added:
        ledger.append(
            incident.name, actor=actor, verb="affected.gather", obj=incident.name,
            data={"count": len(added), "added": [row.identifier for row in added]},
        )  # fmt: skip
    return added


@transaction.atomic
def assess(
    row: AffectedAsset, *, actor: Actor, reason: str, compromise: str = "", clearance: str = "",
    version: int | None = None,
) -> None:  # fmt: skip
    """Say whether it is compromised, whether it may be used again, or both. Always with a reason; empty leaves as it is.

    Raises `Conflict` when somebody else has changed it since `version`.
    """
    require_on(actor, "write", row.incident)
    _check(row, compromise, clearance, reason)
    said = {name: value for name, value in (("compromise", compromise), ("clearance", clearance)) if value}
    data = _change(row, version, actor, reason.strip(), {"reason": reason.strip()}, **said)
    data |= {"compromise": row.compromise, "clearance": row.clearance}
    ledger.append(row.incident.name, actor=actor, verb="affected.assess", obj=_name(row), data=data)


def _check(row: AffectedAsset, compromise: str, clearance: str, reason: str) -> None:
    for value, known in ((compromise, COMPROMISES), (clearance, CLEARANCES)):
        if value and value not in dict(known):
            raise Refused(f"{value[:40]!r} is not a state.", hint=f"Use one of: {', '.join(dict(known))}.")
    if not compromise and not clearance:
        raise Refused("No state was named.", hint="Say whether it is compromised, or whether it may be used again.")
    if not reason.strip():
        raise Refused(f"The state of {row.identifier} needs a reason.", hint="Say in one sentence what shows it.")
    if clearance == "cleared" and (compromise or row.compromise) == "unknown":
        raise Refused(
            f"{row.identifier} cannot be cleared while nobody knows whether it is compromised.",
            hint="Say first what was found: suspected, confirmed or not_compromised.",
        )


@transaction.atomic
def contained_by(incident: Incident, identifiers: Iterable[str], source: str, *, actor: Actor) -> None:
    """A containment of these was verified; `source` is the step that did it. Those still open move to contained."""
    _move(incident, identifiers, "open", "contained", source, actor)


@transaction.atomic
def released_by(incident: Incident, identifiers: Iterable[str], source: str, *, actor: Actor) -> None:
    """The containment of these was undone: what it had contained, and nobody has judged since, is open again."""
    _move(incident, identifiers, "contained", "open", source, actor)


def _move(incident: Incident, identifiers: Iterable[str], before: str, after: str, source: str, actor: Actor) -> None:
    rows = incident.assets.select_for_update().filter(identifier__in=list(identifiers), clearance=before)
    for row in rows if before == "open" else rows.filter(note=source):
        data = _change(row, None, actor, source, {"clearance": after, "source": source}, clearance=after)
        ledger.append(incident.name, actor=actor, verb="affected.move", obj=_name(row), data=data)


def counts(incident: Incident) -> dict[str, int]:
    """How many there are, by state of compromise and of clearance, and `all`; states that nothing is in count 0."""
    rows = list(incident.assets.values_list("compromise", "clearance"))
    found = Counter(one for row in rows for one in row)
    return {"all": len(rows)} | {state: found[state] for states in (COMPROMISES, CLEARANCES) for state, _ in states}


def uncleared(incident: Incident) -> list[AffectedAsset]:
    """What may not be used again yet, and is not known to be clean."""
    return list(incident.assets.exclude(clearance="cleared").exclude(compromise="not_compromised"))
