"""Custody as plain data, the same for the API and for `--json` on the command line; declared once, as in `shapes.py`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from typing_extensions import TypedDict

from hikeshi.desk.evidence import line, record, verbs
from hikeshi.desk.evidence.gaps import Gap
from hikeshi.desk.evidence.models import Disposal, Hold, Item, Transfer
from hikeshi.doors import shapes


class CustodyShape(TypedDict):
    """One custody event. Hashes are SHA-256 in hex, empty where none was taken. `state`: done, unanswered or bad."""

    seq: int
    hash: str
    verb: str
    text: shapes.Both
    actor: str
    door: str
    counterparty: str
    occurred_at: datetime
    recorded_at: datetime
    time_source: str
    place: str
    purpose: str
    tool: str
    reason: str
    hash_before: str
    hash_after: str
    state: str


class TransferShape(TypedDict):
    """One hand-over. `paper` is the item that holds the scan of the signed sheet."""

    transfer: int
    giver: str
    receiver: str
    receiver_email: str
    purpose: str
    place: str
    means: str
    state: str
    offered_at: datetime
    expires_at: datetime | None
    answered_at: datetime | None
    answered_by: str
    reason: str
    hash_before: str
    hash_after: str
    paper: str


class OfferShape(TransferShape):
    """The offer just made. `link` is where the receiver answers, shown this once: its secret is not kept."""

    link: str


class HoldShape(TypedDict):
    """One legal hold; `lifted_at` is null while it stands."""

    hold: int
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str
    lifted_at: datetime | None
    lift_reason: str


class DisposalShape(TypedDict):
    """The end of an item: asked, refused or done."""

    method: str
    reason: str
    asked_by: str
    asked_at: datetime
    state: str
    answered_by: str
    answered_at: datetime | None
    answer_reason: str


class ItemDetail(shapes.ItemShape):
    """The item with what hangs on it. `version` goes back with a description, so that nobody's text is overwritten unseen.

    `custody` is the ledger's own entries, `line` the same as custody events: who, to whom, where, why, both times, both hashes.
    """

    version: int
    custody: list[shapes.EntryShape]
    line: list[CustodyShape]
    transfers: list[TransferShape]
    holds: list[HoldShape]
    disposals: list[DisposalShape]


class GapShape(TypedDict):
    """One gap in the evidence; `item` is its number, or what was to be collected."""

    item: str
    kind: str
    text: shapes.Both
    todo: shapes.Both


def detail(item: Item) -> ItemDetail:
    return {
        **shapes.item(item),
        "version": record.version(item),
        "custody": [shapes.entry(entry) for entry in verbs.custody(item)],
        "line": [event(one) for one in line.events(item)],
        "transfers": [transfer(one) for one in item.transfers.select_related("paper")],
        "holds": [hold(one) for one in item.holds.all()],
        "disposals": [disposal(one) for one in item.disposals.all()],
    }


def event(one: line.Event) -> CustodyShape:
    shape: CustodyShape = asdict(one) | {"text": {"en": one.text.en, "ja": one.text.ja}}  # type: ignore[assignment]
    return shape


def transfer(row: Transfer) -> TransferShape:
    more = {"transfer": row.pk, "paper": row.paper.name if row.paper else ""}
    shape: TransferShape = _same(row, TransferShape) | more
    return shape


def offered(row: Transfer, secret: str) -> OfferShape:
    return {**transfer(row), "link": link(secret)}


def link(secret: str) -> str:
    """Where the receiver answers; empty where there is no link, because they sign on paper."""
    return f"{settings.ENVIRONMENT.public_url}/handover/{secret}/" if secret else ""


def hold(row: Hold) -> HoldShape:
    shape: HoldShape = _same(row, HoldShape) | {"hold": row.pk}
    return shape


def disposal(row: Disposal) -> DisposalShape:
    shape: DisposalShape = _same(row, DisposalShape)
    return shape


def gap(one: Gap) -> GapShape:
    return {
        "item": one.item, "kind": one.kind, "text": {"en": one.text.en, "ja": one.text.ja},
        "todo": {"en": one.todo.en, "ja": one.todo.ja},
    }  # fmt: skip


def _same(row: Any, shape: Any) -> Any:
    return {name: getattr(row, name) for name in shape.__annotations__ if name in row.__dict__}
