"""Folding many new alerts into their groups at once. Called inside the verb that receives, which lets one process in at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from hikeshi.desk.alerts import suppressing, worse
from hikeshi.desk.alerts.groups import INTAKE, OPEN, answer_by, root, worsen
from hikeshi.desk.alerts.models import Alert, Group, Observable, Suppression
from hikeshi.desk.bulk import insert_many, insert_missing
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.signals.signal import Observable as Named, Signal

WINDOW = timedelta(hours=24)
"""A new alert joins a group of its cause when the group's newest alert is not older than this, or the group is snoozed."""

STORM = 20
"""Alerts in a group after which further ones are looked at for standing orders together, and no longer each at once."""
CALM = 2.0
"""Seconds from one such look to the next."""

LEAST = 4
"""The severity that nothing can be below."""


class Tally:
    """What alerts add to a group that is there already: their numbers, and the gravest of them."""

    def __init__(self) -> None:
        self.size = self.times_seen = 0
        self.score, self.severity = 0.0, LEAST
        self.reasons: Any = []

    def add(self, alert: Alert, size: int, times_seen: int) -> None:
        self.size, self.times_seen = self.size + size, self.times_seen + times_seen
        severity = alert.suggested_severity or LEAST
        if severity < self.severity or not self.reasons:
            self.severity, self.reasons = severity, alert.reasons
        self.score = max(self.score, alert.score)


def locked(causes: Collection[str], again: Iterable[Alert]) -> list[Group]:
    """The groups that alerts of these causes join, and those of known alerts; in the order of their numbers until the transaction ends."""
    wanted = Q(fingerprint__in=causes, joinable=True)
    if known := {alert.group_id for alert in again}:
        wanted |= Q(pk__in=known)
    return list(Group.objects.select_for_update().filter(wanted).order_by("pk"))


def join_all(
    new: Sequence[tuple[Alert, Signal]], again: Iterable[tuple[Alert, Signal]], groups: Iterable[Group], *, now: datetime
) -> None:  # fmt: skip
    """Give each new alert its group, opened where there is none, and count the new ones and the updates of known ones.

    `groups` are those that are there, `locked`. One statement each for opening and counting, however many alerts there are. A group that
    gets a worse alert is as grave from then on, and to be answered sooner.
    """
    updated = list(again)
    there = {group.pk: group for group in groups}
    fold = Fold(there.values(), now)
    places = [(alert, signal, fold.place(alert, signal)) for alert, signal in new]
    together = datetime.fromtimestamp((now.timestamp() // CALM + 1) * CALM, UTC)
    fold.write()
    tallies: defaultdict[int, Tally] = defaultdict(Tally)
    for alert, _, group in places:
        alert.group = group
        if group.pk in there:
            if alert.due_at is not None and group.size > STORM:
                alert.due_at = together
            tallies[group.pk].add(alert, 1, alert.times_seen)
    for alert, _ in updated:
        tallies[alert.group_id].add(alert, 0, 1)
    named = _named(
        [(signal, group.pk) for _, signal, group in places] + [(one, alert.group_id) for alert, one in updated]
    )
    added = worse.added([group for group in there.values() if group.state not in OPEN], named)
    _count(tallies, now)
    _name(named, now)
    for pk, tally in sorted(tallies.items()):
        top = root(there[pk])
        if top.state in OPEN:
            worsen(there[pk], tally.score, tally.severity, tally.reasons, now)
        else:
            worse.again(top, tally.score, tally.severity, tally.reasons, added.get(pk, ()), now)


class Fold:
    """Which group each of many alerts belongs to, worked out in memory and then written."""

    def __init__(self, groups: Iterable[Group], now: datetime) -> None:
        self.now = now
        self.open = {group.fingerprint: group for group in groups if group.joinable}
        self.closed: list[int] = []
        self.opened: list[Group] = []
        self.suppressions: list[Suppression] | None = None

    def place(self, alert: Alert, signal: Signal) -> Group:
        """The group that still takes alerts of this cause; one that does not is closed, and another one opened."""
        cause, severity = signal.fingerprint, alert.suggested_severity or LEAST
        group = self.open.get(cause)
        if group is not None and not self._takes(group, alert, signal, severity):
            group.joinable = False
            if group.pk:
                self.closed.append(group.pk)
            group = None
        if group is None:
            group = self.open[cause] = self._open(alert, signal, severity)
            self.opened.append(group)
        if not group.pk:
            _add(group, alert, severity, self.now)
        return group

    def _takes(self, group: Group, alert: Alert, signal: Signal, severity: int) -> bool:
        if group.last_at < self.now - WINDOW and group.state != "snoozed":
            return False
        hidden = group.state == "suppressed"
        return not hidden or suppressing.holds(group.suppression, signal, alert.source, severity, self.now)

    def _open(self, alert: Alert, signal: Signal, severity: int) -> Group:
        """A group of one cause, as its first alert says it, not saved yet."""
        if self.suppressions is None:
            self.suppressions = list(suppressing.active().order_by("pk"))
        holding = (one for one in self.suppressions if suppressing.holds(one, signal, alert.source, severity, self.now))
        hidden_by = next(holding, None)
        return Group(
            fingerprint=signal.fingerprint, source=alert.source, title=alert.title, kind=alert.kind, account=alert.account,
            simulated=alert.simulated, first_at=self.now, last_at=self.now, suggested_severity=severity, weighed_at=self.now,
            reasons=alert.reasons, answer_by=answer_by(severity, self.now),
            state="suppressed" if hidden_by else "waiting", suppression=hidden_by,
        )  # fmt: skip

    def write(self) -> None:
        if self.closed:
            Group.objects.filter(pk__in=self.closed).update(joinable=False)
        insert_many(self.opened)
        hidden = [group for group in self.opened if group.suppression_id is not None]
        if hidden:
            ledger.append_many(ORGANISATION, [_draft(group) for group in hidden], actor=INTAKE)


def _add(group: Group, alert: Alert, severity: int, now: datetime) -> None:
    """Count an alert in a group that is not saved yet, and make the group as grave as its gravest alert."""
    group.size, group.times_seen = group.size + 1, group.times_seen + alert.times_seen
    group.score = max(group.score, alert.score)
    if severity < (group.suggested_severity or LEAST):
        group.suggested_severity, group.reasons, group.answer_by = severity, alert.reasons, answer_by(severity, now)


def _draft(group: Group) -> ledger.Draft:
    data = {"suppression": str(group.suppression), "title": group.title, "severity": group.suggested_severity}
    return ledger.Draft("group.suppress", str(group), data)


def _count(tallies: Mapping[int, Tally], now: datetime) -> None:
    """Count up what is there. Past the models: one statement for all, where theirs would be built anew for every number of groups."""
    at = connection.ops.adapt_datetimefield_value(now)
    update = (
        f"UPDATE {Group._meta.db_table} SET size = size + %s, times_seen = times_seen + %s, last_at = %s WHERE id = %s"  # noqa: S608 - our names
    )
    if tallies:
        with connection.cursor() as cursor:
            cursor.executemany(update, [(one.size, one.times_seen, at, pk) for pk, one in sorted(tallies.items())])


def _named(places: Iterable[tuple[Signal, int]]) -> dict[int, set[Named]]:
    named: defaultdict[int, set[Named]] = defaultdict(set)
    for signal, pk in places:
        named[pk].update(signal.observables)
    return named


def _name(named: Mapping[int, set[Named]], now: datetime) -> None:
    """Write down what the alerts name, unless their group has it already."""
    rows = [(pk, kind, value, now) for pk, some in sorted(named.items()) for kind, value in sorted(some)]
    insert_missing(Observable, ("group", "kind", "value", "first_at"), rows)
