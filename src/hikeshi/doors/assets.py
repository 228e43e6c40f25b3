"""Assets as plain data, and imports of them, the same for every door."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from typing_extensions import TypedDict

from hikeshi.aws.reach import Reach
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.assets import aws_rows, csv_rows
from hikeshi.desk.assets.aws_rows import TagKeys
from hikeshi.desk.assets.csv_rows import Bad, Row
from hikeshi.desk.assets.imports import Change, Preview
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.assets.register import normal
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.sight import visible
from hikeshi.doors.find import NotThere
from hikeshi.doors.shapes import Both

SHOWN = 200
"""Rows of each kind that a preview shows; all are counted."""


class AssetShape(TypedDict):
    """`criticality` is 1 (vital) to 4 (low); `contact` is the owner's name on the contact list, where it is there."""

    identifier: str
    name: str
    kind: str
    owner: str
    contact: str | None
    criticality: int
    environment: str
    data: list[str]
    account: str
    tags: dict[str, str]
    source: str
    updated_at: datetime
    retired_at: datetime | None


class AssetDetail(AssetShape):
    """With the open groups and the incidents that name it, as far as the reader may see them."""

    groups: list[str]
    incidents: list[str]


class BadShape(TypedDict):
    """A row that was left out, by its line in the file (for AWS: by its place in the list)."""

    at_line: int
    reason: Both


class ImportShape(TypedDict):
    """`new`, `changed` and `same` count the rows understood; `changes` shows the first of those that change something."""

    written: bool
    encoding: str
    new: int
    changed: int
    same: int
    bad: list[BadShape]
    left_out: list[str]
    changes: list[dict[str, Any]]


def shape(row: Asset) -> AssetShape:
    return {
        "identifier": row.identifier, "name": row.name, "kind": row.kind, "owner": row.owner_name,
        "contact": row.owner.name if row.owner else None, "criticality": row.criticality, "environment": row.environment,
        "data": row.data, "account": row.account, "tags": row.tags, "source": row.source, "updated_at": row.updated_at,
        "retired_at": row.retired_at,
    }  # fmt: skip


def detail(row: Asset, actor: Actor) -> AssetDetail:
    groups, found = [str(one) for one in groups_of(row)], [one.name for one in incidents_of(row, actor)]
    return {**shape(row), "groups": groups, "incidents": found}


def rows_of(actor: Actor, search: str = "", *, retired: bool = False) -> QuerySet[Asset]:
    """The register, or what bears `search` in its identifier, name, owner or account."""
    require(actor, "triage")
    rows = Asset.objects.filter(retired_at__isnull=not retired).select_related("owner")
    if words := search.strip().replace("\x00", ""):
        named = Q(identifier__icontains=words) | Q(name__icontains=words) | Q(owner_name__icontains=words)
        rows = rows.filter(named | Q(account=words))
    return rows


def named(actor: Actor, identifier: str) -> Asset:
    """One asset by its identifier, as anybody would write it. Raises `NotThere`."""
    require(actor, "triage")
    found = Asset.objects.filter(identifier=normal(identifier.replace("\x00", ""))).select_related("owner").first()
    if found is None:
        raise NotThere(f"There is no asset {identifier[:80]!r} on the register.", hint="`hikeshi asset list` shows it.")
    return found


def groups_of(row: Asset) -> QuerySet[Group]:
    """The groups that wait for a person and name it."""
    open_ones = Group.objects.filter(state__in=("waiting", "snoozed"))
    return open_ones.filter(observables__value__iexact=row.identifier).distinct()


def incidents_of(row: Asset, actor: Actor) -> QuerySet[Incident]:
    """The incidents this reader may see in which it is affected, or whose alerts name it."""
    naming = Q(assets__identifier=row.identifier) | Q(alerts__group__observables__value__iexact=row.identifier)
    return visible(actor).filter(naming).distinct().order_by("-declared_at")


def csv_table(content: bytes, source: str) -> tuple[csv_rows.Table, str]:
    """The rows of a file, and its SHA-256."""
    return csv_rows.read(content, source), hashlib.sha256(content).hexdigest()


def cloud_rows(region: str, keys: TagKeys) -> list[Row | Bad]:
    """The rows of the AWS account that Hikeshi is set up for."""
    environment = settings.ENVIRONMENT
    reach = Reach(region=region or environment.aws_region, endpoint_url=environment.aws_endpoint_url or None)
    return aws_rows.read(reach, keys)


def import_shape(shown: Preview, table: csv_rows.Table | None, *, written: bool) -> ImportShape:
    return {
        "written": written, "encoding": table.encoding if table else "", "new": len(shown.new), "changed": len(shown.changed),
        "same": len(shown.unchanged),
        "bad": [{"at_line": one.line, "reason": {"en": one.reason.en, "ja": one.reason.ja}} for one in shown.bad],
        "left_out": table.left_out if table else [],
        "changes": [_change(one) for one in (*shown.new[:SHOWN], *shown.changed[:SHOWN])],
    }  # fmt: skip


def _change(one: Change) -> dict[str, Any]:
    return {"at_line": one.line, "identifier": one.asset.identifier, "is_new": one.new, "fields": list(one.fields)}
