"""The record: appended with the change it records, and an edited row is found at its place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db


def write(actor: Actor, count: int = 3) -> None:
    with transaction.atomic():
        for number in range(count):
            ledger.append("INC-1", actor=actor, verb="test.write", obj="thing", data={"n": number, "名": "火消し"})


def edit(seq: int, column: str, value: str) -> None:
    """As somebody with the database's password would, past every verb."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE ledger_entry SET {column} = %s WHERE seq = %s", [value, seq])


def test_a_fresh_chain_verifies(hikeshi: Actor) -> None:
    write(hikeshi)
    verdict = ledger.verify("INC-1")
    assert verdict.ok
    assert verdict.count == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "somebody else"), ("data", '{"n":9}'), ("data", "not json"), ("time", "2020-01-01T00:00:00.000000Z")],
)
def test_one_edited_row_is_found_at_its_place(hikeshi: Actor, column: str, value: str) -> None:
    write(hikeshi)
    edit(2, column, value)
    verdict = ledger.verify("INC-1")
    assert not verdict.ok
    assert {problem.seq for problem in verdict.problems} == {2}


def test_a_deleted_row_is_found(hikeshi: Actor) -> None:
    write(hikeshi)
    Entry.objects.filter(seq=2).delete()
    assert 2 in {problem.seq for problem in ledger.verify("INC-1").problems}


def test_a_cut_off_tail_is_found(hikeshi: Actor) -> None:
    write(hikeshi)
    Entry.objects.filter(seq=3).delete()
    assert not ledger.verify("INC-1").ok


def test_an_entry_goes_with_the_change_it_records(hikeshi: Actor) -> None:
    with transaction.atomic():
        ledger.append("INC-1", actor=hikeshi, verb="test.write", obj="thing")
        transaction.set_rollback(True)
    assert not Entry.objects.exists()
    assert not Chain.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_writing_outside_a_transaction_is_refused(hikeshi: Actor) -> None:
    with pytest.raises(Refused, match="outside a transaction"):
        ledger.append("INC-1", actor=hikeshi, verb="test.write", obj="thing")


def test_an_unknown_chain_is_said_to_be_unknown() -> None:
    with pytest.raises(Refused, match="no chain named"):
        ledger.verify("INC-404")


def test_chains_are_independent(hikeshi: Actor) -> None:
    write(hikeshi)
    with transaction.atomic():
        first = ledger.append("INC-2", actor=hikeshi, verb="test.write", obj="thing")
    assert first.seq == 1
    assert first.prev == "0" * 64


def test_many_appended_at_once_are_the_chain_that_one_by_one_would_be(hikeshi: Actor) -> None:
    noon = datetime(2026, 11, 6, 12, 0, tzinfo=UTC)
    drafts = [ledger.Draft("test.write", "thing", {"n": number}, noon) for number in range(ledger.BATCH + 5)]
    with transaction.atomic():
        ledger.append_many("INC-1", drafts[:3], actor=hikeshi)
        ledger.append("INC-1", actor=hikeshi, verb="test.write", obj="thing", data={"n": 3}, at=noon)
        ledger.append_many("INC-1", drafts[4:], actor=hikeshi)
    verdict = ledger.verify("INC-1")
    assert verdict.ok
    assert verdict.count == len(drafts)
    assert [entry.data["n"] for entry in ledger.lines(Chain.objects.get())] == list(range(len(drafts)))


def test_appending_nothing_changes_nothing(hikeshi: Actor) -> None:
    write(hikeshi)
    with transaction.atomic():
        ledger.append_many("INC-1", [], actor=hikeshi)
    assert ledger.verify("INC-1").count == 3


@pytest.mark.django_db(transaction=True)
def test_many_are_refused_outside_a_transaction(hikeshi: Actor) -> None:
    with pytest.raises(Refused, match="transaction"):
        ledger.append_many("INC-1", [ledger.Draft("test.write", "thing")], actor=hikeshi)


def test_lines_of_one_verb_are_stored_together_or_not_at_all(hikeshi: Actor) -> None:
    with transaction.atomic(), ledger.together("INC-1"):
        write(hikeshi, 2)
        ledger.append_many("INC-1", [ledger.Draft("test.write", "thing")] * 2, actor=hikeshi)
        assert not Entry.objects.exists()
    with pytest.raises(Refused):
        _write_and_fail(hikeshi)
    assert (ledger.verify("INC-1").ok, ledger.verify("INC-1").count) == (True, 4)
    assert not ledger.is_held("INC-1")


def _write_and_fail(actor: Actor) -> None:
    with transaction.atomic(), ledger.together("INC-1"):
        write(actor, 2)
        ledger.append("INC-1", actor=actor, verb="test.write", obj="thing", data={"n": 0.5})
