"""Only who knows the secret is believed, and only now."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from hikeshi.doors.webhook.proving import Denied, Secrets, prove

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
BODY = b'{"alert": 1}'
HMAC = Secrets("hmac", (b"new", b"old"), (), 300)
HUB = Secrets("hub", (b"new",), (), 300)
TOKEN = Secrets("token", (), (hashlib.sha256(b"new").hexdigest(), hashlib.sha256(b"old").hexdigest()), 300)


def mac(secret: bytes, content: bytes) -> str:
    return "sha256=" + hmac.new(secret, content, hashlib.sha256).hexdigest()


def signed(at: datetime = NOW, secret: bytes = b"new", key: str = "") -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    content = b".".join(part for part in (stamp.encode(), key.encode(), BODY) if part)
    return {"x-hikeshi-timestamp": stamp, "x-hikeshi-signature": mac(secret, content)} | (
        {"idempotency-key": key} if key else {}
    )


def status(known: Secrets, headers: dict[str, str], body: bytes = BODY) -> int:
    with pytest.raises(Denied) as denied:
        prove(known, headers, body, NOW)
    return denied.value.status


def test_a_signature_is_the_id_where_the_sender_gives_none() -> None:
    assert prove(HMAC, signed(), BODY, NOW) == prove(HMAC, signed(), BODY, NOW) != ""
    assert prove(HMAC, signed(key="m-1"), BODY, NOW) == "m-1"


def test_after_a_rotation_both_secrets_are_believed() -> None:
    assert prove(HMAC, signed(secret=b"old"), BODY, NOW)
    assert status(HMAC, signed(secret=b"older")) == 401


def test_a_captured_request_cannot_be_sent_under_another_id() -> None:
    assert status(HMAC, signed() | {"idempotency-key": "other"}) == 401
    assert status(HMAC, signed(key="m-1") | {"idempotency-key": "other"}) == 401


@pytest.mark.parametrize("seconds", [-301, 301, 10**9, -(10**9)])
def test_outside_the_window_it_is_refused(seconds: int) -> None:
    assert status(HMAC, signed(NOW + timedelta(seconds=seconds))) == 400
    assert prove(HMAC, signed(NOW + timedelta(seconds=max(-300, min(300, seconds)))), BODY, NOW)


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1e9", "9" * 400, "١٢٣"])
def test_a_time_stamp_that_is_none_is_refused(stamp: str) -> None:
    content = b".".join(part for part in (stamp.encode("latin-1", "replace"), BODY) if part)
    assert status(HMAC, {"x-hikeshi-timestamp": stamp, "x-hikeshi-signature": mac(b"new", content)}) in {400, 401}


def test_unsigned_or_changed_is_not_believed() -> None:
    assert status(HMAC, {}) == 401
    assert status(HMAC, signed(), BODY + b" ") == 401
    assert status(HUB, {"x-hub-signature-256": mac(b"new", b"other")}) == 401
    assert status(TOKEN, {"authorization": "Bearer wrong"}) == 401
    assert status(TOKEN, {}) == 401


def test_a_signature_as_github_makes_it_is_known_again_by_its_body() -> None:
    first = prove(HUB, {"x-hub-signature-256": mac(b"new", BODY), "idempotency-key": "a"}, BODY, NOW)
    assert first == prove(HUB, {"x-hikeshi-signature": mac(b"new", BODY)}, BODY, NOW)


def test_tokens_old_and_new_are_believed() -> None:
    assert prove(TOKEN, {"authorization": "Bearer new", "idempotency-key": "m"}, BODY, NOW) == "m"
    assert prove(TOKEN, {"x-hikeshi-token": "old"}, BODY, NOW) == ""


@given(
    st.dictionaries(
        st.sampled_from(["authorization", "x-hikeshi-signature", "x-hikeshi-timestamp", "x-hikeshi-token"]), st.text()
    )
)
def test_nothing_a_stranger_sends_is_believed_or_breaks_it(headers: dict[str, str]) -> None:
    for known in (HMAC, HUB, TOKEN):
        assert status(known, headers) in {400, 401}
