"""Many assets at once: what would change, and changing it. The rows come from a file or from the cloud, read before any transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.assets.csv_rows import Bad, Row
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.assets.verbs import FIELDS, contacts, settle_owner
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION

PIECE: Final = 500
"""Rows per question to the database."""
NAMED: Final = 200
"""Identifiers the ledger names of one import; all are counted."""


class Change(NamedTuple):
    """One asset as it would be written. `fields` are what differs; empty: nothing does. `new`: it is not on the register yet."""

    line: int
    asset: Asset
    fields: tuple[str, ...]
    new: bool


class Preview(NamedTuple):
    """What an import would do. Every row is in exactly one of the four."""

    new: list[Change]
    changed: list[Change]
    unchanged: list[Change]
    bad: list[Bad]


def preview(rows: Iterable[Row | Bad], *, actor: Actor, source: str) -> Preview:
    """What these rows would change. Nothing is written. A retired asset that is named again comes back to use."""
    require(actor, "triage")
    rows = list(rows)
    good = [row for row in rows if isinstance(row, Row)]
    found, people, now = _present([row.identifier for row in good]), contacts(), timezone.now()
    shown = Preview([], [], [], [row for row in rows if isinstance(row, Bad)])
    for row in good:
        one = _change(row, found.get(row.identifier), people, source)
        if one.new or one.fields:
            one.asset.updated_at = now
        (shown.new if one.new else shown.changed if one.fields else shown.unchanged).append(one)
    return shown


@transaction.atomic
def take_in(rows: Iterable[Row | Bad], *, actor: Actor, source: str, file_sha256: str = "") -> Preview:
    """Write what `preview` shows, all of it or nothing; rows that cannot be read are counted and left out.

    `file_sha256` names the file in the ledger.
    """
    done = preview(rows, actor=actor, source=source)
    Asset.objects.bulk_create([one.asset for one in done.new], batch_size=PIECE)
    columns = [*FIELDS, "owner", "source", "updated_at", "retired_at"]
    Asset.objects.bulk_update([one.asset for one in done.changed], columns, batch_size=PIECE)
    named = [one.asset.identifier for one in (*done.new, *done.changed)]
    ledger.append(
        ORGANISATION, actor=actor, verb="asset.import", obj=source,
        data={
            "new": len(done.new), "changed": len(done.changed), "unchanged": len(done.unchanged), "bad": len(done.bad),
            "file_sha256": file_sha256, "named": named[:NAMED],
        },
    )  # fmt: skip
    return done


def _present(identifiers: list[str]) -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for start in range(0, len(identifiers), PIECE):
        piece = identifiers[start : start + PIECE]
        found |= {row.identifier: row for row in Asset.objects.filter(identifier__in=piece).select_related("owner")}
    return found


def _change(row: Row, there: Asset | None, people: dict[str, Contact], source: str) -> Change:
    asset = there or Asset(identifier=row.identifier)
    fields = tuple(sorted(name for name, value in row.values.items() if getattr(asset, name) != value))
    for name in fields:
        setattr(asset, name, row.values[name])
    if there is not None and there.retired_at is not None:
        asset.retired_at, fields = None, (*fields, "retired_at")
    if there is None or fields:
        asset.source = source
        settle_owner(asset, people)
    return Change(row.line, asset, fields, new=there is None)
