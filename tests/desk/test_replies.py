"""Replies to notices by mail count for whose address they come from; mails that come back take the next way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import msgspec
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from hikeshi.desk.accounts import contacts
from hikeshi.desk.accounts.contacts import Reach
from hikeshi.desk.accounts.models import Contact, Person, Way
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.notices import links, replies, verbs
from hikeshi.desk.notices.models import Channel, Escalation, Notice
from hikeshi.signals.replies import read
from notice_people import HttpSink, contact, mail_by, work
from smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

ALIAS = "desk@example.com"
REPORT = """From: MAILER-DAEMON@mx.example.com
To: hikeshi@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {to}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {id}

--b--
"""


@pytest.fixture
def sink(settings: Settings) -> Iterator[SmtpSink]:
    with SmtpSink() as found:
        mail_by(settings, found.port)
        settings.ENVIRONMENT = msgspec.structs.replace(
            settings.ENVIRONMENT, mailbox_url="imaps://hikeshi%40example.com@mail.example.com/INBOX"
        )
        yield found


@pytest.fixture
def paged(sink: SmtpSink, hikeshi: Actor, responder_person: Person) -> EmailMessage:
    """The mail that a contact with an account was paged by."""
    contact("kondo", person=responder_person)
    incidents.declare("Mining traffic", 1, actor=hikeshi, reason="test")
    work()
    return sent(sink)


def sent(sink: SmtpSink) -> EmailMessage:
    mail = message_from_bytes(sink.mails[0].removesuffix(b".\r\n"), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def reply(mail: EmailMessage, sender: str = "Kondo <KONDO@example.com>", text: str = "On it.", **headers: str) -> bytes:
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = sender, str(mail["Reply-To"]), f"Re: {mail['Subject']}"
    answer["In-Reply-To"] = answer["References"] = str(mail["Message-ID"])
    for name, value in headers.items():
        del answer[name.replace("_", "-")]
        answer[name.replace("_", "-")] = value
    answer.set_content(f"{text}\n\nOn Fri, Nov 27, 2026, Hikeshi wrote:\n> {mail['Subject']}\n> no\n")
    return answer.as_bytes()


def hear(content: bytes, hikeshi: Actor) -> bool:
    said = read(content)
    return said is not None and replies.hear(said, hashlib.sha256(content).hexdigest(), actor=hikeshi)


def page() -> Notice:
    return Notice.objects.get(template="page")


def test_a_reply_takes_it_for_whom_it_was_sent_to_and_its_words_are_kept(paged: EmailMessage, hikeshi: Actor) -> None:
    assert paged["Reply-To"] == "hikeshi@example.com"
    assert "reply to this mail" in paged.get_content()
    assert hear(reply(paged), hikeshi)
    assert (page().state, Escalation.objects.get(template="page").stopped_why) == ("acknowledged", "acknowledged")
    entry = Entry.objects.get(verb="notice.acknowledge")
    assert '"said": "On it."' in entry.data.replace('":"', '": "')
    assert Entry.objects.filter(verb="incident.acknowledge", actor=entry.actor).exists()


def test_the_same_mail_counts_once_and_a_second_one_is_kept_in_words(paged: EmailMessage, hikeshi: Actor) -> None:
    assert hear(reply(paged), hikeshi)
    assert hear(reply(paged), hikeshi)
    assert not Entry.objects.filter(verb="notice.reply").exists()
    assert hear(reply(paged, text="And the database is down too."), hikeshi)
    assert Entry.objects.filter(verb="notice.reply", data__contains="database is down").count() == 1


@pytest.mark.parametrize("sender", ["mallory@example.com", "kondo@example.com.evil.test", ""])
def test_who_is_not_asked_takes_nothing_and_the_mail_goes_on_to_triage(
    paged: EmailMessage, hikeshi: Actor, sender: str
) -> None:
    assert not hear(reply(paged, sender), hikeshi)
    assert not hear(reply(paged, sender), hikeshi)  # also where it is handed over twice
    assert page().state == "sent"
    assert Entry.objects.filter(verb="notice.reply_refused").count() == 1


def test_a_sender_the_mail_server_does_not_believe_takes_nothing(paged: EmailMessage, hikeshi: Actor) -> None:
    assert not hear(reply(paged, Authentication_Results="mx.example.com; spf=pass; dmarc=fail"), hikeshi)
    assert page().state == "sent"


def test_a_mark_we_have_not_made_is_none(paged: EmailMessage, hikeshi: Actor) -> None:
    mark = links.mark(page())
    for forged in (mark[:-1] + ("0" if mark[-1] != "0" else "1"), f"hikeshi-{page().pk}-1-{'0' * 24}"):
        assert not hear(reply(paged, In_Reply_To=f"<{forged}@x>", References=f"<{forged}@x>"), hikeshi)
    assert page().state == "sent"
    assert not Entry.objects.filter(verb="notice.reply_refused").exists()


def test_a_server_that_numbers_mails_itself_leaves_the_link_that_is_quoted(paged: EmailMessage, hikeshi: Actor) -> None:
    quoted = "\n".join(f"> {line}" for line in paged.get_content().splitlines())
    bare = {"In_Reply_To": "<0100@email.example>", "References": "<0100@email.example>"}
    assert hear(reply(paged, text=f"OK\n\n{quoted}", **bare), hikeshi)
    assert page().state == "acknowledged"


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X_Autoreply": "yes"}, {"Return_Path": "<>"}],
)
def test_an_answer_of_a_machine_takes_nothing(paged: EmailMessage, hikeshi: Actor, headers: dict[str, str]) -> None:
    assert hear(reply(paged, text="I am away until Monday.", **headers), hikeshi)
    assert page().state == "sent"
    assert Entry.objects.filter(verb="notice.auto_reply", data__contains="until Monday").exists()


@pytest.mark.parametrize(
    "text", ["No, I am on a train.", "Can't, sorry", "いいえ、移動中です", "すみません、今は対応できません。"]
)
def test_a_no_wakes_the_next_person_at_once(paged: EmailMessage, sink: SmtpSink, hikeshi: Actor, text: str) -> None:
    contact("mori")
    assert hear(reply(paged, text=text), hikeshi)
    assert page().state == "sent"
    due = Escalation.objects.get(template="page").due_at
    assert due is not None
    assert due <= timezone.now()


def test_a_mail_that_is_passed_on_is_no_reply(paged: EmailMessage) -> None:
    assert read(reply(paged, Subject="Fwd: is this real?")) is None


def test_at_an_address_of_many_it_counts_for_who_may(sink: SmtpSink, hikeshi: Actor, responder_person: Person) -> None:
    Channel.objects.create(name="soc", service="mail", address="soc@example.com")
    Person.objects.filter(pk=responder_person.pk).update(email="kondo@example.com")
    incident = incidents.declare("Mining traffic", 1, actor=hikeshi, reason="test")
    work()
    notice = Notice.objects.get(template="page", channel__name="soc")
    mail = next(one for one in map(_parsed, sink.mails) if links.mark(notice) in str(one["Message-ID"]))
    assert not hear(reply(mail), hikeshi)  # not on the incident
    incidents.assign(incident, "scribe", actor=hikeshi, person=responder_person)
    assert hear(reply(mail, text="Here."), hikeshi)
    notice.refresh_from_db()
    assert notice.acknowledged_by == str(responder_person)


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def report(mail: EmailMessage, action: str = "failed", to: str = "kondo@example.com") -> bytes:
    return REPORT.format(action=action, to=to, id=mail["Message-ID"]).encode()


def two_ways(admin: Actor, person: Person) -> Contact:
    row = contact("kondo", person=person)
    contacts.set_ways(row, [Reach("mail", "kondo@example.com"), Reach("mail", "kondo@home.example")], actor=admin)
    return row


def test_a_mail_that_comes_back_marks_the_way_and_the_next_one_is_taken(
    sink: SmtpSink, hikeshi: Actor, admin: Actor, responder_person: Person
) -> None:
    row = two_ways(admin, responder_person)
    incidents.declare("Mining traffic", 1, actor=hikeshi, reason="test")
    work()
    assert hear(report(sent(sink)), hikeshi)
    work()
    assert [one.outcome for one in page().tries.all()] == ["returned", "taken"]
    assert page().tries.first().answer == "5.1.1 550 5.1.1 no such user"  # type: ignore[union-attr]
    failing = Way.objects.get(contact=row, place=1)
    assert (failing.failing_at is not None, failing.failing_why[:5]) == (True, "5.1.1")
    assert Entry.objects.filter(verb="notice.return").count() == 1
    contacts.verify(failing, actor=admin)
    failing.refresh_from_db()
    assert failing.failing_at is None


def test_a_way_that_fails_is_tried_last_the_next_time(
    sink: SmtpSink, hikeshi: Actor, admin: Actor, responder_person: Person
) -> None:
    row = two_ways(admin, responder_person)
    contacts.failing(Way.objects.get(contact=row, place=1), "550", timezone.now())
    incidents.declare("Mining traffic", 1, actor=hikeshi, reason="test")
    work()
    assert sent(sink)["To"] == "kondo@home.example"


def test_where_no_way_is_left_nobody_was_reached_and_it_goes_up(paged: EmailMessage, hikeshi: Actor) -> None:
    assert hear(report(paged), hikeshi)
    work()
    pages = Notice.objects.filter(template="page").order_by("pk")
    assert pages[0].state == "failed"
    assert len(pages) == 2  # the next step, minutes before its time
    assert Entry.objects.filter(verb="notice.fail", data__contains="no such user").exists()


def test_what_comes_back_after_somebody_has_it_wakes_nobody(paged: EmailMessage, hikeshi: Actor, admin: Actor) -> None:
    verbs.acknowledge(page(), actor=admin)
    assert hear(report(paged), hikeshi)
    assert page().state == "acknowledged"


def test_a_report_of_arrival_is_shown_as_such(paged: EmailMessage, hikeshi: Actor) -> None:
    assert hear(report(paged, "delayed"), hikeshi)
    assert page().state == "sent"
    assert hear(report(paged, "delivered"), hikeshi)
    assert (page().state, page().tries.get().outcome) == ("delivered", "delivered")
    assert page().delivered_at is not None


def test_a_report_in_words_alone_is_of_a_mail_that_came_back(paged: EmailMessage, hikeshi: Actor) -> None:
    words = f"From: Mailer-Daemon@mx.example\nSubject: failure notice\n\nNo such user.\n\nMessage-ID: {paged['Message-ID']}\n"
    assert hear(words.encode(), hikeshi)
    assert page().tries.get().answer.startswith("failure notice: No such user.")


def test_marks_and_replies_are_known_for_two_weeks(paged: EmailMessage) -> None:
    row = page()
    row.made_at -= timedelta(days=15)
    assert links.by_mark(links.mark(row)) is None
    assert links.by_mark(links.mark(page())) == row.pk


def test_a_webhook_that_takes_it_has_delivered_it(sink: SmtpSink, hikeshi: Actor) -> None:
    with HttpSink() as hook:
        Channel.objects.create(name="siem", service="webhook", address=f"http://127.0.0.1:{hook.port}/#secret")
        incidents.declare("Mining traffic", 1, actor=hikeshi, reason="test")
        work()
    assert page().state == "delivered"


def test_servers_that_can_are_asked_for_reports_that_bring_the_mark_back(sink: SmtpSink, hikeshi: Actor) -> None:
    sink.reports = True
    contact("kondo")
    incidents.declare("Mining traffic", 1, actor=hikeshi, reason="test")
    work()
    mark = links.mark(page()).encode()
    assert [line.split(b" ", 2)[2] for line in sink.envelopes[:2]] == [
        b"RET=HDRS ENVID=" + mark, b"NOTIFY=SUCCESS,FAILURE,DELAY"
    ]  # fmt: skip
    mail = sent(sink)
    named = REPORT.format(action="failed", to="kondo@example.com", id="<0100018f@email.example>")
    assert not hear(named.encode(), hikeshi)  # of a mail we do not know
    answer = named.replace("Reporting-MTA:", f"Original-Envelope-Id: {mark.decode()}\nReporting-MTA:")
    assert hear(answer.encode(), hikeshi)
    assert str(mail["Message-ID"]).startswith("<hikeshi-")
    assert page().tries.get().outcome == "returned"


def renumbered(mail: EmailMessage) -> EmailMessage:
    """As it is after a relay that gives mails its own Message-ID."""
    del mail["Message-ID"]
    mail["Message-ID"] = "<0100018f-email@relay.example>"
    return mail


def test_a_relay_that_renumbers_mails_leaves_replies_known_though_they_quote_nothing(
    paged: EmailMessage, hikeshi: Actor
) -> None:
    mail = renumbered(paged)
    references = f"{mail['References']} {mail['Message-ID']}"  # as RFC 5322, section 3.6.4, tells programs to
    assert hear(reply(mail, References=references), hikeshi)
    assert page().state == "acknowledged"


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_relay_that_renumbers_mails_leaves_what_comes_back_known(
    paged: EmailMessage, hikeshi: Actor, wrapped: bool
) -> None:
    mail = renumbered(paged)
    answer = EmailMessage()
    answer["From"], answer["Subject"] = "MAILER-DAEMON@relay.example", "Delivery failed"
    answer.set_content("kondo@example.com: no such user\n\n" + mail.as_string(), cte="base64" if wrapped else "8bit")
    assert (b"hikeshi-" in answer.as_bytes()) is not wrapped
    assert hear(answer.as_bytes(), hikeshi)
    assert page().tries.get().outcome == "returned"
