"""The chain-of-custody form of items: one page tree for the screen, for paper and for PDF, in English or Japanese.

Everything on it comes from the record as it is now: the item's own fields, its custody line, its hand-overs, its gaps, and the head of
the ledger with what anchors it outside. Rows for signatures by hand are blank. Text of others is escaped by the template.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _, override

from hikeshi import __version__
from hikeshi.desk.evidence.gaps import Gap, gaps
from hikeshi.desk.evidence.line import Event, events
from hikeshi.desk.evidence.models import Item, Transfer
from hikeshi.desk.evidence.notes import OURS
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Chain, Checkpoint
from hikeshi.text import Text

BLANK_ROWS: Final = 4
"""For hand-overs on paper, each with both signatures."""

STYLE: Final = Path(__file__).parent / "static" / "evidence" / "form.css"
NOT_SAID: Final = "–"


class Fact(NamedTuple):
    """One line of the form. `exact` is set in a face in which no two characters look alike."""

    label: str
    value: str
    exact: bool = False


class Part(NamedTuple):
    """Facts under one heading."""

    heading: str
    facts: list[Fact]


def html(
    incident: Incident,
    items: Sequence[Item],
    language: str,
    *,
    printed_by: str,
    stands_alone: bool = True,
    pdf: str = "",
) -> str:
    """The whole document. `stands_alone`: the style is inside; otherwise it is linked, as the console's policy wants it.

    `pdf` is the address of the same form as PDF, for the screen.
    """
    now = timezone.now()
    with override(language):
        context = {
            "incident": incident, "language": language, "sheets": [_sheet(item, language) for item in items],
            "blank": range(BLANK_ROWS), "gaps": _gaps(incident, items, language), "anchor": _anchor(incident),
            "printed": moment(now), "printed_by": printed_by, "version": __version__, "pdf": pdf,
            "css": STYLE.read_text(encoding="utf-8") if stands_alone else "",
        }  # fmt: skip
        return render_to_string("evidence/form.html", context)


def moment(at: datetime | None) -> str:
    """A moment in the zone of the installation and in UTC, to the second."""
    if at is None:
        return NOT_SAID
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S %Z} ({at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _sheet(item: Item, language: str) -> dict[str, Any]:
    return {
        "item": item, "parts": list(_parts(item)), "line": [_line(event, language) for event in events(item)],
        "transfers": [_transfer(row) for row in item.transfers.all()],
    }  # fmt: skip


def _parts(item: Item) -> Iterator[Part]:
    yield Part(_("What it is"), [*_what(item)])
    yield Part(_("Where it was"), [*_where(item)])
    yield Part(_("How it was collected"), [*_how(item)])
    yield Part(_("Size and hashes"), [*_hashes(item)])
    yield Part(_("Keeping"), [*_keeping(item)])


def _what(item: Item) -> Iterator[Fact]:
    yield Fact(_("Item"), item.name, exact=True)
    yield Fact(_("Incident"), item.incident.name, exact=True)
    yield Fact(_("Kind"), item.get_kind_display())
    yield Fact(_("Title"), item.title)
    yield Fact(_("Description"), item.description)


def _where(item: Item) -> Iterator[Fact]:
    yield Fact(_("Source"), item.source, exact=True)
    yield Fact(_("System (asset, serial number, ARN)"), item.system, exact=True)
    yield Fact(_("Account and region"), " ".join(filter(None, (item.account, item.region))), exact=True)
    yield Fact(_("Location"), item.location)
    yield Fact(_("Owner"), item.owner)


def _how(item: Item) -> Iterator[Fact]:
    yield Fact(_("Authority to collect"), item.authority)
    yield Fact(_("Collected by"), item.collector)
    yield Fact(_("Witness"), item.witness)
    yield Fact(_("Method"), item.method)
    yield Fact(_("Tool and version"), " ".join(filter(None, (item.tool, item.tool_version))))
    yield Fact(_("Command"), item.command, exact=True)
    yield Fact(_("Collection began"), moment(item.began_at))
    yield Fact(_("Collection ended"), moment(item.ended_at))
    yield Fact(_("Clock and its offset"), _clock(item))
    yield Fact(_("Sealed"), f"{moment(item.sealed_at)}, {item.sealed_by}")


def _clock(item: Item) -> str:
    if item.clock_offset_us is None:
        return item.clock_source
    return f"{item.clock_source} {item.clock_offset_us / 1_000_000:+.6f} s".strip()


def _hashes(item: Item) -> Iterator[Fact]:
    size = _("%(n)s bytes") % {"n": f"{item.size:,}"}
    yield Fact(_("Size"), size + (_(" in %(n)s files") % {"n": f"{item.files:,}"} if item.files else ""))
    yield Fact(_("SHA-256 of the manifest") if item.files else "SHA-256", item.sha256, exact=True)
    yield Fact("SHA-512", item.sha512, exact=True)
    yield Fact("BLAKE3", item.blake3, exact=True)
    recorded = " ".join(f"{name}={value}" for name, value in item.recorded_hashes.items())
    yield Fact(_("Container, hashes as it records them"), f"{item.container} {recorded}".strip(), exact=True)
    checked = f"{item.get_check_result_display()}, {moment(item.checked_at)}" if item.check_result else _("not yet")
    yield Fact(_("Last verification"), checked)


def _keeping(item: Item) -> Iterator[Fact]:
    holds = [
        f"{hold.reason} ({hold.placed_by}, {moment(hold.placed_at)})" for hold in item.holds.filter(lifted_at=None)
    ]
    yield Fact(_("Holder"), item.held_by or _("evidence locker"))
    yield Fact(_("Held at"), item.held_at or _("evidence locker"), exact=bool(item.held_at))
    yield Fact(_("Seal or object lock"), item.lock_proof, exact=True)
    yield Fact(_("Sensitivity"), item.get_sensitivity_display())
    yield Fact("TLP", item.get_tlp_display())
    yield Fact(_("Legal hold"), "; ".join(holds) or _("none"))
    yield Fact(_("Keep until"), item.retain_until.isoformat() if item.retain_until else "")
    yield Fact(_("Disposal"), "; ".join(_disposals(item)) or _("none"))


def _disposals(item: Item) -> Iterator[str]:
    for row in item.disposals.all():
        answer = f"; {row.answered_by}, {moment(row.answered_at)}" if row.answered_at else ""
        yield f"{row.get_state_display()}: {row.method}, {row.reason} ({row.asked_by}, {moment(row.asked_at)}{answer})"


def _line(event: Event, language: str) -> dict[str, Any]:
    details = (
        (_("Other side"), event.counterparty), (_("Purpose"), event.purpose), (_("Place"), event.place), (_("Tool"), event.tool),
        (_("Reason"), event.reason), (_("Clock"), _("clock of this server") if event.time_source == OURS else event.time_source),
    )  # fmt: skip
    return {
        "event": event, "text": _said(event.text, language), "occurred": moment(event.occurred_at),
        "recorded": moment(event.recorded_at), "details": [Fact(*one) for one in details if one[1]],
    }  # fmt: skip


def _transfer(row: Transfer) -> dict[str, Any]:
    return {"row": row, "offered": moment(row.offered_at), "answered": moment(row.answered_at)}


def _gaps(incident: Incident, items: Sequence[Item], language: str) -> list[dict[str, str]]:
    """The gaps of these items, and what was not collected at all."""
    names = {item.name for item in items}
    shown: list[Gap] = [gap for gap in gaps(incident) if gap.item in names or gap.kind == "not-collected"]
    return [{"item": gap.item, "text": _said(gap.text, language), "todo": _said(gap.todo, language)} for gap in shown]


def _anchor(incident: Incident) -> dict[str, Any]:
    """The head of the ledger as printed, and what the outside world holds of it: without these a page proves little."""
    chain = Chain.objects.get(name=incident.name)
    checkpoint = Checkpoint.objects.filter(chain=chain).order_by("-size", "-pk").first()
    found: dict[str, Any] = {"chain": chain, "checkpoint": checkpoint, "stamps": [], "copies": []}
    if checkpoint is not None:
        found["made"] = moment(checkpoint.made_at)
        found["stamps"] = [(row.authority, moment(row.said_at)) for row in checkpoint.stamps.filter(state="held")]
        found["copies"] = list(checkpoint.copies.filter(state="held").values_list("place", flat=True))
    return found


def _said(text: Text, language: str) -> str:
    return text.ja if language == "ja" else text.en
