"""Numbers for monitoring: the right ones, in the right form, for those who may read everything."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from doors.cli.typed import Keyboard
from doors.console.house import HIKESHI, as_actor, person
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.evidence import verbs as evidence, volatility
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.ledger.models import Chain

LINE = re.compile(r'[a-z_]+(\{[a-z_]+="[a-z-]+"\})? -?[0-9.e+]+')


@pytest.fixture
def admin(db: None, settings: Settings, tmp_path: Path) -> Person:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    incident = incidents.declare("Mining traffic", 2, actor=HIKESHI, reason="test")
    for content in (b"a", b"b", b"c"):
        evidence.seal_bytes(incident, content, actor=HIKESHI, title="x", kind="file")
    evidence.verify(Item.objects.get(name="EV-001"), actor=HIKESHI)
    volatility.expect(incident, [("disk", "web-1")], actor=HIKESHI)
    return person("aoki", "admin")


def token(who: Person) -> str:
    return accounts.issue_token(who, "test", actor=as_actor(who))


def test_prometheus_can_read_it_and_the_numbers_are_right(admin: Person) -> None:
    answer = Client().get("/api/v1/metrics", headers={"Authorization": f"Bearer {token(admin)}"})
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert all(line.startswith("# ") or LINE.fullmatch(line) for line in lines), lines
    entries = sum(Chain.objects.values_list("head_seq", flat=True))
    for expected in (
        'hikeshi_evidence_items{check_result="match"} 1', 'hikeshi_evidence_items{check_result="none"} 2',
        'hikeshi_evidence_items{check_result="mismatch"} 0', 'hikeshi_planned_evidence{state="pending"} 1',
        "hikeshi_transfers_open 0", f"hikeshi_ledger_entries {entries}", f"hikeshi_ledger_entries_unsigned {entries}",
        'hikeshi_stamps{state="waiting"} 0', "hikeshi_ledger_round_seconds -1", "hikeshi_ledger_damaged_places 0",
    ):  # fmt: skip
        assert expected in lines, expected


@pytest.mark.parametrize("role", ["responder", "observer"])
def test_who_may_not_read_everything_gets_no_numbers(admin: Person, role: str) -> None:
    answer = Client().get("/api/v1/metrics", headers={"Authorization": f"Bearer {token(person('suzuki', role))}"})
    assert answer.status_code == 403
    assert Client().get("/api/v1/metrics").status_code == 401


def test_the_command_line_has_the_same(
    admin: Person, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKESHI_TOKEN", token(admin))
    typed = Keyboard(capsys)
    assert 'hikeshi_evidence_items{check_result="match"} 1\n' in typed("metrics").out
    assert typed.json("metrics")[0]["values"]["match"] == 1
