"""Time stamps from a real authority (openssl), and every lie we could think of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.custody.timestamp import REPLY_LIMIT, Authority, ask, read_authority, verify
from hikeshi.errors import Failed, HikeshiError, Refused, Unreadable
from tsa import REPLY, Answer, Issued, Tsa, openssl

NOTE = b"ledger.example/organisation\n42\nroot\n\n\xe2\x80\x94 ledger.example abcd\n"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with Tsa(tmp_path_factory.mktemp("tsa")) as running:
        yield running


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with Tsa(tmp_path_factory.mktemp("other"), "other") as running:
        yield running


@pytest.fixture
def authority(tsa: Tsa) -> Iterator[Authority]:
    yield read_authority(tsa.url, tsa.root.pem)
    tsa.answer = tsa.honest


def _ask(authority: Authority, **more: object) -> bytes:
    return ask(authority, NOTE, now=datetime.now(UTC), **more)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("imprint", ["sha256", "sha512"])
def test_a_stamp_is_held_and_openssl_believes_it_too(
    tsa: Tsa, authority: Authority, tmp_path: Path, imprint: str
) -> None:
    reply, said = ask(authority, NOTE, imprint=imprint, now=datetime.now(UTC))  # type: ignore[arg-type]
    assert abs(said.time - datetime.now(UTC)) < timedelta(seconds=10)
    assert (said.imprint, said.accuracy_us, said.signer) == (imprint, 1_500_000, "CN=tsa-signer")
    (tmp_path / "note").write_bytes(NOTE)
    (tmp_path / "reply.tsr").write_bytes(reply)
    words = ("ts", "-verify", "-data", tmp_path / "note", "-in", tmp_path / "reply.tsr", "-CAfile", tsa.root.pem)
    assert "Verification: OK" in openssl(*words)


def test_a_token_is_judged_at_its_own_time(tsa: Tsa, authority: Authority) -> None:
    """Years later its certificate has expired: the token still proves what it proved."""
    assert verify(_ask(authority), NOTE, roots=authority.roots).serial > 0


def _of_other_bytes(tsa: Tsa, _other: Tsa, query: bytes) -> bytes:
    return tsa.reply_to(b"something else")


def _of_another_request(tsa: Tsa, _other: Tsa, query: bytes) -> bytes:
    return tsa.reply_to(NOTE)


def _of_another_authority(tsa: Tsa, other: Tsa, query: bytes) -> bytes:
    return other.reply(query)


def _by_a_certificate_for_something_else(tsa: Tsa, _other: Tsa, query: bytes) -> bytes:
    return tsa.signed_by(Issued(tsa.folder, "web", tsa.middle), query, tsa.middle.pem)


def _with_the_right_certificate_beside(tsa: Tsa, _other: Tsa, query: bytes) -> bytes:
    """The trap of old libraries: a proper certificate lies in the reply, and another one signed."""
    pack = tsa.folder / "pack.pem"
    pack.write_bytes(tsa.signer.pem.read_bytes() + tsa.middle.pem.read_bytes())
    return tsa.signed_by(Issued(tsa.folder, "trap", tsa.middle), query, pack)


def _by_nobody_known(tsa: Tsa, _other: Tsa, query: bytes) -> bytes:
    return tsa.signed_by(Issued(tsa.folder, "self", None, purpose=True), query)


def _changed_after_signing(tsa: Tsa, _other: Tsa, query: bytes) -> bytes:
    reply = bytearray(tsa.reply(query))
    year = reply.index(b"\x18\x0f20") + 2
    reply[year : year + 4] = b"2031"
    return bytes(reply)


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (_of_other_bytes, "imprint"),
        (_of_another_request, "nonce"),
        (_of_another_authority, "does not hold"),
        (_by_a_certificate_for_something_else, "does not hold"),
        (_with_the_right_certificate_beside, "does not hold"),
        (_by_nobody_known, "does not hold"),
        (_changed_after_signing, "does not hold"),
    ],
)
def test_a_lie_is_refused_with_its_reason(
    tsa: Tsa, other: Tsa, authority: Authority, lie: Callable[[Tsa, Tsa, bytes], bytes], said: str
) -> None:
    tsa.answer = lambda query: (200, REPLY, lie(tsa, other, query))
    with pytest.raises(Failed, match=said) as problem:
        _ask(authority)
    assert problem.value.permanent
    assert "HIKESHI_TIMESTAMP_ROOTS" in problem.value.hint


def test_an_authority_whose_certificate_has_expired_is_refused(tmp_path: Path) -> None:
    with Tsa(tmp_path, "expired", until=-1) as expired, pytest.raises(Failed, match=r"does not hold|is valid from"):
        _ask(read_authority(expired.url, expired.root.pem))


@pytest.mark.parametrize(
    ("answer", "said", "permanent"),
    [
        ((200, REPLY, b""), "not a time-stamp reply", True),
        ((200, REPLY, b"<html>captive portal</html>"), "not a time-stamp reply", True),
        ((200, "text/html", b"<html>"), "text/html", True),
        ((200, REPLY, b"0" * (REPLY_LIMIT + 1)), "more than", True),
        ((200, REPLY, bytes.fromhex("30053003020102")), "did not give a time stamp", True),
        ((302, REPLY, b""), "HTTP 302", True),
        ((404, REPLY, b""), "HTTP 404", True),
        ((503, REPLY, b""), "HTTP 503", False),
        ((429, REPLY, b""), "HTTP 429", False),
    ],
)
def test_an_answer_that_is_no_stamp_says_what_it_is(
    tsa: Tsa, authority: Authority, answer: Answer, said: str, permanent: bool
) -> None:
    tsa.answer = lambda query: answer
    with pytest.raises(Failed, match=said) as problem:
        _ask(authority)
    assert problem.value.permanent is permanent


def test_nobody_there_can_be_tried_again(tsa: Tsa) -> None:
    with pytest.raises(Failed, match="cannot be reached") as problem:
        _ask(read_authority("http://127.0.0.1:9/tsa", tsa.root.pem))
    assert not problem.value.permanent


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"\xff\xfe"])
def test_roots_that_are_none_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "roots.pem").write_bytes(content)
    with pytest.raises(Refused, match="holds no certificate"):
        read_authority("http://tsa.example", tmp_path / "roots.pem")
    with pytest.raises(Refused, match="cannot be read"):
        read_authority("http://tsa.example", tmp_path / "missing.pem")


@pytest.fixture(scope="module")
def held(tsa: Tsa) -> tuple[bytes, tuple[str, ...]]:
    authority = read_authority(tsa.url, tsa.root.pem)
    return _ask(authority), authority.roots


# A serial number that became negative is warned of before the signature refuses it.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=300)
@given(data=st.data())
def test_no_byte_of_a_reply_can_be_changed_unseen(held: tuple[bytes, tuple[str, ...]], data: st.DataObject) -> None:
    """Refused or unreadable, never a crash; or what is said stays exactly the same (bytes that nothing is read from)."""
    reply, roots = held
    place, bit = data.draw(st.integers(0, len(reply) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(reply)
    changed[place] ^= 1 << bit
    try:
        said = verify(bytes(changed), NOTE, roots=roots)
    except (Refused, Unreadable):
        return
    assert said == verify(reply, NOTE, roots=roots)


@given(noise=st.binary(max_size=200))
def test_noise_is_unreadable_and_nothing_worse(held: tuple[bytes, tuple[str, ...]], noise: bytes) -> None:
    with pytest.raises(HikeshiError):
        verify(noise, NOTE, roots=held[1])
    with pytest.raises(HikeshiError):
        verify(held[0][: len(noise)], NOTE, roots=held[1])


def test_a_certificate_of_a_version_that_does_not_exist_is_no_crash(held: tuple[bytes, tuple[str, ...]]) -> None:
    reply, roots = held
    changed = reply.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03")
    assert changed != reply
    with pytest.raises(HikeshiError):
        verify(changed, NOTE, roots=roots)
