"""The page that shows what has a playbook."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from doors.console.house import signed_in
from hikeshi.desk.accounts.models import Person

pytestmark = pytest.mark.django_db


def test_gaps_are_shown_before_answers_and_playbooks_are_linked() -> None:
    person = Person.objects.create_user(username="sato", role="responder")
    text = signed_in(person).get("/coverage/").content.decode()
    states = ["no answer", "partly answered", "has an answer"]
    for table in text.split('<section class="card"')[1:]:
        shown = re.findall("|".join(states), table)
        assert shown
        assert shown == sorted(shown, key=states.index)
    assert '<a class="t-sm" href="/playbooks/ransomware/">' in text
    assert "プレイブックの網羅状況" in signed_in(person, "ja").get("/coverage/").content.decode()
    assert "/coverage/" in signed_in(person).get("/playbooks/").content.decode()


def test_who_has_no_part_in_anything_sees_no_such_page() -> None:
    assert signed_in(Person.objects.create_user(username="gast", role="observer")).get("/coverage/").status_code == 404
    assert Client().get("/coverage/").status_code == 302
