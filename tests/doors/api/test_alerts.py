"""Payloads in, byte for byte; judged by those who may."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from doors.api.caller import Caller
from hikeshi.desk.alerts.models import Alert, Delivery
from tests_findings import finding


def _send(caller: Caller, payload: bytes, query: str = "", status: int = 202) -> dict[str, Any]:
    answer = caller("post", f"/alerts{query}", data=payload, content_type="application/octet-stream")
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = answer.json()  # type: ignore[attr-defined]  # the test client's answer
    return body


def test_a_payload_is_kept_byte_for_byte_and_becomes_an_alert(off_it: Caller) -> None:
    payload = b"  " + finding() + b"\n"
    kept = _send(off_it, payload)
    assert kept["payload_sha256"] == hashlib.sha256(payload).hexdigest()
    assert bytes(Delivery.objects.get().payload) == payload
    shown = off_it.get(f"/alerts/{kept['alerts'][0]}")
    assert (shown["instance_id"], shown["suggested_severity"], shown["verdict"]) == ("i-0abc", 2, "")
    assert {"en", "ja"} == shown["reasons"][0].keys()


def test_the_same_message_twice_is_kept_once(off_it: Caller) -> None:
    _send(off_it, finding(), "?message_id=m1")
    _send(off_it, finding(), "?message_id=m1")
    assert (Delivery.objects.count(), Alert.objects.count()) == (1, 1)


@pytest.mark.parametrize("payload", [b"", b"\x00\xff", b"[" * 100_000, b'{"a": 1}', b"null", b"1" * (1024 * 1024 + 1)])
def test_what_cannot_be_understood_is_kept_with_the_problem_named(off_it: Caller, payload: bytes) -> None:
    kept = _send(off_it, payload)
    assert kept["alerts"] == []
    assert kept["problem"]
    assert bytes(Delivery.objects.get().payload) == payload


def test_a_body_beyond_the_limit_is_413_and_nothing_is_kept(off_it: Caller) -> None:
    answer = off_it("post", "/alerts", data=b"x" * (6 * 1024 * 1024), content_type="application/json")
    assert answer.status_code == 413
    assert not Delivery.objects.exists()


def test_a_verdict_needs_a_reason_and_is_recorded(off_it: Caller) -> None:
    name = _send(off_it, finding())["alerts"][0]
    assert off_it.post(f"/alerts/{name}/triage", {"verdict": "benign", "reason": " "}, 403)["hint"]
    assert off_it.post(f"/alerts/{name}/triage", {"verdict": "maybe", "reason": "?"}, 403)["hint"]
    shown = off_it.post(f"/alerts/{name}/triage", {"verdict": "benign", "reason": "a scanner of ours"})
    assert (shown["verdict"], shown["verdict_reason"]) == ("benign", "a scanner of ours")
    assert off_it.get("/alerts?waiting=true")["items"] == []
    assert len(off_it.get("/alerts?waiting=false")["items"]) == 1


def test_an_observer_may_neither_list_nor_send_nor_learn_what_exists(observer: Caller, off_it: Caller) -> None:
    name = _send(off_it, finding())["alerts"][0]
    observer.get("/alerts", 403)
    observer.post("/alerts", {}, 403)
    existing = observer.get(f"/alerts/{name}", 404)
    missing = off_it.get("/alerts/ALR-999999", 404)
    assert existing == {**missing, "error": missing["error"].replace("ALR-999999", str(name))}


@pytest.mark.parametrize("name", ["0", "ALR-", "-1", "²", "9" * 40, "%00", "ALR-1'--"])
def test_names_that_cannot_be_are_not_there(off_it: Caller, name: str) -> None:
    off_it.get(f"/alerts/{name}", 404)


def test_pages_follow_each_other_without_gap_or_repeat(off_it: Caller) -> None:
    for number in range(5):
        _send(off_it, finding(id=f"f-{number}"))
    seen, after = [], ""
    while True:
        page = off_it.get(f"/alerts?limit=2{after}")
        seen += [row["name"] for row in page["items"]]
        if page["next"] is None:
            break
        _send(off_it, finding(id=f"late-{after}"))  # what arrives meanwhile disturbs nobody
        after = f"&after={page['next']}"
    assert seen == [str(row) for row in Alert.objects.filter(key__contains=":f-").order_by("-pk")]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "after=-1", f"after={2**63}"])
def test_a_page_that_cannot_be_is_422_and_names_the_field(off_it: Caller, query: str) -> None:
    answer = off_it.get(f"/alerts?{query}", 422)
    assert query.partition("=")[0] in answer["hint"]


def test_anybody_with_a_token_may_report_and_gets_a_number(observer: Caller) -> None:
    body = {"what": "I typed my password into a strange page", "when": "this morning", "call_back": "Kim 5-1234"}
    kept = observer.post("/alerts/report", body, 202)
    assert Alert.objects.get().title.startswith(kept["number"])
    assert observer.post("/alerts/report", {"what": " "}, 403)["hint"]
    assert Delivery.objects.count() == 1
