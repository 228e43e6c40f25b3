"""The custody line and the gap list, notes with two times, and reads of what is sensitive."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import gaps, line, notes, reads, record, transfers, verbs as evidence
from hikeshi.desk.evidence.models import Item, Planned, Transfer
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db

THEN = datetime(2026, 11, 6, 17, 41, 10, tzinfo=UTC)
SAID = {
    "authority": "contract 7", "collector": "sato", "began_at": timezone.now() - timedelta(minutes=5), "clock_source": "NTP",
    "clock_offset_us": 0,
}  # fmt: skip
"""Everything an item needs to have no gap but that it was not verified yet."""


@pytest.fixture
def item(incident: Incident, on_it: Actor) -> Item:
    return evidence.seal_bytes(incident, b"disk", actor=on_it, title="Disk", kind="file")


def kinds(incident: Incident) -> list[str]:
    return [gap.kind for gap in gaps.gaps(incident)]


def test_a_note_keeps_when_it_happened_and_when_it_was_written(item: Item, on_it: Actor) -> None:
    notes.note(
        item, "Image mounted read-only", actor=on_it, kind="copy", purpose="keyword search", tool="dd 9.1", place="Lab 2",
        occurred_at=THEN, time_source="wrist watch",
    )  # fmt: skip
    event = line.events(item)[-1]
    assert (event.verb, event.occurred_at, event.time_source) == ("evidence.copy", THEN, "wrist watch")
    assert (event.purpose, event.tool, event.place) == ("keyword search", "dd 9.1", "Lab 2")
    assert event.recorded_at > THEN


def test_a_note_without_a_time_happens_now_by_our_clock(item: Item, on_it: Actor) -> None:
    notes.note(item, "Label was torn", actor=on_it)
    event = line.events(item)[-1]
    assert event.time_source == notes.OURS
    assert abs(event.recorded_at - event.occurred_at) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"text": " "}, "characters"),
        ({"text": "x" * 2001}, "characters"),
        ({"text": "x", "kind": "poem"}, "kind of note"),
        ({"text": "x", "kind": "analyse"}, "purpose"),
        ({"text": "x", "occurred_at": THEN}, "which clock"),
        ({"text": "x", "occurred_at": datetime(2999, 1, 1, tzinfo=UTC), "time_source": "crystal ball"}, "not happened"),
    ],
)
def test_a_note_that_says_too_little_is_refused(item: Item, on_it: Actor, said: dict[str, object], match: str) -> None:
    with pytest.raises(Refused, match=match):
        notes.note(item, actor=on_it, **said)  # type: ignore[arg-type]  # wrong on purpose


def test_the_line_shows_the_hash_at_each_hand(item: Item, on_it: Actor) -> None:
    evidence.verify(item, actor=on_it)
    sealed, verified = line.events(item)
    assert (sealed.hash_before, sealed.hash_after) == ("", item.sha256)
    assert (verified.hash_before, verified.hash_after, verified.state) == (item.sha256, item.sha256, "done")
    row = Entry.objects.get(chain__name=item.incident.name, seq=verified.seq)
    assert verified.hash == row.hash


def test_sealing_happened_when_it_was_collected_by_the_clock_that_was_read(incident: Incident, on_it: Actor) -> None:
    said = {"began_at": THEN, "clock_source": "host's clock", "location": "Rack 4"}
    item = evidence.seal_bytes(incident, b"x", actor=on_it, title="Disk", kind="file", record=said)
    [sealed] = line.events(item)
    assert (sealed.occurred_at, sealed.time_source, sealed.place) == (THEN, "host's clock", "Rack 4")


def test_a_damaged_entry_does_not_hide_the_others(item: Item, on_it: Actor) -> None:
    notes.note(item, "x", actor=on_it)
    Entry.objects.filter(object=item.name, verb="evidence.note").update(data="{broken")
    assert [event.verb for event in line.events(item)] == ["evidence.seal", "evidence.note"]


def test_looking_at_what_is_sensitive_is_kept_once_an_hour_for_each_person(
    item: Item, on_it: Actor, commander: Actor, off_it: Actor, outsider: Actor
) -> None:
    reads.looked_at(item, actor=on_it)
    assert [entry.verb for entry in evidence.custody(item)] == ["evidence.seal"]
    record.describe(item, actor=on_it, fields={"sensitivity": "sensitive"})
    for who in (on_it, on_it, commander):
        reads.looked_at(item, actor=who)
    assert [entry.actor for entry in evidence.custody(item) if entry.verb == "evidence.read"] == ["sato", "kondo"]
    long_ago = Entry.objects.filter(object=item.name, verb="evidence.read")
    long_ago.update(time="2026-01-01T00:00:00.000000Z")
    reads.looked_at(item, actor=on_it)
    assert long_ago.count() == 3
    for who in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            reads.looked_at(item, actor=who)


def test_a_well_kept_item_has_no_gap(incident: Incident, on_it: Actor) -> None:
    item = evidence.seal_bytes(incident, b"x", actor=on_it, title="Disk", kind="file", record=SAID)
    assert kinds(incident) == ["never-verified"]
    evidence.verify(item, actor=on_it)
    assert kinds(incident) == []


def test_what_nobody_said_is_a_gap(incident: Incident, item: Item, on_it: Actor) -> None:
    assert kinds(incident) == ["never-verified", "no-time", "no-operator", "no-authority"]
    fields = {"began_at": THEN, "sensitivity": "sensitive", "collector": "sato", "authority": "contract 7"}
    record.describe(item, actor=on_it, fields=fields)
    assert kinds(incident) == ["never-verified", "no-clock-source", "sealed-late", "no-witness"]
    record.describe(item, actor=on_it, fields={"clock_source": "NTP", "witness": "mori"})
    assert kinds(incident) == ["never-verified", "no-clock-offset", "sealed-late"]


def test_what_hikeshi_made_itself_needs_no_collector(incident: Incident, on_it: Actor) -> None:
    item = evidence.seal_bytes(incident, b"{}", actor=on_it, title="Receipt", kind="receipt", held_at="snap-1")
    evidence.verify(item, actor=on_it)
    assert kinds(incident) == ["no-hash"]


def test_a_hand_over_nobody_answered_is_a_gap(incident: Incident, on_it: Actor) -> None:
    item = evidence.seal_bytes(incident, b"x", actor=on_it, title="Disk", kind="file", record=SAID)
    evidence.verify(item, actor=on_it)
    transfer, _ = transfers.offer(item, actor=on_it, receiver="Lab", purpose="analysis", means="paper")
    [gap] = gaps.gaps(incident)
    assert (gap.item, gap.kind) == (item.name, "unsigned-transfer")
    assert "paper" in gap.text.en
    Transfer.objects.filter(pk=transfer.pk).update(expires_at=timezone.now() - timedelta(hours=1), means="link")
    transfers.settle(item)
    assert "expired" in gaps.gaps(incident)[0].text.en


def test_bad_bytes_and_what_could_not_be_sealed_are_gaps(incident: Incident, on_it: Actor, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"readable")
    (tmp_path / "pipe").symlink_to("a")
    import os  # only here: a named pipe is what a locker cannot seal

    os.mkfifo(tmp_path / "fifo")
    item = evidence.seal_files(incident, [tmp_path], actor=on_it, title="Folder", kind="file", record=SAID)
    Item.objects.filter(pk=item.pk).update(check_result="mismatch")
    found = {gap.kind: gap for gap in gaps.gaps(incident)}
    assert set(found) == {"incomplete", "verification-failed"}
    assert "fifo" in found["incomplete"].text.en


def test_what_was_planned_and_not_collected_is_a_gap_with_its_reason(incident: Incident) -> None:
    for state, target in (("failed", "web-1"), ("pending", "web-2"), ("waived", "web-3"), ("held", "web-4")):
        Planned.objects.create(
            incident=incident, kind="memory", target=target, state=state, reason="host is off", settled_by="sato"
        )
    found = gaps.gaps(incident)
    assert [(gap.item, gap.kind) for gap in found] == [(f"web-{n}", "not-collected") for n in (1, 2, 3)]
    assert found[0].text.en.startswith("Memory: not collected")
    assert "host is off" in found[0].text.ja


def test_every_gap_is_told_in_both_languages(incident: Incident, item: Item, on_it: Actor) -> None:
    for gap in gaps.gaps(incident):
        for text in (gap.text, gap.todo):
            assert text.en
            assert re.search(r"[ぁ-ん一-鿿]", text.ja)
