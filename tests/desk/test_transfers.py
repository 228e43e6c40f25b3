"""A hand-over has two sides: nothing moves until the receiver has it with the same hash, and every answer is kept."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import line, transfers, verbs as evidence
from hikeshi.desk.evidence.models import Item, Transfer
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db

OTHER = hashlib.sha256(b"another disk").hexdigest()


@pytest.fixture
def item(incident: Incident, on_it: Actor) -> Item:
    return evidence.seal_bytes(incident, b"disk", actor=on_it, title="Disk", kind="file")


@pytest.fixture
def receiver(incident: Incident, commander: Actor) -> Actor:
    """An observer with a role on the incident: enough to receive what is offered to them."""
    person = Person.objects.create_user(username="mori", role="observer")
    incidents.assign(incident, "observer", actor=commander, person=person)
    return accounts.actor_of(person, "api")


def offer(item: Item, actor: Actor, **more: Any) -> tuple[Transfer, str]:
    said = {"receiver": "Outside lab", "purpose": "malware analysis"} | more
    return transfers.offer(item, actor=actor, **said)


def last(item: Item) -> tuple[str, dict[str, Any]]:
    entry = evidence.custody(item)[-1]
    return entry.verb, json.loads(entry.data)


def test_the_giver_holds_it_until_the_receiver_has_the_same_hash(item: Item, on_it: Actor) -> None:
    transfer, secret = offer(item, on_it, place="Tokyo")
    assert (item.held_by, transfer.secret_sha256) == ("", hashlib.sha256(secret.encode()).hexdigest())
    assert secret not in evidence.custody(item)[-1].data
    assert line.events(item)[-1].state == "unanswered"
    answered = transfers.answer_by_link(secret, name="Dr. Kim", sha256=item.sha256.upper())
    item.refresh_from_db()
    assert (answered.state, item.held_by) == ("accepted", "Outside lab")
    verb, data = last(item)
    assert (verb, data["signed_by"], data["hash_before"], data["hash_after"], data["place"]) == (
        "evidence.transfer_in", "Dr. Kim (by link)", item.sha256, item.sha256, "Tokyo",
    )  # fmt: skip
    assert line.events(item)[-1].counterparty == "sato"


def test_another_hash_is_refused_and_kept(item: Item, on_it: Actor) -> None:
    _, secret = offer(item, on_it)
    answered = transfers.answer_by_link(secret, name="Dr. Kim", sha256=OTHER)
    item.refresh_from_db()
    assert (answered.state, answered.reason, item.held_by) == ("refused", transfers.DIFFERS, "")
    assert last(item)[0] == "evidence.refuse"
    assert last(item)[1]["hash_after"] == OTHER
    assert line.events(item)[-1].state == "bad"


def test_the_receiver_may_refuse_with_a_reason(item: Item, on_it: Actor) -> None:
    _, secret = offer(item, on_it)
    with pytest.raises(Refused, match="reason"):
        transfers.answer_by_link(secret, name="Dr. Kim", refuse=True)
    with pytest.raises(Refused, match="who you are"):
        transfers.answer_by_link(secret, name=" ", refuse=True, reason="not ours")
    answered = transfers.answer_by_link(secret, name="Dr. Kim", refuse=True, reason="not ours")
    assert (answered.state, answered.reason) == ("refused", "not ours")


def test_a_link_works_once_and_a_wrong_one_says_nothing(item: Item, on_it: Actor) -> None:
    _, secret = offer(item, on_it)
    transfers.answer_by_link(secret, name="Dr. Kim", sha256=item.sha256)
    for dead in (secret, "guess", "", "\x00", "\ud800"):
        with pytest.raises(Refused, match="not valid"):
            transfers.by_link(dead)


def test_the_bytes_are_taken_through_the_link_with_a_custody_line(item: Item, on_it: Actor) -> None:
    _, secret = offer(item, on_it)
    _, stream = transfers.take_by_link(secret)
    with stream:
        assert stream.read() == b"disk"
    entry = evidence.custody(item)[-1]
    assert (entry.verb, entry.actor) == ("evidence.hand_out", "Outside lab (by link)")
    with pytest.raises(Refused, match="no such file"):
        transfers.take_by_link(secret, sha256=OTHER)


def test_what_is_no_hash_answers_nothing(item: Item, on_it: Actor) -> None:
    transfer, secret = offer(item, on_it)
    for text in ("", "abc", item.sha256 + "0", "g" * 64):
        with pytest.raises(Refused, match="no SHA-256"):
            transfers.answer_by_link(secret, name="Dr. Kim", sha256=text)
    transfer.refresh_from_db()
    assert transfer.state == "offered"


def test_a_person_with_a_role_accepts_signed_in_and_nobody_else_does(
    item: Item, on_it: Actor, commander: Actor, receiver: Actor
) -> None:
    transfer, _ = offer(item, on_it, receiver="mori")
    for somebody in (on_it, commander):
        with pytest.raises(Refused, match="Only mori"):
            transfers.accept(transfer, item.sha256, actor=somebody)
        with pytest.raises(Refused, match="Only mori"):
            transfers.refuse(transfer, actor=somebody, reason="x")
    assert transfers.accept(transfer, item.sha256, actor=receiver).state == "accepted"
    item.refresh_from_db()
    assert item.held_by == "mori"


def test_a_person_may_refuse_signed_in(item: Item, on_it: Actor, receiver: Actor) -> None:
    transfer, _ = offer(item, on_it, receiver="mori")
    assert transfers.refuse(transfer, actor=receiver, reason="on leave").state == "refused"
    with pytest.raises(Refused, match="answered"):
        transfers.accept(transfer, item.sha256, actor=receiver)


def test_one_offer_at_a_time_and_never_to_oneself(item: Item, on_it: Actor) -> None:
    with pytest.raises(Refused, match="two sides"):
        offer(item, on_it, receiver="sato")
    transfer, secret = offer(item, on_it)
    with pytest.raises(Refused, match="offered already"):
        offer(item, on_it)
    transfers.withdraw(transfer, actor=on_it, reason="wrong lab")
    assert last(item)[0] == "evidence.withdraw"
    with pytest.raises(Refused, match="not valid"):
        transfers.by_link(secret)
    offer(item, on_it)


def test_an_offer_expires_with_an_entry(item: Item, on_it: Actor) -> None:
    transfer, secret = offer(item, on_it)
    Transfer.objects.filter(pk=transfer.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Refused, match="not valid"):
        transfers.by_link(secret)
    with pytest.raises(Refused, match="expired"):
        transfers.withdraw(transfer, actor=on_it, reason="late")
    transfers.settle(item)
    transfers.settle(item)
    transfer.refresh_from_db()
    assert (transfer.state, transfer.reason) == ("withdrawn", "expired")
    assert [entry.verb for entry in evidence.custody(item)].count("evidence.withdraw") == 1


def test_an_offer_ends_some_day(item: Item, on_it: Actor) -> None:
    for until in (timezone.now(), timezone.now() + timedelta(days=91)):
        with pytest.raises(Refused, match="ends within"):
            offer(item, on_it, expires_at=until)


def test_on_paper_the_signed_sheet_is_sealed_and_bound(item: Item, on_it: Actor) -> None:
    transfer, secret = offer(item, on_it, means="paper")
    assert secret == ""
    transfers.accept_on_paper(transfer, b"%PDF scan", actor=on_it, sha256=item.sha256, signed_by="Dr. Kim")
    transfer.refresh_from_db()
    item.refresh_from_db()
    assert transfer.paper is not None
    assert transfer.paper.sha256 == hashlib.sha256(b"%PDF scan").hexdigest()
    assert (transfer.state, transfer.answered_by, item.held_by) == ("accepted", "Dr. Kim", "Outside lab")
    assert last(item)[1]["paper"] == transfer.paper.name


def test_a_sheet_for_a_link_or_without_scan_seals_nothing(item: Item, on_it: Actor) -> None:
    by_link, _ = offer(item, on_it)
    with pytest.raises(Refused, match="scan"):
        transfers.accept_on_paper(by_link, b"scan", actor=on_it, sha256=item.sha256, signed_by="Dr. Kim")
    assert Item.objects.count() == 1


def test_it_comes_back_with_the_same_hash_or_stays_with_its_holder(item: Item, on_it: Actor) -> None:
    with pytest.raises(Refused, match="in the locker"):
        transfers.give_back(item, item.sha256, actor=on_it)
    _, secret = offer(item, on_it)
    transfers.answer_by_link(secret, name="Dr. Kim", sha256=item.sha256)
    item.refresh_from_db()
    with pytest.raises(Refused, match="is with Outside lab"):
        offer(item, on_it)
    assert not transfers.give_back(item, OTHER, actor=on_it)
    assert (item.held_by, last(item)[0]) == ("Outside lab", "evidence.refuse")
    assert transfers.give_back(item, item.sha256, actor=on_it, reason="done")
    item.refresh_from_db()
    assert (item.held_by, last(item)[0], last(item)[1]["counterparty"]) == ("", "evidence.return", "Outside lab")


def test_only_those_on_it_may_offer_withdraw_or_take_back(
    item: Item, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            offer(item, actor)
    transfer, _ = offer(item, on_it)
    paper = {"sha256": item.sha256, "signed_by": "x"}
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            transfers.withdraw(transfer, actor=actor, reason="x")
        with pytest.raises(Refused, match="may not"):
            transfers.give_back(item, item.sha256, actor=actor)
        with pytest.raises(Refused, match="may not"):
            transfers.accept(transfer, item.sha256, actor=actor)
        with pytest.raises(Refused, match="may not"):
            transfers.accept_on_paper(transfer, b"scan", actor=actor, **paper)
