"""Rules asked of stores: published counts on real logs, and the semantics of Sigma on small ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hikeshi.events.detect.loading import load
from hikeshi.stores.detecting import DetectReport, RuleHits, detect
from hikeshi.stores.duck import DuckStore

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
PUBLIC = SHARED / "sigma-rules-aws"

TRUTH = {
    "invictus-aws-dataset": {
        "aws_cloudtrail_bucket_deleted.yml": 2,
        "aws_cloudtrail_disable_logging.yml": 6,
        "aws_cloudtrail_new_route_added.yml": 6,
        "aws_cloudtrail_security_group_change_ingress_egress.yml": 6,
        "aws_cloudtrail_ssm_malicious_usage.yml": 1,
        "aws_cloudtrail_vpc_flow_logs_deleted.yml": 1,
        "aws_enum_buckets.yml": 1,
        "aws_snapshot_backup_exfiltration.yml": 1,
        "aws_sts_assumerole_misuse.yml": 72,
    },
    "sans504-s3-ransomware": {
        "aws_cloudtrail_console_login_failed_authentication.yml": 1,
        "aws_cloudtrail_console_login_success_without_mfa.yml": 3,
        "aws_cloudtrail_disable_logging.yml": 4,
        "aws_enum_buckets.yml": 8,
        "aws_iam_backdoor_users_keys.yml": 1,
        "aws_root_account_usage.yml": 656,
        "aws_sts_assumerole_misuse.yml": 1,
    },
    "stratus-red-team-logs": {
        "aws_cloudtrail_console_login_success_without_mfa.yml": 1,
        "aws_cloudtrail_disable_logging.yml": 1,
        "aws_cloudtrail_security_group_change_ingress_egress.yml": 1,
        "aws_cloudtrail_ssm_malicious_usage.yml": 1,
        "aws_cloudtrail_vpc_flow_logs_deleted.yml": 1,
        "aws_iam_backdoor_users_keys.yml": 1,
        "aws_new_lambda_layer_attached.yml": 1,
        "aws_snapshot_backup_exfiltration.yml": 1,
        "aws_sts_assumerole_misuse.yml": 34,
        "aws_update_login_profile.yml": 1,
    },
}
"""Distinct events each public rule hits, from the READMEs beside the logs. Every other rule is silent."""

DISTINCT = {
    "invictus-aws-dataset": (2093, 96),
    "sans504-s3-ransomware": (6003, 660),
    "stratus-red-team-logs": (202, 43),
}
"""Events, and how many of them are hit by any rule."""


@pytest.mark.parametrize("name", TRUTH)
def test_the_public_rules_hit_exactly_what_is_published(name: str, tmp_path: Path) -> None:
    if not (SHARED / name).is_dir():
        pytest.skip(f"../shared/data/{name} is not here")
    store = DuckStore(tmp_path)
    store.build([SHARED / name])
    report = detect(store, load([PUBLIC]))
    assert {rule.file: rule.hits for rule in report.hit} == TRUTH[name]
    assert (report.events, report.events_hit) == DISTINCT[name]
    assert len(report.rules) == 57
    assert not report.errors
    assert not [rule for rule in report.rules if rule.skipped]


RECORD: dict[str, Any] = {
    "eventVersion": "1.08",
    "eventTime": "2026-11-06T23:10:00Z",
    "eventSource": "ec2.amazonaws.com",
    "eventName": "RunInstances",
    "awsRegion": "ap-northeast-1",
    "sourceIPAddress": "198.51.100.7",
    "userAgent": "aws-cli/2.17 Python%3_x!",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"},
    "requestParameters": {
        "instanceType": "p3.2xlarge",
        "userName": "arn:aws:iam::111122223333:user/Alice",
        "maxCount": 20,
        "dryRun": False,
        "monitoring": None,
        "a.b": "dotted",
        "lists": [[{"key": "near"}], [["far", {"key": "further"}], 4], "flat"],
        "ranges": [{"items": [{"cidr": "192.0.2.0/24"}, {"cidr": ["10.0.0.0/8"]}]}],
        "items": [{"tag": "red"}, {"tag": ["green", "BLUE"]}, {"other": {"deep": 7}}],
        "policy": '{"Effect": "Allow", "Principal": "*"}',
    },
    "responseElements": None,
    "recipientAccountId": "111122223333",
    "eventID": "11111111-0000-4000-8000-000000000001",
}

Asked = Callable[[str], RuleHits]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> DuckStore:
    folder = tmp_path_factory.mktemp("semantics")
    (folder / "log.json").write_text(json.dumps({"Records": [RECORD]}))
    made = DuckStore(folder / "store")
    made.build([folder / "log.json"])
    return made


@pytest.fixture
def asked(store: DuckStore, tmp_path: Path) -> Asked:
    def ask(detection: str) -> RuleHits:
        rule = f"title: A rule\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{detection}\n"
        (tmp_path / "rule.yml").write_text(rule)
        [row] = detect(store, load([tmp_path / "rule.yml"])).rules
        return row

    return ask


HITS = (
    "eventName: runINSTANCES",
    "eventName: Run*",
    "eventName: '*instances'",
    "eventName: R?nInst*ces",
    "eventName|cased: RunInstances",
    "eventName|re: ^Run[A-Z]",
    "eventName|re|i: ^run[a-z]",
    "eventName: [StopInstances, RunInstances]",
    "eventSource: EC2.amazonaws.com",
    "eventSource|startswith: ec2.",
    "userAgent|contains: '%3_x!'",
    "userAgent|contains|all: [aws-cli, python]",
    "sourceIPAddress|cidr: 198.51.100.0/24",
    "sourceIPAddress|cidr: 198.51.100.7/32",
    "sourceIPAddress|cidr: [10.0.0.0/8, 0.0.0.0/0]",
    "errorCode: null",
    "responseElements: null",
    "responseElements.anything: null",
    "requestParameters.monitoring: null",
    "requestParameters.instanceType: P3.2XLARGE",
    "requestParameters.maxCount: 20",
    "requestParameters.maxCount: '20'",
    "requestParameters.maxCount|gte: 20",
    "requestParameters.maxCount|lt: 20.5",
    "requestParameters.dryRun: 'False'",
    "requestParameters.dryRun: false",
    "requestParameters.items.tag: red",
    "requestParameters.items.tag: blue",
    "requestParameters.items.tag|re: BLUE",
    "requestParameters.items.other.deep: 7",
    "requestParameters|contains: '\"tag\":\"red\"'",
    "requestParameters|contains: '\"Principal\": \"*\"'",
    "requestParameters.items|contains: '*'",
    "requestParameters.ranges.items.cidr: 192.0.2.0/24",
    "requestParameters.ranges.items.cidr|startswith: '10.'",
    "requestParameters.lists: flat",
    "requestParameters.lists: FAR",
    "requestParameters.lists: 4",
    "requestParameters.lists.key: near",
    "requestParameters.lists.key|cased: further",
    "requestParameters.lists|contains: '[\"far\",'",
    "requestParameters.items|exists: true",
    "requestParameters.nothing|exists: false",
    "requestParameters.userName|fieldref: userIdentity.arn",
    "requestParameters.userName|fieldref|endswith: userIdentity.userName",
    "userIdentity.arn|fieldref|endswith: userIdentity.userName",
    "userIdentity.userName: ALICE",
)  # fmt: skip

MISSES = (
    "eventName: Instances",
    "eventName: Run?",
    "eventName|cased: runinstances",
    "eventName|re: ^run",
    "eventName|contains: '_'",
    "userAgent: ''",
    "userAgent|contains|all: [aws-cli, ruby]",
    "sourceIPAddress|cidr: 198.51.101.0/24",
    "sourceIPAddress|cidr: 2001:db8::/32",
    "errorCode: '*'",
    "errorCode|contains: '*'",
    "responseElements|contains: '*'",
    "requestParameters.monitoring: '*'",
    "requestParameters.instanceType: null",
    "requestParameters.maxCount|gt: 20",
    "requestParameters.items.tag: green,BLUE",
    "requestParameters.items.tag: '7'",
    "requestParameters.items.deep: 7",
    "requestParameters.items|exists: false",
    "requestParameters.lists: near",
    "requestParameters.lists.key: far",
    "requestParameters.lists.key|cased: NEAR",
    "requestParameters.tag: red",
    "requestParameters.instanceType|fieldref: userIdentity.arn",
    "requestParameters.nothing|fieldref: requestParameters.nothing",
)


@pytest.fixture(scope="module")
def found(store: DuckStore, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RuleHits]:
    """Every condition above, and its opposite, asked in one go."""
    folder = tmp_path_factory.mktemp("rules")
    for number, condition in enumerate((*HITS, *MISSES)):
        for word in ("", "not "):
            (folder / f"{number:03d}{word}.yml").write_text(
                f"title: >-\n  {word}{condition}\nlogsource: {{product: aws, service: cloudtrail}}\n"
                f"detection:\n  s:\n    {condition}\n  condition: {word}s\n"
            )
    return {row.title: row for row in detect(store, load([folder])).rules}


@pytest.mark.parametrize("condition", HITS)
def test_a_condition_that_holds(found: dict[str, RuleHits], condition: str) -> None:
    assert (found[condition].error, found[condition].hits) == ("", 1)
    assert found[f"not {condition}"].hits == 0


@pytest.mark.parametrize("condition", MISSES)
def test_a_condition_that_does_not_hold_and_whose_opposite_does(found: dict[str, RuleHits], condition: str) -> None:
    assert (found[condition].error, found[condition].hits) == ("", 0)
    assert found[f"not {condition}"].hits == 1


@pytest.mark.parametrize(
    ("detection", "hits"),
    [
        ("  k: ['P3.2xlarge']\n  condition: k", 1),
        ("  k: ['p2*large', 'p3*large']\n  condition: k", 1),
        ("  k: ['no such words']\n  condition: k", 0),
        ("  k:\n    '|all': [alice, 198.51]\n  condition: k", 1),
        ("  k:\n    '|all': [alice, bob]\n  condition: k", 0),
        ("  a: {eventName: X}\n  b: {errorCode: null}\n  condition: 1 of them", 1),
        ("  a: {eventName: X}\n  b: {errorCode: null}\n  condition: all of them", 0),
        ("  sel: {eventName: Run*}\n  filter_a: {awsRegion: us-east-1}\n  filter_b: {requestParameters.tag: x}\n  condition: sel and not 1 of filter_*", 1),
        ("  sel: {eventName: Run*}\n  filter_a: {awsRegion: us-east-1}\n  filter_b: {requestParameters.maxCount: 20}\n  condition: sel and not 1 of filter_*", 0),
        ("  sel:\n    - eventName: Stop*\n    - requestParameters.items.tag: red\n  condition: sel", 1),
        ("  a: {eventName: Run*}\n  b: {requestParameters.maxCount: 20}\n  c: {awsRegion: x}\n  condition: a and (b or c) and not (b and c)", 1),
    ],
)  # fmt: skip
def test_keywords_and_conditions_of_several_parts(asked: Asked, detection: str, hits: int) -> None:
    row = asked(detection)
    assert (row.error, row.hits) == ("", hits)


@pytest.mark.parametrize(
    "detection",
    [
        "  s: {eventName|re: '(?<=a)b'}\n  condition: s",
        "  s: {eventName|expand: '%unknown%'}\n  condition: s",
        "  s: {eventName: a}\n  condition: t",
        "  s: {eventName|nonsense: a}\n  condition: s",
        "  s: {eventName: a}\n  condition: s and (",
    ],
)
def test_a_rule_that_cannot_be_asked_says_why(asked: Asked, detection: str) -> None:
    row = asked(detection)
    assert row.hits == 0
    assert row.error


def test_a_broken_rule_does_not_stop_the_others(store: DuckStore, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("title: [\n")
    (tmp_path / "b.yml").write_text(
        "title: Good\nid: 5b0a5ba3-67b2-4a5f-9a2e-0d5b2c7f9f11\nlevel: high\ntags: [attack.impact, attack.t1496]\n"
        "logsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: RunInstances}, condition: s}\n"
    )
    (tmp_path / "c.yml").write_text(
        "title: Elsewhere\nlogsource: {product: azure}\ndetection: {s: {a: b}, condition: s}\n"
    )
    report: DetectReport = detect(store, load([tmp_path]))
    broken, good, elsewhere = report.rules
    assert broken.error
    assert good.rule == "5b0a5ba3-67b2-4a5f-9a2e-0d5b2c7f9f11"
    assert (good.hits, good.level, good.techniques, good.file) == (1, "high", ("T1496",), "b.yml")
    assert good.first_us == good.last_us == 1_794_006_600_000_000
    assert elsewhere.skipped == "no log of its kind is read here: azure"
    assert report.hit == [good]


def test_the_ids_of_hits_are_those_of_events(store: DuckStore, asked: Asked) -> None:
    from hikeshi.stores.store import Query

    [event] = store.events(Query())
    assert asked("  s: {eventName: RunInstances}\n  condition: s").uids == (event["event_uid"],)


def test_an_empty_store_is_asked_too(tmp_path: Path) -> None:
    if not PUBLIC.is_dir():
        pytest.skip("../shared/data/sigma-rules-aws is not here")
    report = detect(DuckStore(tmp_path), load([PUBLIC]))
    assert (report.events, report.events_hit, report.hit) == (0, 0, [])
