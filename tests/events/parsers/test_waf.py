"""WAF: what was blocked, by what rule, for whom."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "waf"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_blocked_request_says_who_asked_what_and_which_rule_it_was() -> None:
    blocked = sample("s3.jsonl")[0]
    assert (blocked.action, blocked.outcome, blocked.http_status) == ("BLOCK", "denied", 403)
    assert (blocked.src_ip, blocked.method, blocked.user_agent) == ("198.51.100.23", "GET", "sqlmap/1.7")
    assert blocked.url == "https://shop.example.com/orders?id=1'+or+1=1"
    assert (blocked.account, blocked.region) == ("111122223333", "ap-northeast-1")
    assert blocked.message.endswith("from 198.51.100.23: SQLi")
    assert (blocked.ts_precision, blocked.ts_raw) == ("ms", "1793974800512")


def test_the_rule_inside_a_group_is_the_one_named() -> None:
    assert sample("s3.jsonl")[3].message.endswith(": AWS#AWSManagedRulesCommonRuleSet RestrictedExtensions")


def test_what_no_rule_stopped_names_none() -> None:
    allowed = sample("s3.jsonl")[1]
    assert (allowed.outcome, allowed.src_ip) == ("success", "2001:db8::7")
    assert "Default_Action" not in allowed.message


def test_a_captcha_that_was_shown_is_a_denial() -> None:
    shown = sample("s3.jsonl")[2]
    assert (shown.outcome, shown.http_status) == ("denied", 405)
    assert msgspec.json.decode(shown.attrs or b"")["captchaResponse"]["failureReason"] == "TOKEN_MISSING"


def test_a_captcha_that_was_solved_is_none() -> None:
    solved = msgspec.json.decode((SAMPLES / "s3.jsonl").read_bytes().splitlines()[2]) | {"responseCodeSent": None}
    (event,) = read(Source.of(msgspec.json.encode(solved)))
    assert isinstance(event, Event)
    assert event.outcome == "success"


def test_the_same_request_is_the_same_event_in_every_delivery() -> None:
    assert [e.event_uid for e in sample("cloudwatch.json")] == [e.event_uid for e in sample("s3.jsonl")]
    assert {e.source_variant for e in sample("cloudwatch.json")} == {"cloudwatch"}
    assert sample("single.json")[0].event_uid == sample("s3.jsonl")[0].event_uid


def test_fields_of_another_type_do_not_cost_the_record() -> None:
    odd, *others = parse([SAMPLES / "damaged.jsonl"])
    assert isinstance(odd, Event)
    assert (odd.http_status, odd.dst_host, odd.ts) == (None, "shop.example.com", 1793974801000000)
    assert [type(other) for other in others] == [Unreadable] * 3


def test_real_records_are_read_to_the_last(shared_data: Path) -> None:
    path = shared_data / "aws-service-log-samples" / "waf.jsonl.gz"
    if not path.exists():
        pytest.skip("../shared/data/aws-service-log-samples is not here")
    assert [type(event) for event in parse([path])] == [Event] * 26


def test_copies_of_a_siem_are_read(shared_data: Path) -> None:
    path = shared_data / "panther-analysis-tests" / "AWS.WAFWebACL.jsonl.gz"
    if not path.exists():
        pytest.skip("../shared/data/panther-analysis-tests is not here")
    content = Source(str(path), path.open("rb")).body()
    logs = [msgspec.json.decode(line)["log"] for line in content.splitlines()]
    found = list(read(Source.of(b"\n".join(msgspec.json.encode(log) for log in logs))))
    assert [type(event) for event in found] == [Event] * 35
