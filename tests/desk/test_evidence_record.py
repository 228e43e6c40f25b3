"""What is said of an item: filled once, corrected in the open, and never overwritten unseen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import record, verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db


def seal(incident: Incident, actor: Actor, **said: Any) -> Item:
    return evidence.seal_bytes(incident, b"disk", actor=actor, title="Disk", kind="file", record=said)


def data(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(entry.data)
    return found


def test_what_is_said_at_sealing_stands_in_the_sealing_s_entry(incident: Incident, on_it: Actor) -> None:
    began = datetime(2026, 11, 6, 17, 41, 10, tzinfo=UTC)
    item = seal(incident, on_it, collector="sato", method="dd", began_at=began, clock_offset_us=-1500, tlp="amber")
    assert (item.collector, item.began_at, item.clock_offset_us) == ("sato", began, -1500)
    said = data(evidence.custody(item)[0])
    assert (said["method"], said["began_at"], said["tlp"]) == ("dd", "2026-11-06T17:41:10+00:00", "amber")


def test_a_field_is_filled_once_and_then_corrected(incident: Incident, on_it: Actor) -> None:
    item = seal(incident, on_it)
    [filled] = record.describe(item, actor=on_it, fields={"owner": "Sales", "witness": "", "region": None})
    assert (filled.verb, data(filled)) == ("evidence.describe", {"fields": {"owner": "Sales"}})
    [corrected] = record.describe(item, actor=on_it, fields={"owner": "Finance"}, reason="wrong department")
    assert corrected.verb == "evidence.correct"
    assert data(corrected) == {
        "field": "owner", "before": "Sales", "after": "Finance", "reason": "wrong department", "corrects": filled.seq,
    }  # fmt: skip
    again = record.correct(item, "owner", "", actor=on_it, reason="nobody knows")
    assert data(again)["corrects"] == corrected.seq
    item.refresh_from_db()
    assert item.owner == ""


def test_what_was_said_at_sealing_is_corrected_not_filled(incident: Incident, on_it: Actor) -> None:
    item = seal(incident, on_it, tool="dd")
    [entry] = record.describe(item, actor=on_it, fields={"tool": "dc3dd", "title": "Disk"}, reason="misread")
    assert data(entry)["corrects"] == evidence.custody(item)[0].seq
    with pytest.raises(Refused, match="reason"):
        record.describe(item, actor=on_it, fields={"title": "Disc"})
    item.refresh_from_db()
    assert (item.tool, item.title) == ("dc3dd", "Disk")


def test_saying_the_same_again_leaves_no_entry(incident: Incident, on_it: Actor) -> None:
    item = seal(incident, on_it, tool="dd")
    assert record.describe(item, actor=on_it, fields={"tool": " dd "}) == []
    with pytest.raises(Refused, match="already"):
        record.correct(item, "tool", "dd", actor=on_it, reason="x")


def test_two_who_write_at_once_see_both_texts(incident: Incident, on_it: Actor, commander: Actor) -> None:
    item = seal(incident, on_it)
    seen = record.version(item)
    record.describe(item, actor=commander, fields={"owner": "Sales"}, version=seen)
    with pytest.raises(Conflict, match=r"Saved: owner: Sales. Yours: owner: Finance") as found:
        record.describe(item, actor=on_it, fields={"owner": "Finance"}, reason="x", version=seen)
    assert found.value.current == "owner: Sales"
    assert record.describe(
        item, actor=on_it, fields={"region": "us-east-1"}, version=seen
    )  # another field: no conflict


def test_a_field_that_is_none_and_a_value_that_is_none_are_refused(incident: Incident, on_it: Actor) -> None:
    item = seal(incident, on_it)
    with pytest.raises(Refused, match="no field"):
        record.describe(item, actor=on_it, fields={"sha256": "0" * 64})
    with pytest.raises(Refused, match="Nothing was said"):
        record.correct(item, "owner", "x", actor=on_it, reason="x")
    with pytest.raises(ValidationError):
        record.describe(item, actor=on_it, fields={"tlp": "purple"})
    times = {"began_at": datetime(2026, 1, 2, tzinfo=UTC), "ended_at": datetime(2026, 1, 1, tzinfo=UTC)}
    with pytest.raises(Refused, match="before it began"):
        record.describe(item, actor=on_it, fields=times)
    assert len(evidence.custody(item)) == 1


def test_only_those_on_it_may_say_anything(incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor) -> None:
    item = seal(incident, on_it, owner="Sales")
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            record.describe(item, actor=actor, fields={"region": "x"})
        with pytest.raises(Refused, match="may not"):
            record.correct(item, "owner", "x", actor=actor, reason="x")
