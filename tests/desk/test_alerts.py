"""What arrives is kept as it came, understood where possible, and never twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert, Delivery
from hikeshi.desk.alerts.severity import suggest_severity
from hikeshi.errors import Refused, Unreadable
from hikeshi.signals.reading import read_signals
from tests_findings import finding

pytestmark = pytest.mark.django_db


def receive(payload: bytes, actor: Actor, message: str = "") -> Delivery:
    return alerts.receive(payload, actor=actor, source="sqs", message_id=message)


def test_a_payload_is_kept_byte_for_byte(hikeshi: Actor) -> None:
    payload = finding().replace(b": ", b" :  ")
    row = receive(payload, hikeshi)
    kept = Delivery.objects.get(pk=row.pk)
    assert bytes(kept.payload) == payload
    assert kept.payload_sha256 == hashlib.sha256(payload).hexdigest()


def test_a_finding_is_understood(hikeshi: Actor) -> None:
    row = receive(finding(), hikeshi)
    alert = row.alerts.get()
    assert (alert.kind, alert.instance_id) == ("Backdoor:EC2/C&CActivity.B", "i-0abc")
    assert (alert.resource_role, alert.remote_address, alert.score) == ("ACTOR", "203.0.113.66", 8.0)
    assert alert.suggested_severity == 2


def test_the_same_message_is_kept_once(hikeshi: Actor) -> None:
    first, second = receive(finding(), hikeshi, "m-1"), receive(finding(), hikeshi, "m-1")
    assert first == second
    assert Delivery.objects.count() == 1


def test_a_repeat_of_a_finding_updates_its_alert(hikeshi: Actor) -> None:
    receive(finding(), hikeshi, "m-1")
    later = json.loads(finding())
    later["detail"]["service"] |= {"count": 9, "eventLastSeen": "2026-11-06T19:00:00Z"}
    receive(json.dumps(later).encode(), hikeshi, "m-2")
    assert Alert.objects.get().times_seen == 9
    assert Delivery.objects.count() == 2


@pytest.mark.parametrize(
    "payload", [b"{", b"\xff\xfe", b"[" * 200_000, b"null", b'{"detail": {}}', b"", b"x" * 2_000_000]
)
def test_what_cannot_be_understood_is_set_aside_with_the_reason(hikeshi: Actor, payload: bytes) -> None:
    row = receive(payload, hikeshi)
    assert not row.alerts.exists()
    assert row.problem
    assert bytes(row.payload) == payload


def test_a_malformed_payload_says_where(hikeshi: Actor) -> None:
    row = receive(b'{"detail": {"id": "x",}}', hikeshi)
    assert "line 1 column" in row.problem


def test_both_spellings_of_a_finding_are_the_same(hikeshi: Actor) -> None:
    camel = json.loads(finding())["detail"]

    def pascal(value: object) -> object:
        if isinstance(value, dict):
            return {key[:1].upper() + key[1:]: pascal(part) for key, part in value.items()}
        return value

    assert read_signals(json.dumps(pascal(camel)).encode(), "x") == read_signals(
        json.dumps({"Findings": [camel]}).encode(), "x"
    )


@pytest.mark.parametrize(
    "service",
    [
        {"additionalInfo": {"sample": True}},
        {"additionalInfo": {"value": '{"sample": true}', "type": "default"}},
    ],
)
def test_samples_are_recognised(service: dict[str, object]) -> None:
    [signal] = read_signals(finding(service=service), "x")
    assert signal.sample


def test_a_target_is_an_attempt() -> None:
    [signal] = read_signals(finding(service={"resourceRole": "TARGET"}), "x")
    severity, reasons = suggest_severity(signal)
    assert severity == 4
    assert "target" in reasons[0].en


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda part: (
            st.lists(part)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "detail",
                        "findings",
                        "Id",
                        "id",
                        "type",
                        "severity",
                        "service",
                        "action",
                        "resource",
                        "additionalInfo",
                        "x",
                    ]
                ),
                part,
            )
        ),
        max_leaves=30,
    )
)
def test_no_json_whatever_breaks_it(document: object) -> None:
    with contextlib.suppress(Unreadable):
        read_signals(json.dumps(document).encode(), "fuzz")


def test_a_verdict_needs_a_reason(hikeshi: Actor, off_it: Actor) -> None:
    row = receive(finding(), hikeshi)
    assert row.alerts.exists()
    with pytest.raises(Refused, match="needs a reason"):
        alerts.triage(row.alerts.get(), actor=off_it, verdict="false", reason=" ")
    alerts.triage(row.alerts.get(), actor=off_it, verdict="false", reason="scanner of our own")
    assert Alert.objects.get().verdict == "false"


def test_an_outsider_may_not_judge(hikeshi: Actor, outsider: Actor) -> None:
    row = receive(finding(), hikeshi)
    assert row.alerts.exists()
    with pytest.raises(Refused, match="may not"):
        alerts.triage(row.alerts.get(), actor=outsider, verdict="false", reason="x")


def test_real_findings_are_understood(hikeshi: Actor, shared_data: Path) -> None:
    folder = shared_data / "guardduty-findings"
    if not folder.is_dir():
        pytest.skip("../shared/data/guardduty-findings is not here")
    for path in sorted(folder.glob("eventbridge-*.json")):
        row = receive(path.read_bytes(), hikeshi)
        assert row.alerts.exists(), (path.name, row.problem)
