"""What monitoring asks: how the evidence and the record stand, as numbers in the text format of Prometheus.

Counts over everything, no names: but how much there is, is itself for those who may read everything.
Format: "Exposition formats" in the documentation of Prometheus, text format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import Count, F, Max, Min, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence.models import CHECK_RESULTS, Item, Planned, Transfer
from hikeshi.desk.ledger import rounds
from hikeshi.desk.ledger.models import ANCHOR_STATES, Chain, Copy, Stamp

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metric(NamedTuple):
    """One gauge. `values` are by the value of `label`; without a label there is one, under the empty word."""

    name: str
    help: str
    values: dict[str, float]
    label: str = ""


def metrics(actor: Actor) -> list[Metric]:
    """All of them, as they are now. Raises `Refused` for who may not read everything."""
    require(actor, "read")
    return [*_evidence(), *_ledger()]


def text(found: list[Metric]) -> str:
    """The lines that Prometheus reads."""
    return "".join(line + "\n" for metric in found for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} gauge"
    for value, number in metric.values.items():
        where = f'{{{metric.label}="{value}"}}' if metric.label else ""
        yield f"{metric.name}{where} {number}"


def _one(name: str, what: str, number: float) -> Metric:
    return Metric(name, what, {"": number})


def _by(
    name: str,
    what: str,
    rows: QuerySet[Item] | QuerySet[Stamp] | QuerySet[Copy] | QuerySet[Planned],
    label: str,
    all_values: list[str],
) -> Metric:
    """Rows counted by a field; a value that none has is 0, so that an alarm on it can work."""
    counted = dict(rows.order_by().values_list(label).annotate(Count("pk")))
    return Metric(name, what, {value or "none": counted.get(value, 0) for value in all_values}, label)


def _evidence() -> Iterator[Metric]:
    held, now = Item.objects.filter(disposed_at=None), timezone.now()
    results = ["", *(name for name, _ in CHECK_RESULTS)]
    yield _by(
        "hikeshi_evidence_items", "Evidence held, by the result of its last check.", held, "check_result", results
    )
    oldest = held.aggregate(at=Min(Coalesce("checked_at", "sealed_at")))["at"]
    yield _one(
        "hikeshi_evidence_oldest_check_seconds",
        "Age of the oldest last check, or sealing where there was none.",
        _age(oldest),
    )
    yield _one(
        "hikeshi_evidence_checks_due", "Items whose check is due and not yet made.", held.filter(due_at__lt=now).count()
    )
    yield _one(
        "hikeshi_transfers_open",
        "Hand-overs offered and not answered.",
        Transfer.objects.filter(state="offered").count(),
    )
    states = [name for name, _ in Planned.STATES]
    yield _by("hikeshi_planned_evidence", "Lines of evidence plans by state.", Planned.objects.all(), "state", states)


def _ledger() -> Iterator[Metric]:
    entries = Chain.objects.aggregate(n=Sum("head_seq"))["n"] or 0
    signed = Chain.objects.annotate(signed=Coalesce(Max("checkpoints__size"), 0))
    unsigned = sum(signed.annotate(left=F("head_seq") - F("signed")).values_list("left", flat=True))
    yield _one("hikeshi_ledger_entries", "Entries of all chains.", entries)
    yield _one("hikeshi_ledger_entries_unsigned", "Entries that no signed checkpoint covers yet.", unsigned)
    last = rounds.last()
    yield _one(
        "hikeshi_ledger_round_seconds",
        "Age of the last round through all chains; -1 before the first.",
        _age(last.checked_at) if last and last.checked_at else -1,
    )
    yield _one(
        "hikeshi_ledger_damaged_places", "Damaged places that the last round found.", last.problems if last else 0
    )
    states = [name for name, _ in ANCHOR_STATES]
    yield _by("hikeshi_stamps", "Time stamps of checkpoints by state.", Stamp.objects.all(), "state", states)
    yield _by("hikeshi_copies", "Copies of checkpoints outside, by state.", Copy.objects.all(), "state", states)


def _age(at: datetime | None) -> float:
    return max(0.0, (timezone.now() - at).total_seconds()) if at else 0.0
