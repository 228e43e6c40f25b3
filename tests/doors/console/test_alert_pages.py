"""Triage: the queue, the raw payload, the verdict, and declaring from an alert."""

from __future__ import annotations

import pytest
from django.test import Client

from doors.console.house import HIKESHI, hostile_alert, signed_in
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.incidents.models import Incident


@pytest.fixture
def alert(db: None) -> Alert:
    return hostile_alert()


@pytest.fixture
def client(other: Person) -> Client:
    return signed_in(other)


def test_hostile_titles_and_payloads_are_text(client: Client, alert: Alert) -> None:
    for address in ("/alerts/", f"/alerts/{alert.pk}/", f"/declare/?alert={alert.pk}", "/"):
        text = client.get(address).content.decode()
        assert "<script>alert" not in text, address
        assert "<img src=x" not in text, address
        assert "&lt;script&gt;" in text, address


def test_a_payload_comes_back_byte_for_byte(client: Client) -> None:
    row = alerts.receive(b'{"broken": \xff', actor=HIKESHI, source="sqs")
    answer = client.get(f"/alerts/deliveries/{row.pk}/payload/")
    assert b"".join(answer.streaming_content) == b'{"broken": \xff'  # type: ignore[attr-defined]  # a FileResponse
    assert answer["Content-Type"] == "application/octet-stream"
    assert "Not understood" in client.get("/alerts/").content.decode()


def test_a_verdict_needs_a_reason_and_keeps_the_choice(client: Client, alert: Alert) -> None:
    refused = client.post(f"/alerts/{alert.pk}/", {"verdict": "benign", "reason": " "})
    assert refused.status_code == 403
    assert 'value="benign" required checked' in refused.content.decode()
    assert client.post(f"/alerts/{alert.pk}/", {"verdict": "benign", "reason": "our scanner"}).status_code == 302
    assert "our scanner" in client.get(f"/alerts/{alert.pk}/").content.decode()
    assert str(alert) not in client.get("/alerts/").content.decode()
    assert str(alert) in client.get("/alerts/?show=judged").content.decode()


def test_declaring_takes_the_alert_up(client: Client, alert: Alert) -> None:
    typed = {"alert": alert.pk, "title": "It is real", "severity": "1", "reason": "Files are changing"}
    assert client.post("/declare/", typed).status_code == 302
    incident = Incident.objects.get()
    assert (incident.severity, incident.simulated, list(incident.alerts.all())) == (1, True, [alert])
    assert client.get(f"/declare/?alert={alert.pk}")["Location"] == f"/incidents/{incident.name}/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"reason": ""},
        {"severity": "9"},
        {"severity": ""},
        {"detected_at": "soon"},
        {"detected_at": "2099-01-01T00:00"},
    ],
)
def test_what_cannot_be_declared_keeps_what_was_typed(client: Client, wrong: dict[str, str]) -> None:
    typed = {"title": "Phishing in sales", "severity": "3", "reason": "One password typed", "detected_at": ""} | wrong
    answer = client.post("/declare/", typed)
    assert answer.status_code == 403
    for value in typed.values():
        if len(value) > 9:
            assert value in answer.content.decode()
    assert not Incident.objects.exists()


def test_the_time_of_detection_is_read_in_the_person_s_zone(other: Person) -> None:
    other.time_zone = "UTC"
    other.save()
    typed = {"title": "t", "severity": "3", "reason": "r", "detected_at": "2026-01-02T03:04"}
    assert signed_in(other).post("/declare/", typed).status_code == 302
    assert Incident.objects.get().detected_at.isoformat() == "2026-01-02T03:04:00+00:00"
