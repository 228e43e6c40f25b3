"""How grave an alert looks to us: what the rules of `severity.py` make of it together with the asset register and what else is open.

Costs two questions to the database for as many alerts as there are: asked when groups open, not for each alert that joins one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.groups import AWAKE, answer_by
from hikeshi.desk.alerts.models import Alert, Group, Observable
from hikeshi.desk.alerts.severity import RULE_SET, suggest_severity
from hikeshi.desk.assets.register import matching_each
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused
from hikeshi.signals.signal import Observable as Named, Signal
from hikeshi.text import Text

RELATING: Final = (
    "address",
    "domain",
    "file",
    "hash",
    "host",
    "instance",
    "key",
    "mail",
    "principal",
    "resource",
    "url",
)
"""What groups are related by: all but the account, which is common to everything in it."""
OPEN: Final = ("waiting", "snoozed")
ENOUGH: Final = 2000
"""Rows read to count related groups: three of them are as good as a thousand."""

Suggestion = tuple[int, list[Text]]


def weigh(signals: Sequence[Signal], *, but: Collection[int] = ()) -> list[Suggestion]:
    """A severity with its reasons for each signal. `but` are groups that are not counted as related: its own."""
    assets = matching_each([one.observables for one in signals])
    related, now = _related(signals, but), timezone.now()
    return [
        suggest_severity(one, owned, count, now) for one, owned, count in zip(signals, assets, related, strict=True)
    ]


def _related(signals: Sequence[Signal], but: Collection[int]) -> list[int]:
    """For each signal, how many open groups of another cause name one of the things it names."""
    wanted = [{one for one in signal.observables if one.kind in RELATING} for signal in signals]
    values = {one.value[:300] for observables in wanted for one in observables}
    if not values:
        return [0] * len(wanted)
    rows = Observable.objects.filter(value__in=values, kind__in=RELATING, group__state__in=OPEN).exclude(
        group_id__in=but
    )
    groups: dict[tuple[str, str], set[tuple[int, str]]] = defaultdict(set)
    for kind, value, group, cause in rows.values_list("kind", "value", "group_id", "group__fingerprint")[:ENOUGH]:
        groups[kind, value].add((group, cause))
    named = [set().union(*(groups.get(one, set()) for one in observables)) for observables in wanted]
    return [
        sum(cause != signal.fingerprint for _group, cause in some) for signal, some in zip(signals, named, strict=True)
    ]


@transaction.atomic
def suggest(group: Group, *, actor: Actor) -> Group:
    """Weigh a group again, with the register and the other groups as they are now. A person still decides.

    A graver suggestion is to be answered sooner, and ends a snooze; a lesser one gives no more time. Where nothing differs nothing is written.
    """
    require(actor, "triage")
    row = Group.objects.select_for_update().get(pk=group.pk)
    if row.state not in OPEN:
        raise Refused(f"{row} does not wait any more.", hint="Only what waits or sleeps is weighed again.")
    signal = signal_of(row)
    if signal is None:
        raise Refused(f"{row} has no alert.", hint="There is nothing to weigh.")
    [(severity, reasons)] = weigh([signal], but=[row.pk])
    values: dict[str, Any] = {"suggested_severity": severity, "reasons": msgspec.to_builtins(reasons)}
    before = row.suggested_severity
    if all(getattr(row, name) == value for name, value in values.items()):
        Group.objects.filter(pk=row.pk).update(weighed_at=timezone.now())
        return row
    if severity < (before or 5):
        values["answer_by"] = min(filter(None, (row.answer_by, answer_by(severity, timezone.now()))))
        values |= AWAKE if row.state == "snoozed" else {}
    values["weighed_at"] = timezone.now()
    Group.objects.filter(pk=row.pk).update(**values, version=F("version") + 1)
    ledger.append(
        ORGANISATION, actor=actor, verb="group.suggest", obj=str(row),
        data={"before": before, "severity": severity, "reasons": values["reasons"], "rule_set": RULE_SET},
    )  # fmt: skip
    row.refresh_from_db()
    return row


def signal_of(group: Group) -> Signal | None:
    """The group as one signal: its gravest alert, seen as late as any, naming all that any of them names."""
    alert = Alert.objects.filter(group=group).order_by("-score", "-pk").first()
    if alert is None:
        return None
    newest = Alert.objects.filter(group=group, last_seen_at__isnull=False).order_by("-last_seen_at").first()
    observables = [Named(kind, value) for kind, value in group.observables.values_list("kind", "value")]  # type: ignore[arg-type]
    same = (
        "key", "title", "kind", "score", "account", "region", "instance_id", "resource_role", "remote_address", "principal",
        "sample", "archived", "first_seen_at",
    )  # fmt: skip
    return Signal(
        **{name: getattr(alert, name) for name in same}, observables=tuple(observables),
        last_seen_at=newest.last_seen_at if newest else None,
    )  # fmt: skip
