"""The written parts of the state document: versioned each by itself, the impact with its certainty."""

from __future__ import annotations

import pytest

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import sections
from hikeshi.desk.incidents.models import Incident
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db


def test_a_section_is_written_and_its_old_texts_stay(incident: Incident, on_it: Actor) -> None:
    sections.write(incident, "objective", "Cut the key", actor=on_it, version=0)
    sections.write(incident, "objective", "Count the records", actor=on_it, version=1)
    assert sections.texts(incident)["objective"].text == "Count the records"
    assert [(one["version"], one["text"]) for one in sections.history(incident, "objective")] == [
        (2, "Count the records"),
        (1, "Cut the key"),
    ]


def test_sections_do_not_stand_in_each_others_way(incident: Incident, on_it: Actor, commander: Actor) -> None:
    sections.write(incident, "objective", "a", actor=on_it, version=0)
    sections.write(incident, "next", "b", actor=commander, version=0)
    assert {key: row.version for key, row in sections.texts(incident).items()} == {
        "objective": 1,
        "impact": 0,
        "next": 1,
    }


@pytest.mark.parametrize("version", [0, 1])
def test_who_comes_second_gets_the_saved_text(incident: Incident, on_it: Actor, commander: Actor, version: int) -> None:
    sections.write(incident, "next", "first", actor=on_it)
    if version:
        sections.write(incident, "next", "saved", actor=on_it)
    with pytest.raises(Conflict) as conflict:
        sections.write(incident, "next", "mine", actor=commander, version=version)
    assert conflict.value.differences[0].saved == ("saved" if version else "first")


def test_an_impact_says_how_sure_it_is_in_either_language() -> None:
    lines = sections.impact_lines(
        "Confirmed: 12 instances\n\n- suspected: 1,240 customers\n不明： 他のアカウント\n調査中:x"
    )
    assert [(one.certainty, one.text) for one in lines] == [
        ("confirmed", "12 instances"),
        ("suspected", "1,240 customers"),
        ("unknown", "他のアカウント"),
        ("investigating", "x"),
    ]


@pytest.mark.parametrize("line", ["12 instances", "maybe: 12 instances", "confirmed:", "http://x.example/"])
def test_an_impact_without_certainty_is_refused(incident: Incident, on_it: Actor, line: str) -> None:
    with pytest.raises(Refused, match="how sure"):
        sections.write(incident, "impact", line, actor=on_it)


def test_only_those_on_the_incident_may_write(incident: Incident, off_it: Actor, outsider: Actor) -> None:
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            sections.write(incident, "next", "x", actor=actor)


def test_unknown_and_endless_sections_are_refused(incident: Incident, on_it: Actor) -> None:
    with pytest.raises(Refused, match="not a section"):
        sections.write(incident, "gossip", "x", actor=on_it)
    with pytest.raises(Refused, match="at most"):
        sections.write(incident, "next", "x" * 20_001, actor=on_it)
