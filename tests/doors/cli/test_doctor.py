"""The doctor says what would fail before it burns."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from doors.cli.typed import Keyboard
from hikeshi.desk.actor import system
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.doors.cli.doctor import CHECKS
from hikeshi.simulation.scene import Scene
from tests_findings import finding


def _checks(keyboard: Keyboard, code: int, *words: str) -> dict[str, Any]:
    rows = keyboard.json("doctor", *words, code=code)
    return {row["check"]: row for row in rows}


def test_a_home_in_order_has_nothing_bad(admin: Keyboard, incident: Incident) -> None:
    checks = _checks(admin, 0)
    assert list(checks) == list(CHECKS)
    assert {name for name, row in checks.items() if row["state"] == "bad"} == set()
    assert checks["database"]["state"] == "ok"


def test_nobody_signed_in_is_bad_and_says_what_would_fail(keyboard: Keyboard, db: None) -> None:
    row = _checks(keyboard, 1)["command-line token"]
    assert row["state"] == "bad"
    assert row["would_fail"].keys() == {"en", "ja"}


def test_work_nobody_does_is_bad(admin: Keyboard) -> None:
    alerts.receive(finding(), actor=system("t", "intake"), source="t")
    assert _checks(admin, 0)["worker"]["state"] == "ok"
    Alert.objects.update(due_at=timezone.now() - timedelta(minutes=2))
    assert _checks(admin, 1)["worker"]["state"] == "bad"


def test_changed_evidence_and_a_changed_record_are_bad(admin: Keyboard, incident: Incident) -> None:
    item = evidence.seal_bytes(incident, b"for the doctor", actor=system("t", "worker"), title="x", kind="file")
    held = evidence.locker().path(item.sha256)
    held.chmod(0o644)
    held.write_bytes(b"changed")
    Entry.objects.filter(chain__name="organisation", seq=1).update(actor="x")
    checks = _checks(admin, 1)
    assert item.name in checks["locker"]["what"]["en"]
    assert checks["ledger"]["state"] == "bad"


def test_a_secret_key_others_can_read_is_bad(admin: Keyboard, home: Path) -> None:
    (home / "secret-key").write_text("x")
    (home / "secret-key").chmod(0o644)
    assert "chmod 600" in _checks(admin, 1)["secret key"]["what"]["en"]
    (home / "secret-key").chmod(0o600)
    assert _checks(admin, 0)["secret key"]["state"] == "ok"


def test_a_mistyped_variable_is_told_not_raised(admin: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKESHI_LEASE_SECONDS", "soon")
    assert "HIKESHI_LEASE_SECONDS" in _checks(admin, 1)["environment"]["what"]["en"]


def test_queue_and_account_are_asked(admin: Keyboard, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKESHI_AWS_ENDPOINT_URL", settings.ENVIRONMENT.aws_endpoint_url)
    monkeypatch.setenv("HIKESHI_QUEUE_URL", scene.queue_url)
    checks = _checks(admin, 1, "--aws")
    assert (checks["queue"]["state"], checks["AWS"]["state"]) == ("ok", "part")
    trails = checks["111122223333 ap-northeast-1 trails"]
    assert (trails["state"], trails["would_fail"]["en"]) == ("bad", "")
    assert checks["111122223333 ap-northeast-1 isolation_group"]["state"] == "ok"
    assert "actions would work" in checks["111122223333 actions"]["what"]["en"]
    monkeypatch.setenv("HIKESHI_QUEUE_URL", scene.queue_url + "-gone")
    assert _checks(admin, 1)["queue"]["state"] == "bad"


def test_a_chain_that_may_not_be_signed_is_said(admin: Keyboard, incident: Incident) -> None:
    assert _checks(admin, 0)["ledger"]["state"] == "ok"
    Entry.objects.filter(chain__name=incident.name, seq=2).update(actor="somebody else")
    admin("audit", "checkpoint", incident.name)
    assert incident.name in _checks(admin, 1)["ledger"]["what"]["ja"]


def test_only_what_one_action_needs_is_asked_for(
    admin: Keyboard, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKESHI_AWS_ENDPOINT_URL", settings.ENVIRONMENT.aws_endpoint_url)
    checks = _checks(admin, 0, "--aws", "--action", "aws.ebs.snapshot_set")
    assert "111122223333 ap-northeast-1 snapshot_room" in checks
    assert "1 of 1 actions" in checks["111122223333 actions"]["what"]["en"]
    assert not [name for name in checks if "guardduty" in name or name in CHECKS]
    assert admin("doctor", "--action", "aws.ebs.snapshot_set").code == 2
    assert admin("doctor", "--aws", "--action", "aws.no").code == 3
    assert admin("doctor", "--aws", "--account", "444455556666").code == 3
