"""Affected assets: listed, judged with a reason, moved by what an action has proven."""

from __future__ import annotations

import pytest

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.incidents import affected, verbs as incidents
from hikeshi.desk.incidents.models import AffectedAsset, Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, Refused
from tests_findings import finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(incident: Incident, on_it: Actor) -> AffectedAsset:
    return affected.add(incident, " web-1 ", actor=on_it, compromise="suspected")


def test_what_the_alerts_name_is_listed_once(incident: Incident, hikeshi: Actor, on_it: Actor) -> None:
    delivery = alerts.receive(finding(), actor=hikeshi, source="sqs", message_id="m-1")
    incident.alerts.set(delivery.alerts.all())
    found = affected.named(incident)
    assert "instance" in {kind for kind, _ in found}
    assert "address" not in {kind for kind, _ in found}
    assert {row.identifier for row in affected.gather(incident, actor=on_it)} == {value for _, value in found}
    assert affected.gather(incident, actor=on_it) == []
    assert Entry.objects.filter(verb="affected.gather").count() == 1


def test_an_asset_is_listed_once(incident: Incident, on_it: Actor, row: AffectedAsset) -> None:
    with pytest.raises(Refused, match="on the list already"):
        affected.add(incident, "web-1", actor=on_it)


@pytest.mark.parametrize("clearance", ["contained", "cleaned", "cleared", "open"])
def test_no_state_changes_without_a_reason(row: AffectedAsset, on_it: Actor, clearance: str) -> None:
    with pytest.raises(Refused, match="needs a reason"):
        affected.assess(row, actor=on_it, clearance=clearance, reason=" ")


def test_what_nobody_judged_cannot_be_cleared(incident: Incident, on_it: Actor) -> None:
    row = affected.add(incident, "web-2", actor=on_it)
    with pytest.raises(Refused, match="nobody knows"):
        affected.assess(row, actor=on_it, clearance="cleared", reason="looks fine")
    affected.assess(row, actor=on_it, clearance="cleared", compromise="not_compromised", reason="memory read, clean")
    assert affected.uncleared(incident) == []


def test_two_who_judge_at_once_are_told(row: AffectedAsset, on_it: Actor, commander: Actor) -> None:
    affected.assess(AffectedAsset.objects.get(), actor=on_it, compromise="confirmed", reason="miner found", version=1)
    with pytest.raises(Conflict, match="confirmed"):
        affected.assess(row, actor=commander, compromise="suspected", reason="not sure", version=1)
    assert AffectedAsset.objects.get().compromise == "confirmed"


def test_a_verified_containment_moves_what_is_open_and_its_undoing_moves_it_back(
    incident: Incident, row: AffectedAsset, hikeshi: Actor, on_it: Actor
) -> None:
    judged = affected.add(incident, "web-3", actor=on_it, compromise="confirmed")
    affected.assess(judged, actor=on_it, clearance="cleaned", reason="rebuilt")
    affected.contained_by(incident, ["web-1", "web-3", "eni-1"], "step 2.1", actor=hikeshi)
    row.refresh_from_db()
    judged.refresh_from_db()
    assert (row.clearance, row.note, judged.clearance) == ("contained", "step 2.1", "cleaned")
    affected.released_by(incident, ["web-1", "web-3"], "step 2.2", actor=hikeshi)
    row.refresh_from_db()
    assert row.clearance == "contained"
    affected.released_by(incident, ["web-1", "web-3"], "step 2.1", actor=hikeshi)
    row.refresh_from_db()
    assert row.clearance == "open"


def test_they_are_counted_by_state(incident: Incident, row: AffectedAsset, on_it: Actor) -> None:
    affected.add(incident, "web-2", actor=on_it)
    counts = affected.counts(incident)
    assert (counts["all"], counts["suspected"], counts["unknown"], counts["open"], counts["cleared"]) == (2, 1, 1, 2, 0)


def test_only_those_on_the_incident_may_write(
    incident: Incident, row: AffectedAsset, off_it: Actor, outsider: Actor
) -> None:
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            affected.add(incident, "x", actor=actor)
        with pytest.raises(Refused, match="may not"):
            affected.assess(row, actor=actor, clearance="contained", reason="r")
        with pytest.raises(Refused, match="may not"):
            affected.gather(incident, actor=actor)


def test_an_incident_that_is_closed_can_be_read_all_the_same(incident: Incident, commander: Actor) -> None:
    incidents.close(incident, actor=commander, reason="over")
    assert affected.counts(incident)["all"] == 0
