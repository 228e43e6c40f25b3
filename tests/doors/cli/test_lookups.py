"""`events escalation` and `events activity`: over files, S3 and the simulated CloudTrail API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.incidents.models import Incident
from hikeshi.simulation.cast import REGION
from hikeshi.simulation.cloud import SimulatedCloud
from stores.test_lookups import RECORDS


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    path = tmp_path / "trail.json"
    path.write_text(json.dumps({"Records": RECORDS}))
    return path


@pytest.fixture
def account(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> SimulatedCloud:
    cloud.reset()
    monkeypatch.setenv("HIKESHI_AWS_ENDPOINT_URL", cloud.endpoint_url)
    return cloud


def actions(lines: list[dict[str, Any]]) -> list[str]:
    return [line["action"] for line in lines]


def test_escalation_in_files_says_who_and_why(keyboard: Keyboard, trail: Path) -> None:
    typed = keyboard("events", "escalation", trail, "--json")
    assert typed.code == 0, typed.err
    assert len(typed.lines) == 6
    assert typed.lines[0]["reasons"][0] == {"en": "gave itself more rights", "ja": "自身の権限を引き上げた"}
    assert typed.lines[0]["path"] == str(trail)
    (who,) = keyboard("events", "escalation", trail, "--who", "--json").lines
    assert (who["principal"], who["address"], who["events"], who["denied"]) == ("mallory", "192.0.2.7", 6, 2)


def test_a_window_and_a_limit_narrow_it(keyboard: Keyboard, trail: Path) -> None:
    window = ("--from", "2026-11-06T14:01:00Z", "--to", "2026-11-06T14:03:00Z")
    assert actions(keyboard("events", "escalation", trail, *window, "--json").lines) == [
        "CreateRole",
        "CreateAccessKey",
    ]
    assert (
        len(keyboard("events", "activity", trail, *window, "--key", "AKIAMALLORY", "--limit", 1, "--json").lines) == 1
    )


def test_activity_of_an_address_in_s3(keyboard: Keyboard, trail: Path, account: SimulatedCloud) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="trail", Key="logs/a.json", Body=trail.read_bytes())
    typed = keyboard("events", "activity", "s3://trail/logs", "--ip", "198.51.100.23", "--json")
    assert actions(typed.lines) == ["RunInstances", "DescribeInstances", "PutObject"]
    assert {line["path"] for line in typed.lines} == {"s3://trail/logs/a.json"}


def test_live_and_files_together_are_each_event_once_and_say_what_live_cannot_see(
    keyboard: Keyboard, tmp_path: Path, account: SimulatedCloud
) -> None:
    recent = (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    records = [{**one, "eventTime": recent} for one in RECORDS]
    account.record(records)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    live = keyboard("events", "escalation", "--live", "--from", since, "--json")
    assert live.code == 0, live.err
    assert len(live.lines) == 6
    assert live.lines[0]["path"] == "lookup-events-us-east-1.jsonl"
    assert "management events only (ap-northeast-1, us-east-1)" in live.err
    path = tmp_path / "same.json"
    path.write_text(json.dumps({"Records": records}))
    words = ("--live", "--from", since, "--principal", "alice", "--lang", "ja", "--json")
    both = keyboard("events", "activity", path, *words)
    assert len(both.lines) == 3
    assert "管理イベントだけ" in both.err


@pytest.mark.parametrize(
    "words",
    [
        ["escalation"],
        ["escalation", "--live"],
        ["activity", "trail.json"],
        ["activity", "--ip", "192.0.2.7"],
    ],
)
def test_half_a_question_is_wrong_usage(keyboard: Keyboard, words: list[str]) -> None:
    typed = keyboard("events", *words, "--json")
    assert (typed.code, typed.out) == (2, "")
    assert typed.err


def test_a_timeline_answers_the_same(admin: Keyboard, incident: Incident, trail: Path) -> None:
    admin.json("timeline", "build", incident.name, "main", trail)
    asked = admin("timeline", "escalation", incident.name, "main", "--json")
    assert asked.code == 0, asked.err
    fromfile = admin("events", "escalation", trail, "--json")
    assert [(line["event_uid"], line["reasons"]) for line in asked.lines] == [
        (line["event_uid"], line["reasons"]) for line in fromfile.lines
    ]
    (who,) = admin.json("timeline", "escalation", incident.name, "main", "--who")
    assert (who["principal"], who["events"]) == ("mallory", 6)
    assert len(admin("timeline", "activity", incident.name, "main", "--principal", "alice", "--json").lines) == 3
