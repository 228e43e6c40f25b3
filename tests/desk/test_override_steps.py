"""Going on before the evidence, where the playbook names the steps that take it: they are left out with the reason."""

from __future__ import annotations

import json

import pytest

from desk.played import at, play, states, step
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs import by_hand, overriding
from hikeshi.desk.runs.gate import gate
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db


def test_the_override_reaches_steps_that_take_evidence(
    incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor, commander: Actor
) -> None:
    run = play(
        incident, step("2.1", "evidence"), step("2.2", "evidence"), step("2.3", evidence=["2.1", "2.2"], effect="contain"),
        actor=commander,
    )  # fmt: skip
    by_hand.fail_by_hand(at(run, "2.1"), actor=on_it, reason="The host is gone.")
    assert [one.key for one in gate(at(run, "2.3")).steps] == ["2.2"]
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            overriding.override_gate(at(run, "2.3"), actor=actor, reason="x")
    overriding.override_gate(at(run, "2.3"), actor=commander, reason="Files are being encrypted.")
    assert states(run) == {"2.1": "failed", "2.2": "skipped", "2.3": "open"}
    assert json.loads(Entry.objects.get(verb="step.override").data)["steps"] == ["2.2"]
    with pytest.raises(Refused, match="No evidence holds"):
        overriding.override_gate(at(run, "2.3"), actor=commander, reason="again")
