"""A playbook at work from the keyboard."""

from __future__ import annotations

import pytest

from doors.cli.typed import Keyboard
from doors.played import played
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.models import Run


@pytest.fixture
def run(incident: Incident) -> Run:
    return played(incident, key_id="AKIAEXAMPLE")


def test_a_dry_run_starts_nothing(admin: Keyboard, incident: Incident) -> None:
    seen = admin.json("playbook", "run", incident.name, "ransomware", "--dry-run")
    assert seen["first"]
    assert not incident.runs.exists()


def test_a_playbook_is_played_to_its_targets(admin: Keyboard, run: Run) -> None:
    name = run.incident.name
    shown = admin.json("playbook", "step", name, "1.2")
    assert [one["value"] for one in shown["options"]] == ["held", "unused"]
    assert admin("playbook", "decide", name, "1.2", "no-such").code == 3
    facts = ("--fact", "personal=no", "--fact", "records=0", "--fact", "hosts=web-1", "--fact", "hosts=web-2")
    assert admin.json("playbook", "decide", name, "1.2", "held", "--note", "seen in use", *facts)["choice"] == "held"
    assert admin.json("playbook", "done", name, "2.3/1")["state"] == "done"
    assert admin.json("playbook", "done", name, "1.1", "--cannot", "logs=logging was off")["state"] == "done"
    assert admin.json("playbook", "fail", name, "2.1", "--reason", "not our account")["state"] == "failed"
    assert admin.json("playbook", "again", name, "2.1", "--reason", "access given")["state"] == "open"
    assert admin("playbook", "allow", name, "2.1", "--reason", "x").code == 3
    assert "2.3/2" in admin("playbook", "steps", name).out


def test_a_run_is_told_held_and_given_work(admin: Keyboard, run: Run) -> None:
    name = run.incident.name
    assert admin.json("playbook", "tell", name, "records=12")["run"] == run.pk
    assert admin("playbook", "tell", name, "records").code == 2
    assert admin.json("playbook", "pause", name, "--reason", "the owner asks")["state"] == "paused"
    assert admin.json("playbook", "resume", name)["state"] == "running"
    assert admin.json("playbook", "add", name, "Lower the limit", "--after", "1.1")["state"] == "waiting"
    assert admin("playbook", "add", name, "x", "--due", "tomorrow").code == 2
    assert admin.json("playbook", "take", name, "1.2")["owner"] == "aoki"
    assert admin.json("playbook", "give", name, "1.2")["owner"] == ""
    assert admin.json("playbook", "runs", name)[0]["waiting"]
    assert "every-kind" in admin("playbook", "runs", name).out


def test_who_is_not_on_the_incident_is_refused(observer: Keyboard, run: Run) -> None:
    assert observer("playbook", "runs", run.incident.name).code == 3
    assert observer("playbook", "decide", run.incident.name, "1.2", "held").code == 3
