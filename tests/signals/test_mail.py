"""Reported mails: in whatever encoding, never opened further than needed, and one cause for one mail that many report."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hikeshi.signals.defang import defang, refang, urls
from hikeshi.signals.reading import read, read_signals

SAMPLES = Path(__file__).parents[1] / "samples" / "signals" / "mail"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "ioc-fanging"


def mail(subject: str = "Fwd: Your account", sender: str = "tanaka@corp.example.test", number: int = 1) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Subject"], made["Message-ID"] = sender, subject, f"<{number}@corp.example.test>"
    made.set_content("Is this real?")
    return made


def test_what_was_reported_is_the_forwarded_mail() -> None:
    [signal] = read_signals((SAMPLES / "reported.eml").read_bytes(), "mailbox")
    assert (signal.kind, signal.principal) == ("Mail:Reported", "tanaka@corp.example.test")
    assert signal.title == "Your account is locked (1 attachment)"
    seen = {(one.kind, one.value) for one in signal.observables}
    assert {("mail", "collect@evil.example"), ("url", "https://bank-login.example/verify?x=1"),
            ("domain", "bank-login.example"), ("file", "invoice.iso")} <= seen  # fmt: skip
    assert sum(kind == "hash" for kind, _ in seen) == 1


def test_shift_jis_without_any_word_of_it_is_read() -> None:
    [signal] = read_signals((SAMPLES / "shift-jis.eml").read_bytes(), "mailbox")
    assert signal.title == "至急：請求書の確認"
    assert ("domain", "invoice.example") in [tuple(one) for one in signal.observables]


@pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis", "euc-jp", "utf-8"])
@pytest.mark.parametrize("claimed", [True, False])
def test_every_encoding_of_japan_is_read(charset: str, claimed: bool) -> None:
    header = f"Content-Type: text/plain; charset={charset if claimed else 'x-unheard-of'}\r\n"
    raw = f"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n{header}Content-Transfer-Encoding: 8bit\r\n\r\n".encode()
    [signal] = read_signals(raw + "詳細はこちら http://例.example/請求書 まで".encode(charset), "m")
    assert any("請求書" in one.value for one in signal.observables)


def test_one_mail_reported_by_many_is_one_cause() -> None:
    causes = {
        read_signals(mail(subject, number=number).as_bytes(), "m")[0].fingerprint
        for number, subject in enumerate(
            ["Fwd: Your account", "FW: fwd: your account", "Re: Your account", "転送: Your account"]
        )
    }
    assert len(causes) == 1


def test_alerts_in_a_mail_are_these_alerts() -> None:
    finding = (SAMPLES.parent / "guardduty" / "eventbridge.json").read_bytes()
    attached, inline = mail(), mail(number=2)
    attached.add_attachment(finding, maintype="application", subtype="json", filename="finding.json")
    inline.set_content(json.dumps(json.loads(finding)))
    for one in (attached, inline):
        assert [signal.key for signal in read_signals(one.as_bytes(), "m")] == [
            "guardduty:111122223333:ap-northeast-1:f0c1"
        ]


def test_a_title_holds_no_link_that_can_be_followed() -> None:
    [signal] = read_signals(mail("see https://evil.example/x").as_bytes(), "m")
    assert signal.title == "see hxxps://evil[.]example/x"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared test data is not on this machine")
def test_the_urls_of_the_shared_text_are_found_in_both_forms() -> None:
    plain = set(urls((SHARED / "sample_text_fanged.txt").read_text()))
    found = set(urls((SHARED / "sample_text_defanged.txt").read_text()))
    assert len(plain & found) >= 0.9 * len(plain)


@given(st.from_regex(r"https?://[a-z]{1,8}(\.[a-z]{2,8}){1,3}(/[a-z0-9.]{0,8})?", fullmatch=True))
def test_what_is_made_harmless_can_be_read_back(url: str) -> None:
    assert refang(defang(url)) == url
    assert "://" not in defang(url).replace("hxxp", "").partition("://")[0]
    assert not defang(url).startswith("http")


@given(st.binary(max_size=300))
def test_damaged_mails_never_fail(rest: bytes) -> None:
    found = read(b"From: a@b.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n" + rest, "m")
    assert found.signals or found.problems
    assert "a fault of ours" not in found.problem
