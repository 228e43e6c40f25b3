"""What has been decided on and then becomes worse: it is before people again, with what was said of it, and never silently.

Worse is a graver rating of an alert that was judged, or a host, an instance or a principal that it had not named. Called inside the verb that
receives, which holds the groups' rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.groups import INTAKE
from hikeshi.desk.alerts.models import Alert, Group, Observable
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.signals.signal import Observable as Named

WHOSE: Final = frozenset({"host", "instance", "key", "principal", "resource"})
"""What makes another thing affected. Addresses come and go with every update of an attack."""
NAMED: Final = 5
"""New ones that are written out."""


def added(rows: Iterable[Group], named: Mapping[int, Collection[Named]]) -> dict[int, list[str]]:
    """What the updates name that their decided groups did not, by group: at most one statement, and none where no group is decided on."""
    asked = {row.pk: {one for one in named[row.pk] if one.kind in WHOSE} for row in rows if row.pk in named}
    asked = {pk: wanted for pk, wanted in asked.items() if wanted}
    if not asked:
        return {}
    known = Observable.objects.filter(group_id__in=asked, kind__in=WHOSE).values_list("group_id", "kind", "value")
    there = set(known)
    found = {pk: sorted({one.value for one in some if (pk, *one) not in there}) for pk, some in asked.items()}
    return {pk: values for pk, values in found.items() if values}


def again(group: Group, score: float, severity: int, reasons: Any, new: Collection[str], now: datetime) -> None:
    """A decided group, or one merged into it, has got an update: where it is worse, a judged one waits again, and an incident that has it is told."""
    graver = min(severity, group.suggested_severity or 4)
    if score <= group.score and graver == group.suggested_severity and not new:
        return
    names = ", ".join(list(new)[:NAMED]) or "-"
    data = {"score": f"{score:g}", "before": group.suggested_severity, "severity": graver, "new": names}
    values: dict[str, Any] = {"score": max(score, group.score), "version": F("version") + 1}
    if severity < (group.suggested_severity or 4):
        values |= {"suggested_severity": severity, "reasons": reasons}
    if group.state == "judged":
        _reopen(group, values, graver, data, now)
        return
    Group.objects.filter(pk=group.pk).update(**values)
    held = Alert.objects.filter(group_id__in=groups.tree([group.pk])).exclude(incidents=None)
    for name in sorted(set(held.values_list("incidents__name", flat=True))):
        ledger.append(name, actor=INTAKE, verb="alert.worse", obj=str(group), data=data)


def _reopen(group: Group, values: dict[str, Any], severity: int, data: dict[str, Any], now: datetime) -> None:
    """With the time a new one of this severity would have, and what had been said of it."""
    said = {"verdict": group.verdict, "by": group.judged_by, "said": group.verdict_reason, "at": now.isoformat()}
    groups.unsettle(group)
    Group.objects.filter(pk=group.pk).update(
        **values, answer_by=groups.answer_by(severity, now), reopened={**said, "new": data["new"]}
    )
    before = {"before": group.verdict, "by": group.judged_by, "said": group.verdict_reason}
    ledger.append(ORGANISATION, actor=INTAKE, verb="group.worse", obj=str(group), data={**data, "verdict": before})
