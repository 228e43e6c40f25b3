"""Correlations over small logs, our own pack over real ones, and rules for other logs than CloudTrail."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hikeshi.events.detect.loading import OWN, Rule, load
from hikeshi.stores.detecting import RuleHits, detect
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
SAMPLES = Path(__file__).parents[1] / "samples"

Call = tuple[int, str, str, str]
"""Second, call, user, address."""
Asked = Callable[[Sequence[Call], str], list[RuleHits]]

BASES = "".join(
    f"title: {name}\nname: {name}\nlogsource: {{product: aws, service: cloudtrail}}\n"
    f"detection: {{s: {{eventName: {name}}}, condition: s}}\n---\n"
    for name in ("A", "B", "C")
)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    def ask(calls: Sequence[Call], correlation: str) -> list[RuleHits]:
        records = [
            {"eventTime": f"2026-11-06T10:{second // 60:02d}:{second % 60:02d}Z", "eventSource": "iam.amazonaws.com", "eventName": call,
             "userIdentity": {"type": "IAMUser", "userName": user}, "sourceIPAddress": address, "eventID": f"id-{number}"}
            for number, (second, call, user, address) in enumerate(calls)
        ]  # fmt: skip
        (tmp_path / "log.json").write_text(json.dumps({"Records": records}))
        (tmp_path / "rule.yml").write_text(f"{BASES}title: T\ncorrelation:\n{correlation}\n")
        store = DuckStore(Path(tempfile.mkdtemp(dir=tmp_path)))
        store.build([tmp_path / "log.json"])
        return list(detect(store, load([tmp_path / "rule.yml"])).rules)

    return ask


def _of(rows: Sequence[RuleHits], title: str = "T") -> RuleHits:
    [row] = [row for row in rows if row.title == title]
    return row


EVENT_COUNT = (
    "  type: event_count\n  rules: [A]\n  group-by: [userIdentity.userName]\n  timespan: 1m\n  condition: {gte: 3}"
)


@pytest.mark.parametrize(
    ("seconds", "hits"), [((0, 30, 60), 3), ((0, 30, 61), 0), ((0, 1, 2, 3), 4), ((0, 50, 100, 110, 119), 4), ((0, 0, 0), 3)]
)  # fmt: skip
def test_event_count_slides_and_marks_every_event_of_a_window(asked: Asked, seconds: Sequence[int], hits: int) -> None:
    rows = asked([(second, "A", "eve", "192.0.2.1") for second in seconds], EVENT_COUNT)
    assert (_of(rows).error, _of(rows).hits) == ("", hits)


def test_groups_are_counted_apart_and_events_without_the_field_not_at_all(asked: Asked) -> None:
    calls: list[Call] = [(0, "A", "eve", "x"), (1, "A", "eve", "x"), (2, "A", "bob", "x"), (3, "B", "eve", "x")]
    assert _of(asked(calls, EVENT_COUNT)).hits == 0
    nothing = EVENT_COUNT.replace("userIdentity.userName", "no.such.field")
    assert _of(asked([*calls, (4, "A", "eve", "x")], nothing)).hits == 0


def test_what_is_only_counted_is_not_reported_unless_it_is_asked_for(asked: Asked) -> None:
    calls: list[Call] = [(0, "A", "eve", "x"), (1, "A", "eve", "x"), (2, "A", "eve", "x"), (3, "B", "eve", "x")]
    rows = asked(calls, EVENT_COUNT)
    assert (_of(rows, "A").hits, _of(rows, "B").hits) == (0, 1)
    assert _of(asked(calls, EVENT_COUNT + "\n  generate: true"), "A").hits == 3


def test_value_count_counts_different_values(asked: Asked) -> None:
    rule = (
        "  type: value_count\n  rules: [A]\n  group-by: [userIdentity.userName]\n  timespan: 1m\n"
        "  condition: {field: sourceIPAddress, gte: 2}"
    )
    same: list[Call] = [(second, "A", "eve", "192.0.2.1") for second in range(5)]
    assert _of(asked(same, rule)).hits == 0
    assert _of(asked([*same, (6, "A", "eve", "192.0.2.2")], rule)).hits == 6


def test_temporal_needs_all_rules_in_any_order(asked: Asked) -> None:
    rule = "  type: temporal\n  rules: [A, B]\n  group-by: [userIdentity.userName]\n  timespan: 1m"
    assert _of(asked([(0, "B", "eve", "x"), (30, "A", "eve", "x"), (300, "A", "eve", "x")], rule)).hits == 2
    assert _of(asked([(0, "B", "eve", "x"), (30, "A", "bob", "x")], rule)).hits == 0
    assert _of(asked([(0, "B", "eve", "x"), (61, "A", "eve", "x")], rule)).hits == 0


def test_temporal_ordered_needs_the_order(asked: Asked) -> None:
    rule = "  type: temporal_ordered\n  rules: [A, B, C]\n  group-by: [userIdentity.userName]\n  timespan: 1m"
    right: list[Call] = [(0, "A", "eve", "x"), (10, "B", "eve", "x"), (20, "C", "eve", "x")]
    assert _of(asked(right, rule)).hits == 3
    wrong: list[Call] = [(0, "A", "eve", "x"), (10, "C", "eve", "x"), (20, "B", "eve", "x")]
    assert _of(asked(wrong, rule)).hits == 0
    assert _of(asked([(0, "A", "eve", "x"), (50, "B", "eve", "x"), (70, "C", "eve", "x")], rule)).hits == 0


def test_temporal_with_a_condition_of_its_own(asked: Asked) -> None:
    rule = "  type: temporal\n  group-by: [userIdentity.userName]\n  timespan: 1m\n  condition: A and (B or C)"
    assert _of(asked([(0, "A", "eve", "x"), (10, "C", "eve", "x")], rule)).hits == 2
    assert _of(asked([(0, "B", "eve", "x"), (10, "C", "eve", "x")], rule)).hits == 0


def test_a_correlation_that_counts_a_rule_with_an_error_says_so(asked: Asked) -> None:
    assert "nobody" in _of(asked([], EVENT_COUNT.replace("[A]", "[nobody]"))).error


# behaviour

ANY_CALL = "title: T\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: '*'}, condition: s}\n"


@pytest.mark.parametrize(
    ("key", "hits"),
    [
        ("first_seen: {fields: [userIdentity.userName, sourceIPAddress], known_for: 1m}", 1),
        ("first_seen: {fields: [userIdentity.userName, sourceIPAddress], known_for: 1h}", 0),
        ("rare: {fields: [eventName], at_most: 1, of: 5}", 1),
        ("rare: {fields: [eventName], at_most: 1, of: 6}", 0),
    ],
)
def test_what_is_new_or_rare_is_kept_of_all_that_a_rule_hits(tmp_path: Path, asked: Asked, key: str, hits: int) -> None:
    calls: list[Call] = [
        (0, "A", "eve", "192.0.2.1"), (30, "A", "eve", "192.0.2.2"), (90, "A", "eve", "192.0.2.3"), (95, "A", "eve", "192.0.2.3"),
        (99, "B", "bob", "192.0.2.9"),
    ]  # fmt: skip
    rows = asked(calls, f"{EVENT_COUNT}\n---\n{ANY_CALL.replace('title: T', 'title: N')}{key}")
    assert (_of(rows, "N").error, _of(rows, "N").hits) == ("", hits)


SILENCE = "silence: {fields: [userIdentity.userName], lasts: 1m, known_for: 50s, every: 10s}"


@pytest.mark.parametrize(
    ("agent", "hits"),
    [
        (range(0, 60, 5), 1),  # and never again
        ([*range(0, 60, 5), *range(200, 300, 5)], 1),  # and again
        (range(0, 300, 5), 0),
        ([0, 1, 2, 40, 55], 0),  # never spoke always
        (range(0, 40, 5), 0),  # not known for long enough
    ],
)
def test_who_always_spoke_and_falls_silent_while_others_go_on_is_hit(
    tmp_path: Path, asked: Asked, agent: Sequence[int], hits: int
) -> None:
    others: list[Call] = [(second, "B", f"bob{second}", "x") for second in range(0, 320, 20)]
    calls: list[Call] = [(second, "A", "agent", "x") for second in agent]
    silent = f"{EVENT_COUNT}\n---\n{ANY_CALL.replace('title: T', 'title: N')}{SILENCE}"
    assert (_of(asked([*calls, *others], silent), "N").error, _of(asked([*calls, *others], silent), "N").hits) == (
        "",
        hits,
    )
    assert _of(asked(calls, silent), "N").hits == (
        1 if 200 in agent and hits else 0
    )  # where everybody is silent the log ends


@pytest.mark.parametrize("key", ["first_seen: 1", "rare: {fields: []}", "first_seen: {fields: [a], known_for: soon}", "rare: {fields: [a], at_most: x}", "silence: {fields: [a], lasts: long}"])  # fmt: skip
def test_behaviour_that_is_not_understood_is_an_error_of_the_rule(asked: Asked, key: str) -> None:
    rows = asked([(0, "A", "eve", "x")], f"{EVENT_COUNT}\n---\n{ANY_CALL.replace('title: T', 'title: N')}{key}")
    assert _of(rows, "N").error
    assert _of(rows, "N").hits == 0


# our own pack


@pytest.fixture(scope="module")
def own() -> list[Rule]:
    return load([OWN])


STRATUS = sorted((SHARED / "stratus-red-team-logs").glob("*.json"))

BYSTANDERS = frozenset({
    "AssumeRole", "DescribeInstanceInformation", "DescribeInstances", "DescribeParameters", "GetCommandInvocation", "ListSecrets",
    "StartInstances", "StopInstances", "TerminateSession", "DeleteLoginProfile",
})  # fmt: skip
"""Calls in these logs that are not the technique but what goes on around it."""


def test_every_technique_has_a_hit_of_its_own_and_bystanders_have_none(own: list[Rule], tmp_path: Path) -> None:
    if not STRATUS:
        pytest.skip("../shared/data/stratus-red-team-logs is not here")
    store = DuckStore(tmp_path)
    store.build(STRATUS)
    report = detect(store, own)
    uids = {uid for rule in report.hit if rule.level in {"medium", "high", "critical"} for uid in rule.uids}
    rows = [row for row in store.events(Query(limit=1000)) if row["event_uid"] in uids]
    assert report.errors == []
    assert {Path(row["path"]).name for row in rows} == {path.name for path in STRATUS}
    assert [row["action"] for row in rows if row["action"] in BYSTANDERS] == []
    assert len(rows) <= 90  # of 202, with bursts


def test_a_real_attack_is_found_and_the_rest_of_three_days_is_not(own: list[Rule], tmp_path: Path) -> None:
    if not (SHARED / "sans504-s3-ransomware").is_dir():
        pytest.skip("../shared/data/sans504-s3-ransomware is not here")
    store = DuckStore(tmp_path)
    store.build([SHARED / "sans504-s3-ransomware"])
    report = detect(store, own)
    assert {"policy_for_oneself.yml", "inline_policy_allows_all.yml", "caller_looks_around.yml"} <= {
        Path(rule.file).name for rule in report.hit
    }
    assert sum(rule.hits for rule in report.hit if rule.level != "low") <= 31  # of 6,003 events


# other logs


def test_rules_for_windows_linux_and_the_web(tmp_path: Path) -> None:
    logs = [SHARED / name for name in ("evtx-to-mitre", "auth-syslog")]
    if not all(path.is_dir() for path in logs):
        pytest.skip("../shared/data/evtx-to-mitre is not here")
    rules = {
        "cleared": ("{product: windows, service: security}", "{EventID: 1102}", 13),
        "installed": ("{product: windows, service: system}", "{EventID: 7045, Provider_Name: Service Control Manager}", 250),
        "started": ("{product: windows, category: process_creation}", "{Image|endswith: '\\powershell.exe'}", 6),
        "network": ("{product: windows, service: security}", "{EventID: 4624, LogonType: 3, IpAddress|cidr: 10.0.0.0/8}", 56),
        "defender": ("{product: windows, service: windefend}", "{Product Name: '*'}", 459),
        "guessed": ("{product: linux, service: sshd}", "['*Failed password*']", 314),
    }  # fmt: skip
    for name, (source, condition, _) in rules.items():
        detection = f"{{s: {condition}, condition: s}}"
        (tmp_path / f"{name}.yml").write_text(f"title: {name}\nlogsource: {source}\ndetection: {detection}\n")
    store = DuckStore(tmp_path / "store")
    store.build(logs)
    report = detect(store, load([tmp_path]))
    assert {rule.title: rule.hits for rule in report.rules} == {name: hits for name, (*_, hits) in rules.items()}


def test_rules_for_auditd_look_into_every_line_of_an_event(tmp_path: Path) -> None:
    log = SAMPLES / "auditd" / "enriched.log"
    (tmp_path / "a.yml").write_text(
        "title: a\nlogsource: {product: linux, service: auditd}\n"
        "detection: {s: {type: EXECVE, a0|endswith: /sh}, condition: s}\n"
    )
    store = DuckStore(tmp_path / "store")
    store.build([log])
    assert [rule.hits for rule in detect(store, load([tmp_path])).rules] == [1]
