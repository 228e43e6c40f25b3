"""One item on the evidence page: its record, its custody line, who is to answer, and how long it stays."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from hikeshi.desk.evidence import keeping, line, place, reads, record, transfers
from hikeshi.desk.evidence.models import Item
from hikeshi.doors.console import item_record
from hikeshi.doors.console.visit import actor


def card(request: HttpRequest, item: Item | None, failed: str = "") -> dict[str, Any]:
    """What the page shows of an item. `failed` names the act that was refused: its form shows again what was typed."""
    typed = request.POST if failed else {}
    adding = item_record.form(None, typed if failed == "add" else {})
    if item is None:
        return {"add_fields": adding, "failed": failed}
    transfers.settle(item)
    who = actor(request)
    reads.looked_at(item, actor=who)
    offer = transfers.open_offer(item)
    return {
        "add_fields": adding, "failed": failed, "line": line.events(item), "offer": offer, "mine": offer is not None and offer.receiver == who.name,
        "record": item_record.said(item), "record_form": item_record.form(item, typed if failed == "describe" else {}),
        "record_version": record.version(item), "holds": keeping.holds_on(item), "today": timezone.localdate(),
        "asked": item.disposals.filter(state="asked").first(), "me_name": who.name, "kept": place.kept(item),
    }  # fmt: skip
