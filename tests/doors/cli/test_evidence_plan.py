"""The evidence plan at the keyboard."""

from __future__ import annotations

from pathlib import Path

from doors.cli.typed import Keyboard
from hikeshi.desk.incidents.models import Incident


def test_a_plan_is_made_and_kept(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    disk = admin.json("evidence", "expect", incident.name, "disk", "web-1")
    memory = admin.json("evidence", "expect", incident.name, "memory", "web-1")
    assert admin.json("evidence", "expect", incident.name, "memory", "web-1") == memory
    (tmp_path / "disk.raw").write_bytes(b"raw")
    admin.json("evidence", "add", incident.name, tmp_path / "disk.raw")
    assert admin.json("evidence", "settle", incident.name, disk["line"], "--item", "EV-001")["state"] == "held"
    assert admin.json("evidence", "waive", incident.name, memory["line"], "--reason", "rebooted")["state"] == "waived"
    assert [(row["kind"], row["state"], row["item"]) for row in admin.json("evidence", "plan", incident.name)] == [
        ("memory", "waived", ""),
        ("disk", "held", "EV-001"),
    ]
    assert "揮発" in admin("evidence", "--lang", "ja").out


def test_what_is_said_by_half_is_refused(admin: Keyboard, incident: Incident) -> None:
    line = admin.json("evidence", "expect", incident.name, "disk", "web-1")["line"]
    assert admin("evidence", "settle", incident.name, line).code == 2
    assert admin("evidence", "settle", incident.name, line, "--item", "EV-009").code == 3
    assert admin("evidence", "settle", incident.name, 999, "--failed", "x").code == 3
    assert admin("evidence", "expect", incident.name, "gold", "x").code == 3
    assert admin.json("evidence", "plan", incident.name, "--propose")[0]["state"] == "pending"
