"""Who is told of what, on which way, and what happens when a way does not work."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from hikeshi.desk.accounts.models import Person, Way
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Access, Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.desk.notices import channels, escalating, links, making, reading, sending, verbs
from hikeshi.desk.notices.audience import Recipient
from hikeshi.desk.notices.models import Escalation, Notice
from hikeshi.desk.notices.round import Round
from hikeshi.desk.notices.trying import try_channel
from hikeshi.errors import Failed, Refused
from notice_people import HttpSink, contact, mail_by, work
from smtp_sink import SmtpSink


@pytest.fixture
def mails(settings: Settings) -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        mail_by(settings, sink.port)
        yield sink


pytestmark = pytest.mark.django_db


def parts(raw: bytes) -> tuple[str, str, str]:
    """To, subject, text."""
    mail = message_from_bytes(raw)
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    return str(mail["To"]), str(make_header(decode_header(mail["Subject"]))), text.decode()


def declare(actor: Actor, severity: int = 2, **more: bool) -> Incident:
    row = incidents.declare("Mining traffic", severity, actor=actor, reason="test")
    if more:
        Incident.objects.filter(pk=row.pk).update(**more)
        row.refresh_from_db()
    return row


def later(minutes: float) -> None:
    """As if this much time had passed for what runs."""
    for row in Escalation.objects.exclude(due_at=None):
        row.due_at = row.due_at - timedelta(minutes=minutes) if row.due_at else None
        row.began_at -= timedelta(minutes=minutes)
        row.save()


def test_a_declared_incident_pages_its_commander_with_a_link(hikeshi: Actor, mails: SmtpSink) -> None:
    contact("kondo")
    incident = declare(hikeshi)
    work()
    to, subject, text = parts(mails.mails[0])
    assert to == "kondo@example.com"
    assert subject == f"{incident} SEV-2: you are needed"
    assert "Mining traffic" in text
    assert "/notice/" in text
    notice = Notice.objects.get(template="page")
    assert (notice.state, notice.tries.get().outcome) == ("sent", "taken")
    assert "/notice/" not in notice.body  # the link is a secret of the recipient


def test_each_entry_is_looked_at_once_and_what_is_old_is_not_told(hikeshi: Actor, mails: SmtpSink) -> None:
    contact("kondo")
    declare(hikeshi)
    work()
    work()
    assert len([one for one in mails.mails if "you are needed" in parts(one)[1]]) == 1
    assert not Chain.objects.filter(untold_since__isnull=False).exists()


def test_a_worker_that_dies_while_looking_leaves_everything_as_it_was(
    hikeshi: Actor, mails: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact("kondo")
    declare(hikeshi)
    with monkeypatch.context() as broken:
        broken.setattr(reading, "_move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            reading.look(actor=hikeshi)
    assert not Notice.objects.exists()
    work()
    assert Notice.objects.filter(template="page").count() == 1


def test_nobody_answers_so_it_goes_up_level_by_level_also_after_a_long_stop(hikeshi: Actor, mails: SmtpSink) -> None:
    for level, name in enumerate(("kondo", "mori", "hara"), 1):
        contact(name, level)
    declare(hikeshi, 1)
    work()
    later(20)  # 5, 10 and 15 minutes have passed while no worker ran
    work()
    pages = [parts(one)[0].partition("@")[0] for one in mails.mails if "you are needed" in parts(one)[1]]
    assert pages == ["kondo", "kondo", "mori", "hara"]
    row = Escalation.objects.get(template="page")
    assert row.due_at == row.began_at + timedelta(minutes=30)  # and so on, every fifteen minutes
    said = Entry.objects.filter(verb="notice.page", object="page").values_list("data", flat=True)
    assert [("mori" in one, "hara" in one) for one in said][2:] == [(True, False), (False, True)]


def test_the_link_stops_it_and_acknowledges_the_incident_only_for_who_may(
    hikeshi: Actor, mails: SmtpSink, responder_person: Person
) -> None:
    contact("kondo", person=responder_person)
    incident = declare(hikeshi, 1)
    work()
    notice = Notice.objects.get(template="page")
    secret = links.secret(notice)
    verbs.acknowledge_by_link(secret)
    verbs.acknowledge_by_link(secret)  # twice changes nothing
    incident.refresh_from_db()
    assert incident.acknowledged_at is not None
    later(60)
    work()
    assert len(Notice.objects.filter(template="page")) == 1
    assert Entry.objects.filter(verb="notice.acknowledge").count() == 1


def test_a_contact_without_an_account_stops_the_page_but_not_the_clock(hikeshi: Actor, mails: SmtpSink) -> None:
    contact("kondo")
    incident = declare(hikeshi, 1)
    work()
    verbs.acknowledge_by_link(links.secret(Notice.objects.get(template="page")))
    incident.refresh_from_db()
    assert incident.acknowledged_at is None
    assert Escalation.objects.get(template="page").stopped_why == "acknowledged"


@pytest.mark.parametrize("secret", ["", "x", "Mg:1:x", "../" * 50])
def test_every_wrong_link_has_the_same_answer(db: None, secret: str) -> None:
    with pytest.raises(Refused) as refused:
        verbs.acknowledge_by_link(secret)
    assert refused.value.message == links.GONE


def test_acknowledging_the_incident_itself_ends_its_page(hikeshi: Actor, mails: SmtpSink, commander: Actor) -> None:
    contact("kondo")
    incident = declare(hikeshi, 1)
    work()
    incidents.acknowledge(incident, actor=commander)
    work()
    assert not Escalation.objects.filter(template="page", stopped_at=None).exists()


def test_who_may_not_write_may_not_acknowledge(
    hikeshi: Actor, incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    contact("kondo")
    work()
    notice = Notice.objects.filter(incident=incident).first()
    assert notice is not None
    assert verbs.visible(on_it).filter(pk=notice.pk).exists()
    for actor in (off_it, outsider):
        assert not verbs.visible(actor).filter(pk=notice.pk).exists()
        with pytest.raises(Refused):
            verbs.acknowledge(notice, actor=actor)
    verbs.acknowledge(notice, actor=on_it)


def test_of_a_restricted_incident_only_those_on_it_are_told_and_only_its_code_name(
    hikeshi: Actor, mails: SmtpSink, responder_person: Person
) -> None:
    contact("kondo", person=responder_person)
    contact("mori", 2)
    incident = declare(hikeshi, 1, restricted=True)
    Incident.objects.filter(pk=incident.pk).update(code_name="KASUMI")
    Access.objects.create(incident=incident, person=responder_person, reason="x", given_by="x", since=timezone.now())
    incident.roles.all().delete()
    work()
    later(15)
    work()
    assert {one.recipient for one in Notice.objects.all()} == {"kondo"}
    assert all("Mining" not in parts(one)[1] + parts(one)[2] and "KASUMI" in parts(one)[1] for one in mails.mails)


def test_a_quiet_incident_does_not_use_ways_the_attacker_may_read(hikeshi: Actor, mails: SmtpSink) -> None:
    kondo = contact("kondo")
    Way.objects.create(contact=kondo, place=1, channel="mail", address="kondo@home.example")
    incident = declare(hikeshi, 1, quiet=True)
    Incident.objects.filter(pk=incident.pk).update(exposed_domains=["example.com"])
    work()
    assert {parts(one)[0] for one in mails.mails} == {"kondo@home.example"}


def test_red_is_a_link_only(hikeshi: Actor, mails: SmtpSink) -> None:
    contact("kondo")
    incident = declare(hikeshi, 1)
    Incident.objects.filter(pk=incident.pk).update(marking="red")
    work()
    assert "Mining" not in "".join(parts(one)[2] for one in mails.mails)


def test_a_way_that_refuses_is_left_for_the_next(hikeshi: Actor, mails: SmtpSink) -> None:
    kondo = contact("kondo")
    with HttpSink() as http:
        http.status = 500
        Way.objects.create(contact=kondo, place=1, channel="chat", address=f"http://127.0.0.1:{http.port}/x#geheim123")
        declare(hikeshi, 1)
        work()
        work()
    notice = Notice.objects.filter(template="page").get()
    assert [(one.service, one.outcome) for one in notice.tries.all()] == [("webhook", "failed"), ("mail", "taken")]
    assert "geheim123" not in str(list(notice.tries.values()))


def test_nobody_reached_is_on_the_record_and_goes_up_at_once(hikeshi: Actor, mails: SmtpSink) -> None:
    mails.refuse = "550 no such user"
    contact("kondo")
    contact("mori", 2)
    declare(hikeshi, 1)
    work()
    work()
    assert Notice.objects.filter(template="page", state="failed", recipient="mori").exists()
    failed = Entry.objects.filter(verb="notice.fail")
    assert {one.object for one in failed} >= {"kondo", "mori"}
    assert "550" in failed[0].data


def test_who_has_no_way_is_passed_over_at_once_and_named_once(hikeshi: Actor, mails: SmtpSink) -> None:
    contact("kondo", email="")
    contact("hijikata", 2, email="", phone="+81 3 0000 0000")
    contact("mori", 3)
    incident = declare(hikeshi, 1)
    work()
    assert [parts(raw)[0] for raw in mails.mails[:1]] == ["mori@example.com"]
    states = {one.recipient: one.state for one in Notice.objects.filter(template="page")}
    assert states == {"kondo": "unreachable", "hijikata": "unreachable", "mori": "sent"}
    later(6)
    work()
    incidents.change_severity(incident, 2, actor=hikeshi, reason="test")
    work()
    assert sorted(one.object for one in Entry.objects.filter(verb="notice.fail")) == ["hijikata", "kondo"]
    assert not Notice.objects.get(template="page", recipient="kondo").tries.exists()
    assert Notice.objects.get(template="page", recipient="kondo").folded == 1


def test_where_nobody_has_a_way_the_times_are_kept(hikeshi: Actor) -> None:
    contact("kondo", email="")
    contact("mori", 2, email="")
    declare(hikeshi, 1)
    work()
    row = Escalation.objects.get()
    assert (row.step, Notice.objects.exclude(state="unreachable").count()) == (1, 0)
    assert row.due_at
    assert row.due_at > timezone.now() + timedelta(minutes=4)


def test_a_worker_killed_between_sending_and_recording_means_one_more_message_with_the_same_number(
    hikeshi: Actor, mails: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:

    contact("kondo")
    declare(hikeshi, 1)
    with monkeypatch.context() as broken:
        broken.setattr(sending, "_taken", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            work()
    Notice.objects.filter(template="page").update(lease_until=timezone.now() - timedelta(seconds=1))
    work()
    pages = [message_from_bytes(one) for one in mails.mails if "you are needed" in parts(one)[1]]
    assert len(pages) == 2
    assert len({one["Message-ID"] for one in pages}) == 1
    notice = Notice.objects.get(template="page")
    assert [one.outcome for one in notice.tries.all()] == ["unknown", "taken"]


def test_a_storm_of_the_same_thing_is_folded(hikeshi: Actor, mails: SmtpSink) -> None:
    contact("kondo", duty="responder")
    for number in range(43):
        with transaction.atomic():
            ledger.append("organisation", actor=hikeshi, verb="alert.set_aside", obj=f"delivery {number}")
    work()
    assert len(mails.mails) == 1
    assert "And 42 more of the same." in parts(mails.mails[0])[2]
    assert Notice.objects.count() + sum(Notice.objects.values_list("folded", flat=True)) == 43


def test_quiet_hours_hold_back_what_is_not_sev_1_or_2(db: None) -> None:
    kondo = contact("kondo", quiet_from=time(22), quiet_to=time(7), time_zone="Asia/Tokyo")
    night = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)  # midnight in Tokyo
    assert making.quiet_until(kondo, night) == datetime(2026, 11, 27, 22, 0, tzinfo=UTC)
    day = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
    assert making.quiet_until(kondo, day) == day

    within = Round(system("Hikeshi", "worker"), night)
    made = making.make([Recipient(contact=kondo)], "update", {}, within=within, severity=3)
    loud = making.make([Recipient(contact=kondo)], "page", {}, within=within, severity=2, urgent=True)
    assert (made[0].due_at, loud[0].due_at) == (datetime(2026, 11, 27, 22, 0, tzinfo=UTC), night)


def test_a_webhook_is_signed_and_a_test_says_what_was_answered(admin: Actor, settings: Settings) -> None:

    with HttpSink() as http:
        row = verbs.add_channel("hook", "webhook", f"http://127.0.0.1:{http.port}/in#s3cret", actor=admin)
        assert try_channel(row, actor=admin) == "HTTP 200"
        _, headers, body = http.posts[0]
        assert headers["X-Hikeshi-Signature"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
        http.status = 500
        with pytest.raises(Failed):
            try_channel(row, actor=admin)
    assert "500" in row.last_problem
    assert "s3cret" not in row.last_problem


@pytest.mark.parametrize("trouble", ["refused", "garbage", "slow"])
def test_a_service_in_trouble_is_a_failure_that_says_why(trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "SECONDS", 0.2)
    with HttpSink() as http:
        http.garbage, http.seconds = trouble == "garbage", 1.0 if trouble == "slow" else 0.0
        address = f"http://127.0.0.1:{http.port}/in#s3cret"
        if trouble == "refused":
            http.__exit__(None, None, None)
        with pytest.raises(Failed) as failed:
            channels.send("webhook", address, "s", "b", key="k")
    assert not failed.value.permanent
    assert "s3cret" not in str(failed.value)


def test_only_an_administrator_names_channels(commander: Actor, on_it: Actor, admin: Actor) -> None:
    for actor in (commander, on_it):
        with pytest.raises(Refused):
            verbs.add_channel("x", "webhook", "https://hooks.example.com/#abcdef", actor=actor)
    for wrong in ("http://10.0.0.1/#abcdef", "https://hooks.example.com/", "file:///etc/passwd#x"):
        with pytest.raises(Refused):
            verbs.add_channel("x", "webhook", wrong, actor=admin)


def test_an_idle_worker_asks_little_whatever_waits(hikeshi: Actor) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert escalating.fire_due(actor=hikeshi) == reading.look(actor=hikeshi) == 0
    assert len(asked) == 2


def test_a_raised_severity_calls_anew_at_once_by_its_own_times(
    hikeshi: Actor, mails: SmtpSink, commander: Actor
) -> None:
    contact("kondo")
    incident = declare(hikeshi, 3)
    work()
    incidents.change_severity(incident, 1, actor=commander, reason="It spreads.")
    work()
    assert [one for one in mails.mails if "SEV-1: you are needed" in parts(one)[1]]
    row = Escalation.objects.get(template="page")
    assert row.due_at == row.began_at + timedelta(minutes=5)
    assert Entry.objects.filter(verb="notice.rebase", chain__name=incident.name).count() == 1


def test_a_lowered_severity_waits_for_its_own_times(hikeshi: Actor, mails: SmtpSink, commander: Actor) -> None:
    contact("kondo")
    incident = declare(hikeshi, 1)
    work()
    incidents.change_severity(incident, 3, actor=commander, reason="One host only.")
    work()
    row = Escalation.objects.get(template="page")
    assert (row.severity, row.due_at) == (3, row.began_at + timedelta(minutes=60))
    assert len([one for one in mails.mails if "you are needed" in parts(one)[1]]) == 1
