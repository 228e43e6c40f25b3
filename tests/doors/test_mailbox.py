"""The mailbox's door, against a real IMAP server: every mail is kept once, byte for byte, and marked only then."""

from __future__ import annotations

import email
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from hikeshi.desk.actor import system
from hikeshi.desk.alerts import verbs
from hikeshi.desk.alerts.models import Alert, Delivery
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.notices.models import Notice
from hikeshi.doors import mailbox as door
from hikeshi.doors.mailbox import Mailbox, place_of
from hikeshi.errors import Failed, Refused
from hikeshi.signals import mails
from imap_server import DOVECOT, Imap, running
from notice_people import contact, mail_by, work
from smtp_sink import SmtpSink

SAMPLES = Path(__file__).parents[1] / "samples" / "signals"
MAILS = [path.read_bytes() for path in sorted((SAMPLES / "mail").iterdir())]

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(DOVECOT is None, reason="Dovecot is not installed (dovecot-imapd)"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Imap]:
    with running() as imap:
        yield imap


@pytest.fixture
def imap(server: Imap, monkeypatch: pytest.MonkeyPatch) -> Imap:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    with server.session() as session:
        session.select("INBOX")
        for number in session.search(None, "ALL")[1][0].split():
            session.store(number, "+FLAGS", "\\Deleted")
        session.expunge()
    return server


def looking(imap: Imap) -> Mailbox:
    return Mailbox(imap.url, imap.password_file)


def test_mails_are_kept_byte_for_byte_once_and_then_marked(imap: Imap) -> None:
    sent = [mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for mail in MAILS]
    for mail in sent:
        imap.append(mail)
    assert looking(imap).once() == 3
    assert {bytes(row.payload) for row in Delivery.objects.all()} == set(sent)
    assert Alert.objects.filter(kind="Mail:Reported", title="Your account is locked (1 attachment)").exists()
    assert all("\\Seen" in flags and door.KEPT in flags for flags in imap.flags())
    assert looking(imap).once() == 0


def test_a_mail_that_a_person_has_read_first_is_kept_all_the_same(imap: Imap) -> None:
    imap.append(MAILS[0])
    with imap.session() as session:
        session.select("INBOX")
        session.store("1", "+FLAGS", "\\Seen")
    assert looking(imap).once() == 1


def test_a_mail_that_could_not_be_kept_stays_and_the_others_go_on(imap: Imap, monkeypatch: pytest.MonkeyPatch) -> None:
    receive = verbs.receive

    def failing(payload: bytes, **given: Any) -> Delivery:
        if b"report-1@" in payload:
            raise RuntimeError("the database is away")
        return receive(payload, **given)

    for mail in MAILS:
        imap.append(mail)
    monkeypatch.setattr(verbs, "receive", failing)
    assert looking(imap).once() == 2
    assert [door.KEPT in flags for flags in imap.flags()].count(False) == 1
    monkeypatch.undo()
    monkeypatch.setenv("SSL_CERT_FILE", str(imap.certificate))
    assert looking(imap).once() == 1
    assert Delivery.objects.count() == 3


def test_killed_between_keeping_and_marking_it_is_kept_once(imap: Imap, monkeypatch: pytest.MonkeyPatch) -> None:
    imap.append(MAILS[0])
    first = looking(imap)
    take = first._take

    def killed(content: bytes) -> None:
        take(content)
        raise KeyboardInterrupt

    monkeypatch.setattr(first, "_take", killed)
    with pytest.raises(KeyboardInterrupt):
        first.once()
    assert looking(imap).once() == 1
    assert Delivery.objects.count() == 1


def test_another_mail_with_the_same_message_id_is_another_alert(imap: Imap) -> None:
    imap.append(MAILS[0])
    imap.append(MAILS[0].replace(b"Fwd: Your account is locked", b"Fwd: Another thing"))
    looking(imap).once()
    assert Alert.objects.count() == 2


def test_a_mail_beyond_the_limit_is_known_by_its_headers_and_stays(imap: Imap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "MAIL_LIMIT", 2000)
    imap.append(MAILS[-1] + b"x" * 4000)
    looking(imap).once()
    assert len(bytes(Delivery.objects.get().payload)) < 2000
    assert Alert.objects.get().title == "Disk 3: many files renamed"


def test_alerts_in_a_mail_are_these_alerts(imap: Imap) -> None:
    finding = (SAMPLES / "guardduty" / "eventbridge.json").read_bytes()
    imap.append(
        b"From: a@b.example\r\nSubject: alert\r\nMessage-ID: <1@b>\r\nContent-Type: application/json\r\n\r\n" + finding
    )
    looking(imap).once()
    assert Alert.objects.get().key == "guardduty:111122223333:ap-northeast-1:f0c1"


def test_a_reply_to_a_notice_takes_it_and_is_no_alert(imap: Imap, settings: Settings) -> None:
    contact("kondo")
    incidents.declare("Mining traffic", 1, actor=system("Hikeshi", "worker"), reason="test")
    with SmtpSink() as sink:
        mail_by(settings, sink.port)
        work()
        sent = email.message_from_bytes(sink.mails[0])
    reply = f"From: kondo@example.com\r\nSubject: Re: page\r\nIn-Reply-To: {sent['Message-ID']}\r\n\r\nHere.\r\n"
    imap.append(reply.encode())
    imap.append(reply.replace("kondo@", "mallory@").encode())
    assert looking(imap).once() == 2
    assert Notice.objects.get(template="page").acknowledged_by == "kondo"
    assert Alert.objects.count() == 1  # what Mallory wrote, for people to look at


def test_a_mail_that_came_back_is_told_of_its_notice_and_is_no_alert(imap: Imap, settings: Settings) -> None:
    contact("kondo")
    incidents.declare("Mining traffic", 1, actor=system("Hikeshi", "worker"), reason="test")
    with SmtpSink() as sink:
        mail_by(settings, sink.port)
        work()
    headers, _, _ = sink.mails[0].partition(b"\r\n\r\n")
    words = (
        b"From: mailer-daemon@mx.example\r\nSubject: failure notice\r\nMessage-ID: <1@mx>\r\n\r\nNo such user.\r\n\r\n"
    )
    imap.append(words + headers + b"\r\n")
    assert looking(imap).once() == 1
    assert Notice.objects.get(template="page").tries.get().outcome == "returned"
    assert not Alert.objects.exists()


def test_a_server_without_a_certificate_we_trust_is_not_told_the_password(
    imap: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Failed, match="certificate"):
        looking(imap).once()
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED


def test_a_wrong_password_is_named_and_not_shown(imap: Imap, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("paper-umbrella")
    secret.chmod(0o400)
    with pytest.raises(Failed) as problem:
        Mailbox(imap.url, secret).once()
    assert "paper-umbrella" not in str(problem.value)
    secret.chmod(0o644)
    with pytest.raises(Refused, match="Others may read"):
        Mailbox(imap.url, secret).once()


@pytest.mark.parametrize(
    "url", ["imaps://u:secret@h/INBOX", "https://u@h", "imaps://h/INBOX", "imaps://u@h/受信", "imaps://u@h:x/"]
)
def test_a_place_that_is_not_understood_is_not_shown(url: str) -> None:
    with pytest.raises(Refused) as problem:
        place_of(url)
    assert "secret" not in str(problem.value)
