"""Payloads in every wrapping and encoding: what is good is used, what is bad is named."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hikeshi.errors import Unreadable
from hikeshi.signals import decoding
from hikeshi.signals.reading import SIGNAL_LIMIT, Reading, read, read_signals

SAMPLES = Path(__file__).parents[1] / "samples" / "signals"
SHARED = Path(__file__).parents[3] / "shared" / "data"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared test data is not on this machine")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_bytes())


def bare(finding_id: str = "f-1", **changed: Any) -> dict[str, Any]:
    finding: dict[str, Any] = sample("guardduty/eventbridge.json")["detail"]
    return finding | {"id": finding_id} | changed


def said(*documents: Any) -> Reading:
    return read(json.dumps(list(documents)).encode(), "x")


def test_the_copies_of_a_finding_have_one_key_and_one_cause() -> None:
    copies = [
        read((SAMPLES / name).read_bytes(), "x").signals
        for name in ("guardduty/eventbridge.json", "securityhub/imported.json", "ocsf/v2-event.json")
    ]
    signals = [one for signals in copies for one in signals if one.key.startswith("guardduty:")]
    assert len(signals) == 3
    assert len({one.key for one in signals}) == len({one.fingerprint for one in signals}) == 1
    assert {one.instance_id for one in signals} == {"i-0123456789abcdef0"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    text = json.dumps(bare(title="侵入の疑い"), ensure_ascii=False)
    [signal] = read_signals(text.encode(encoding), "x")
    assert signal.title == "侵入の疑い"


def test_json_in_another_encoding_is_named_with_the_byte() -> None:
    problem = read(json.dumps(bare(title="侵入"), ensure_ascii=False).encode("shift_jis"), "sqs").problems[0]
    assert "not UTF-8 text" in str(problem)
    assert problem.place.startswith("byte ")


def test_good_findings_among_bad_ones_are_used_and_the_bad_are_named() -> None:
    nameless = bare()
    del nameless["id"]
    found = said(bare("f-1"), nameless, {"weather": "fine"}, bare("f-2"))
    assert [one.key.rpartition(":")[2] for one in found.signals] == ["f-1", "f-2"]
    assert [problem.place for problem in found.problems] == ["guardduty $[1]", "$[2]"]
    assert found.problem.startswith("2 of 4 parts not understood:")


def test_a_bad_line_among_json_lines_is_named() -> None:
    lines = [json.dumps(bare("f-1")), '{"half', json.dumps(bare("f-2"))]
    found = read("\n".join(lines).encode(), "x")
    assert len(found.signals) == 2
    assert found.problems[0].place.startswith("line 2 ")


def test_different_shapes_may_lie_in_one_batch() -> None:
    found = said(sample("guardduty/eventbridge.json"), sample("cloudwatch/sns.json"), sample("wazuh/ssh.json"))
    assert [one.key.partition(":")[0] for one in found.signals] == ["guardduty", "cloudwatch", "wazuh"]
    assert found.problems == []


@pytest.mark.parametrize("name", ["guardduty/eventbridge.json", "securityhub/imported.json", "wazuh/ssh.json"])
def test_sns_may_wrap_every_shape(name: str) -> None:
    wrapped = {"Type": "Notification", "TopicArn": "arn:aws:sns:::t", "Message": json.dumps(sample(name))}
    in_sqs = {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": json.dumps(wrapped)}]}
    assert said(in_sqs).signals == said(wrapped).signals == read((SAMPLES / name).read_bytes(), "x").signals


def test_a_time_in_the_future_is_kept_and_marked() -> None:
    late = (datetime.now(UTC) + timedelta(days=400)).replace(microsecond=0)
    finding = bare()
    finding["service"]["eventLastSeen"] = late.isoformat()
    [signal] = said(finding).signals
    assert signal.last_seen_at == late
    assert "future" in signal.doubts[0].en
    assert said(bare()).signals[0].doubts == ()


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "not JSON"), (b"[]", "empty"), (b"1" * 5000, "not JSON"), (b'"text"', "no alert in it that we know"),
        (b"[" * 100_000, "nested too deeply"), (b'{"a":' * 80 + b"1" + b"}" * 80, "more than 64 levels"),
        (b" " * (decoding.PAYLOAD_LIMIT + 1), "an alert may have"),
    ],
)  # fmt: skip
def test_what_is_no_alert_is_named(payload: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_signals(payload, "x")


def test_more_signals_than_the_limit_are_named() -> None:
    small = {"id": "f", "type": "t", "severity": 1, "accountId": "1"}
    found = said(*[small | {"id": str(number)} for number in range(SIGNAL_LIMIT + 5)])
    assert len(found.signals) == SIGNAL_LIMIT
    assert "more than 2,000" in found.problem


def test_long_ids_stay_apart_and_long_titles_are_cut_with_a_mark() -> None:
    one, two = said(bare("x" * 500 + "1"), bare("x" * 500 + "2", title="t" * 900)).signals
    assert one.key != two.key
    assert len(one.key) == len(two.key) == 200
    assert two.title.endswith("…")


def test_letters_that_no_database_takes_are_left_out() -> None:
    [signal] = read_signals(json.dumps(bare(title="a\x00b\ud800c\u2028d")).encode(), "x")
    assert signal.title == "a b c d"


@pytest.mark.parametrize("severity", ["NaN", "Infinity", "-1", '"high"', "1e999", "null"])
def test_odd_severities_stay_within_bounds(severity: str) -> None:
    text = json.dumps(bare()).replace('"severity": 8', f'"severity": {severity}')
    [signal] = read_signals(text.encode(), "x")
    assert 0 <= signal.score <= 10


def test_a_reader_that_does_not_exist_is_named_with_those_that_do() -> None:
    assert "wazuh" in read(b"{}", "x", "wasuh").problem


def test_an_alarm_that_ends_is_the_same_alert_and_over() -> None:
    for name, begin, end in (
        ("cloudwatch", "alarm.json", "ok.json"), ("awsconfig", "broken.json", "kept-again.json"),
        ("alertmanager", "firing.json", "resolved.json"), ("grafana", "firing.json", "resolved.json"),
    ):  # fmt: skip
        before = read_signals((SAMPLES / name / begin).read_bytes(), "x")[0]
        [after] = read_signals((SAMPLES / name / end).read_bytes(), "x")
        assert (before.key, before.fingerprint) == (after.key, after.fingerprint), name
        assert (before.archived, after.archived) == (False, True)
        assert after.last_seen_at is not None
        assert before.last_seen_at is not None
        assert after.last_seen_at > before.last_seen_at


@needs_shared
def test_real_findings_are_all_understood() -> None:
    packed = [
        SHARED / "panther-analysis-tests" / f"AWS.{name}.jsonl.gz" for name in ("GuardDuty", "SecurityFindingFormat")
    ]
    lines = [json.loads(line)["log"] for path in packed for line in gzip.decompress(path.read_bytes()).splitlines()]
    paths = [*(SHARED / "guardduty-findings").glob("*.json"), *(SHARED / "ocsf-aws-pairs").glob("*Finding*")]
    for payload in [*(json.dumps(line).encode() for line in lines), *(path.read_bytes() for path in paths)]:
        found = read(payload, "x")
        assert found.signals, payload[:200]
        assert found.problems == []


@needs_shared
def test_guardduty_in_asff_has_the_type_that_the_ground_truth_names() -> None:
    path = SHARED / "guardduty-findings" / "securityhub-asff-guardduty-findings.json"
    written = [finding["Types"][0].rpartition("/")[2] for finding in json.loads(path.read_bytes())["Findings"]]
    found = [signal.kind for signal in read_signals(path.read_bytes(), "x")]
    assert [kind.replace("/", "-", 1) for kind in found[:3]] == written[:3]
    assert found[3:] == ["TTPs/Discovery/IAMUser-AnomalousBehavior"]  # the source itself left out the colon


@needs_shared
def test_both_forms_of_a_finding_say_the_same() -> None:
    for path in (SHARED / "ocsf-aws-pairs").glob("*Finding*.raw"):
        [raw], [twin] = read_signals(path.read_bytes(), "x"), read_signals(path.with_suffix(".ocsf").read_bytes(), "x")
        assert (raw.title, raw.kind, raw.account, raw.region) == (twin.title, twin.kind, twin.account, twin.region)


@needs_shared
def test_calls_and_other_events_are_no_alerts() -> None:
    for path in (SHARED / "eventbridge-shapes").glob("event-cloud-trail-*.json"):
        assert "no alert in it that we know" in read(path.read_bytes(), "x").problem
