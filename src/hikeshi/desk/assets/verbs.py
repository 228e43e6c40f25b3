"""What may be done to the asset register. Whoever judges alerts may correct it; every change is in the organisation's ledger."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.assets.register import WIDEST, is_network, normal
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Conflict, Refused

DATA: Final = ("credentials", "health", "payment", "personal", "secret")
"""What data an asset can hold, as far as it counts for the severity."""
FIELDS: Final = ("name", "kind", "owner_name", "criticality", "environment", "data", "account", "tags")
"""What people and imports may set; the owner as a contact follows from `owner_name`."""


@transaction.atomic
def add(identifier: str, *, actor: Actor, source: str = "by hand", **values: Any) -> Asset:
    """Put an asset on the register. `values` are of `FIELDS`. Raises `Refused` where it is there already."""
    require(actor, "triage")
    row = Asset(identifier=checked(identifier), source=source, updated_at=timezone.now(), **_known(values))
    if Asset.objects.filter(identifier=row.identifier).exists():
        raise Refused(f"{row.identifier} is on the register already.", hint="Change it, or import with a new value.")
    settle_owner(row, contacts())
    row.full_clean()
    row.save()
    ledger.append(ORGANISATION, actor=actor, verb="asset.add", obj=row.identifier, data=said(row))
    return row


@transaction.atomic
def change(asset: Asset, *, actor: Actor, seen: datetime | None = None, **values: Any) -> Asset:
    """Set `values` of `FIELDS`. `seen` is the `updated_at` the writer saw: raises `Conflict` where it was changed since.

    An asset that was retired is in use again by this.
    """
    require(actor, "triage")
    row = Asset.objects.select_for_update().get(pk=asset.pk)
    if seen is not None and row.updated_at != seen:
        raise Conflict(
            f"{row.identifier} was changed by somebody else meanwhile.", current=str(said(row)),
            hint="Look at it again; nothing of yours was written.",
        )  # fmt: skip
    before = said(row)
    for name, value in _known(values).items():
        setattr(row, name, value)
    row.retired_at, row.updated_at = None, timezone.now()
    settle_owner(row, contacts())
    row.full_clean()
    row.save()
    ledger.append(
        ORGANISATION, actor=actor, verb="asset.change", obj=row.identifier, data={"before": before, "after": said(row)}
    )
    return row


@transaction.atomic
def retire(asset: Asset, *, actor: Actor, reason: str) -> Asset:
    """It is no longer in use. Its row stays, because alerts and incidents of the past speak of it."""
    require(actor, "triage")
    if not reason.strip():
        raise Refused("Retiring an asset needs a reason.", hint="Say in one sentence what became of it.")
    row = Asset.objects.select_for_update().get(pk=asset.pk)
    if row.retired_at is not None:
        raise Refused(f"{row.identifier} is retired already.", hint="Changing it puts it to use again.")
    row.retired_at = row.updated_at = timezone.now()
    row.save(update_fields=["retired_at", "updated_at"])
    ledger.append(ORGANISATION, actor=actor, verb="asset.retire", obj=row.identifier, data={"reason": reason.strip()})
    return row


def checked(identifier: str) -> str:
    """The identifier as it is kept. Raises `Refused` for one that would match what is not ours."""
    name = normal(identifier)
    if not name or len(name) > 300 or any(ord(letter) < 32 for letter in name):
        raise Refused("An asset needs an identifier of at most 300 characters.", hint="It is what alerts call it.")
    if is_network(name):
        network = ipaddress.ip_network(name)
        if network.prefixlen < WIDEST[network.version]:
            raise Refused(
                f"{name} is too wide: it would make strangers' addresses ours.",
                hint=f"Use a network of at least /{WIDEST[network.version]}.",
            )
    return name


def contacts() -> dict[str, Contact]:
    """The contact list by name and by mail address, in lower case."""
    rows = list(Contact.objects.order_by("-level", "-pk"))  # the one reached first stays
    return {row.email.lower(): row for row in rows if row.email} | {row.name.lower(): row for row in rows}


def settle_owner(row: Asset, known: dict[str, Contact]) -> None:
    """The owner as a contact, where the name or mail address of the source is on the contact list."""
    row.owner = known.get(row.owner_name.strip().lower())


def said(row: Asset) -> dict[str, Any]:
    """What the register says of it, as the ledger keeps it. Tags are counted only: they can hold anything."""
    return {name: getattr(row, name) for name in FIELDS if name != "tags"} | {"tags": len(row.tags)}


def _known(values: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(values.keys() - set(FIELDS))
    if unknown:
        raise Refused(f"An asset has no {unknown[0]!r}.", hint=f"Known: {', '.join(FIELDS)}.")
    if "data" in values:
        values = values | {"data": data_words(values["data"])}
    return values


def data_words(words: Iterable[str]) -> list[str]:
    """Words of `DATA`, sorted. Raises `Refused` for any other."""
    found = sorted({word.strip().lower() for word in words if word.strip()})
    wrong = [word for word in found if word not in DATA]
    if wrong:
        raise Refused(f"{wrong[0][:40]!r} is not a kind of data.", hint=f"Use {', '.join(DATA)}.")
    return found
