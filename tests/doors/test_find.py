"""Names become rows only for those who may read them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.django import TestCase

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.doors import find
from hikeshi.doors.find import NotThere
from hikeshi.errors import Refused

HIKESHI = system("Hikeshi", "worker")


def _actor(role: str) -> Actor:
    return accounts.actor_of(Person.objects.create_user(username=role, role=role), "cli")


@pytest.mark.django_db
def test_chains_are_those_of_ones_incidents_and_the_organisation_for_commanders() -> None:
    row = incidents.declare("x", 2, actor=HIKESHI, reason="x")
    assert [chain.name for chain in find.chains(_actor("commander")).order_by("name")] == [row.name, ORGANISATION]
    assert not find.chains(_actor("responder"))
    assert not find.chains(_actor("observer"))


@pytest.mark.django_db
def test_not_there_is_a_refusal_with_a_hint_and_a_short_name() -> None:
    with pytest.raises(NotThere) as caught:
        find.incident(_actor("admin"), "x" * 5000)
    assert isinstance(caught.value, Refused)
    assert caught.value.hint
    assert len(caught.value.message) < 200


class AnyName(TestCase):
    """Whatever is typed, the answer is an answer."""

    @given(st.text())
    @settings(max_examples=50, deadline=None)
    def test_any_text_is_not_there(self, name: str) -> None:
        row = incidents.declare("x", 2, actor=HIKESHI, reason="x")
        clean = name.replace("\x00", "")  # SQLite and PostgreSQL differ about it; doors never pass it on
        for look in (
            find.person,
            find.contact,
            lambda text: find.alert(HIKESHI, text),
            lambda text: find.incident(HIKESHI, f"~{text}"),
        ):
            with pytest.raises(NotThere):
                look(clean)
        for inside in (find.item, find.timeline, find.step):
            with pytest.raises(NotThere):
                inside(row, clean)
