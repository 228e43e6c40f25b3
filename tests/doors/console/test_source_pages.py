"""Sources in the console: the secret once, health, and what was not understood."""

from __future__ import annotations

import pytest
from django.test import Client

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import system
from hikeshi.desk.alerts import verbs
from hikeshi.desk.alerts.models import Delivery, Source

pytestmark = pytest.mark.django_db


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(Person.objects.create(username=role, role=role))
    return client


def test_an_administrator_adds_a_webhook_and_sees_its_secret_once() -> None:
    client = signed_in("admin")
    shown = client.post("/sources/add/", {"name": "siem", "proof": "hmac"}).content.decode()
    secret = Source.objects.get().secret
    assert secret in shown
    assert secret not in client.get("/sources/").content.decode()
    assert Source.objects.get().secret not in {"", client.post("/sources/siem/rotate/").content.decode()}
    assert Source.objects.get().secret != secret
    assert client.post("/sources/siem/disable/", {"reason": ""}).status_code == 403
    client.post("/sources/siem/disable/", {"reason": "replaced"})
    assert not Source.objects.get().enabled
    client.post("/sources/siem/enable/")
    assert Source.objects.get().enabled


def test_others_see_health_and_change_nothing() -> None:
    client = signed_in("responder")
    assert client.get("/sources/").status_code == 200
    assert client.post("/sources/add/", {"name": "siem", "proof": "hmac"}).status_code == 403
    assert signed_in("observer").get("/sources/").status_code == 404


def test_what_was_not_understood_is_read_again_or_dismissed() -> None:
    row = verbs.receive(b"broken <script>", actor=system("t", "intake"), source="t")
    client = signed_in("responder")
    assert client.post(f"/sources/deliveries/{row.pk}/", {"act": "reread"}).status_code == 403
    assert client.post(f"/sources/deliveries/{row.pk}/", {"act": "dismiss", "reason": ""}).status_code == 403
    client.post(f"/sources/deliveries/{row.pk}/", {"act": "dismiss", "reason": "a scanner"})
    assert Delivery.objects.get().dismissed_by == "responder"
