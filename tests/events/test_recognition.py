"""Logs quote each other: which log it is, the record's own keys say, and no two parsers claim the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hikeshi.events.parsers import PARSERS

SAMPLES = Path(__file__).parents[1] / "samples"

FIRST = {
    "awsconfig": "notification.json",
    "cloudtrail": "single.json",
    "guardduty": "eventbridge.json",
    "kubernetes_audit": "audit.jsonl",
    "ocsf": "single.json",
    "resolver": "single.json",
    "securityhub": "export.jsonl",
    "waf": "single.json",
}
"""A record of each log in JSON."""


def record(name: str) -> dict[str, Any]:
    content = (SAMPLES / name / FIRST[name]).read_bytes()
    return dict(msgspec.json.decode(content.splitlines()[0] if FIRST[name].endswith("l") else content))


def who_claims(content: bytes) -> list[str]:
    return [name for name, parser in PARSERS.items() if parser.recognises(content[: 64 * 1024])]


@pytest.mark.parametrize("outer", FIRST)
@pytest.mark.parametrize("inner", FIRST)
def test_a_record_that_quotes_another_log_is_still_its_own(outer: str, inner: str) -> None:
    quoting = {"quoted": record(inner), "asText": msgspec.json.encode(record(inner)).decode()} | record(outer)
    assert who_claims(msgspec.json.encode(quoting)) == [outer]
    assert who_claims(msgspec.json.encode(record(outer) | {"quoted": [record(inner)]})) == [outer]


@pytest.mark.parametrize("name", FIRST)
def test_the_order_of_keys_does_not_matter(name: str) -> None:
    backwards = dict(reversed(record(name).items()))
    assert who_claims(msgspec.json.encode(backwards)) == [name]
    assert who_claims(msgspec.json.encode([backwards, backwards])) == [name]


def test_what_s3_tells_its_subscribers_is_no_trail() -> None:
    told = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0"},
    }
    assert who_claims(msgspec.json.encode({"Records": [told]})) == []


def test_names_of_columns_are_no_keys() -> None:
    assert who_claims(b'eventTime,"eventSource","eventName"\n2026-11-06 14:20:00,"iam","{""eventName"":1}"\n') == [
        "cloudtrail_csv"
    ]


def test_json_inside_a_page_is_found_by_its_words() -> None:
    assert who_claims(b"The answer is::\n\n  " + msgspec.json.encode(record("cloudtrail"))) == ["cloudtrail"]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("eventbridge-shapes", {"awsconfig": 1, "cloudtrail": 20, "guardduty": 2, "securityhub": 2, "": 5}),
        (
            "ocsf-aws-pairs",
            {"cloudtrail": 6, "kubernetes_audit": 2, "ocsf": 17, "resolver": 2, "securityhub": 3, "waf": 2},
        ),
        ("guardduty-findings", {"guardduty": 8, "securityhub": 1}),
    ],
)
def test_real_records_are_claimed_by_one_parser_at_most(
    shared_data: Path, folder: str, expected: dict[str, int]
) -> None:
    if not (shared_data / folder).is_dir():
        pytest.skip(f"../shared/data/{folder} is not here")
    counts: dict[str, int] = {}
    for path in (shared_data / folder).iterdir():
        if (
            path.suffix in {".json", ".ocsf", ".raw", ".rst"}
            and "VPC_Flowlogs__samples__vpcflowlog.raw" not in path.name
        ):
            claimed = who_claims(path.read_bytes())
            assert len(claimed) <= 1, (path.name, claimed)
            counts["".join(claimed)] = counts.get("".join(claimed), 0) + 1
    assert counts == expected
