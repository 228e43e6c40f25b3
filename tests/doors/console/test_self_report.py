"""The form anybody in the company may fill in: no account, no more than it should take, and a number to quote."""

from __future__ import annotations

import json

import msgspec
import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from hikeshi.desk.alerts.models import Alert, Delivery
from hikeshi.doors.console import limits

pytestmark = pytest.mark.django_db
SENT = {
    "what": "添付を開いたら https://evil.example/x が開いた",
    "when": "今朝",
    "device": "PC-0123",
    "call_back": "田中 5-1234",
}


@pytest.fixture(autouse=True)
def switched_on(settings: Settings) -> None:
    cache.clear()
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, self_report=True, self_report_word="")


def test_a_report_is_kept_becomes_an_alert_and_has_a_number() -> None:
    answer = Client().post("/report/", SENT)
    assert answer.status_code == 302
    number = answer["Location"].split("/")[2]
    alert = Alert.objects.get()
    assert alert.title.startswith(f"{number}: 添付を開いたら hxxps://evil[.]example/x")
    kept = json.loads(bytes(Delivery.objects.get().payload))
    assert {name: kept[name] for name in SENT} == SENT
    assert set(alert.group.observables.values_list("kind", "value")) >= {
        ("host", "PC-0123"),
        ("domain", "evil.example"),
    }
    page = Client().get(answer["Location"]).content.decode()
    assert number in page
    assert "Do not switch the machine off" in page


def test_who_has_chosen_no_language_gets_that_of_their_browser() -> None:
    page = Client().get("/report/", headers={"Accept-Language": "ja,en;q=0.5"})
    assert '<html lang="ja">' in page.content.decode()
    assert "Accept-Language" in page["Vary"]
    assert '<html lang="en">' in Client().get("/report/", headers={"Accept-Language": "fr"}).content.decode()


def test_both_pages_speak_japanese() -> None:
    client = Client()
    client.cookies["hikeshi_language"] = "ja"
    assert "何が起きましたか" in client.get("/report/").content.decode()
    assert "電源を切らない" in client.get("/report/7K3-M9Q/").content.decode()


def test_switched_off_there_is_no_such_page(settings: Settings) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, self_report=False)
    assert [Client().get(address).status_code for address in ("/report/", "/report/7K3-M9Q/")] == [404, 404]
    assert Client().post("/report/", SENT).status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"what": " "},
        {"what": "x" * 4001},
        {"device": "x" * 201},
        {"website": "http://spam.example"},
        {"what": "x" * 70_000},
    ],
)
def test_what_is_not_taken_says_why_keeps_what_was_typed_and_stores_nothing(changed: dict[str, str]) -> None:
    answer = Client().post("/report/", SENT | changed)
    assert answer.status_code == 422
    assert "This was not sent." in answer.content.decode()
    assert "田中 5-1234" in answer.content.decode()
    assert not Delivery.objects.exists()


def test_the_word_is_asked_where_there_is_one(settings: Settings) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, self_report_word="Umbrella")
    assert Client().post("/report/", SENT).status_code == 422
    assert Client().post("/report/", SENT | {"word": "parasol"}).status_code == 422
    assert Client().post("/report/", SENT | {"word": "ｕｍｂｒｅｌｌａ "}).status_code == 302
    assert "Umbrella" not in Client().get("/report/").content.decode()


def test_many_reports_from_one_address_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRIES", 2)
    codes = [Client().post("/report/", SENT).status_code for _ in range(3)]
    assert codes == [302, 302, 429]
    assert Client().get("/report/").status_code == 200


def test_a_made_up_number_is_not_found_and_finds_nothing_out() -> None:
    assert Client().get("/report/<script>/").status_code == 404
    assert Client().get("/report/7K3-M9Q/").status_code == 200


def test_a_post_from_another_site_is_refused() -> None:
    assert Client(enforce_csrf_checks=True).post("/report/", SENT).status_code == 403
