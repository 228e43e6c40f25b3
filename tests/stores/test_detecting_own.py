"""What our own pack finds of attacks and what it says of everybody else. The figures are those of docs/detection.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from hikeshi.events.detect.loading import OWN, load
from hikeshi.stores.detecting import DetectReport, detect
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
NOT_LOW = {"medium", "high", "critical"}


def _report(name: str, folder: Path) -> tuple[DuckStore, DetectReport]:
    if not (SHARED / name).is_dir():
        pytest.skip(f"../shared/data/{name} is not here")
    store = DuckStore(folder)
    store.build([SHARED / name])
    return store, detect(store, load([OWN]))


def _hit(name: str, folder: Path) -> tuple[int, list[dict[str, object]]]:
    """How many events there are, and those that rules above low hit."""
    store, report = _report(name, folder)
    uids = {uid for rule in report.hit if rule.level in NOT_LOW for uid in rule.uids}
    return report.events, [row for row in store.events(Query(limit=10_000)) if row["event_uid"] in uids]


def test_every_technique_is_hit_and_nothing_else_in_its_log(tmp_path: Path) -> None:
    _, rows = _hit("stratus-red-team-logs", tmp_path)
    logs = {path.name for path in (SHARED / "stratus-red-team-logs").glob("*.json")}
    assert {Path(str(row["path"])).name for row in rows} == logs
    assert len(logs) == 24


def test_hits_on_who_is_no_attacker_in_three_days_of_an_account(tmp_path: Path) -> None:
    events, rows = _hit("sans504-s3-ransomware", tmp_path)
    others = [row for row in rows if row["src_ip"] != "3.238.12.183"]
    assert events - 37 == 5966  # the attacker made 37 calls
    assert [row["action"] for row in others] == ["ConsoleLogin"] * 3  # the owner, as root and without a second factor


def test_sources_without_an_attack_have_no_hit(tmp_path: Path) -> None:
    _, rows = _hit("otrf-cloudbreach-s3", tmp_path)
    assert [row["action"] for row in rows if row["actor_name"] == "pedro"] == []


QUIET = {
    "stratus-red-team-logs": 202, "sans504-s3-ransomware": 6003, "otrf-cloudbreach-s3": 103, "invictus-aws-dataset": 2093,
    "auth-syslog": 4699, "loghub-2k": 4000, "evtx-to-mitre": 4821, "evtx-robustness": 7287,
}  # fmt: skip
"""Logs with the number of events that rules look at."""


@pytest.mark.parametrize("name", QUIET)
def test_low_rules_and_rules_of_silence_have_no_hit_at_all(name: str, tmp_path: Path) -> None:
    """Counted over the attacks too: none of them is what these rules are about."""
    _, report = _report(name, tmp_path)
    asked = [rule for rule in report.rules if rule.level == "low" or "falls_silent" in rule.file]
    assert len(asked) == 7
    assert not report.errors
    assert {rule.file: rule.hits for rule in asked if rule.hits} == {}
    assert report.events == QUIET[name]
