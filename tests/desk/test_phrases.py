"""The stream speaks: every phrase in both languages, values as people say them, and nothing foreign is obeyed."""

from __future__ import annotations

from string import Formatter

import pytest
from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import NOBODY, PHRASES, sentence

pytestmark = pytest.mark.django_db


def entry(actor: Actor, verb: str, obj: str = "x", **data: str | int | list[str]) -> Entry:
    with transaction.atomic():
        return ledger.append("INC-1", actor=actor, verb=verb, obj=obj, data=data)


@pytest.mark.parametrize("verb", PHRASES)
def test_both_languages_use_the_same_values(verb: str) -> None:
    en, ja = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in PHRASES[verb])
    assert en - {"en"} == ja - {"ja"}
    assert PHRASES[verb][0] != PHRASES[verb][1] or verb == "incident.note"


def test_names_are_said_in_the_readers_language(hikeshi: Actor) -> None:
    row = entry(hikeshi, "role.assign", "incident_commander", to="Kondo")
    assert sentence(row, "en") == "Kondo is now incident commander"
    assert sentence(row, "ja") == "Kondo を インシデントコマンダー に任命"


def test_a_deadline_is_said_with_its_rule_and_zone(hikeshi: Actor) -> None:
    row = entry(hikeshi, "clock.start", "response.sev2", deadline="2026-11-06T18:30:00+00:00")
    assert "response.sev2" not in sentence(row, "en")
    assert "2026-11-07 03:30 JST" in sentence(row, "ja")


def test_a_moment_is_said_in_the_zone_and_to_the_second(hikeshi: Actor) -> None:
    row = entry(hikeshi, "moment.record", "detected_at", when="2026-11-06T18:30:05.123456Z")
    assert "2026-11-07 03:30:05 JST" in sentence(row, "en")


def test_names_of_actions_and_fields_are_left_as_they_are(hikeshi: Actor) -> None:
    assert "aws.ssm.capture_memory" in sentence(entry(hikeshi, "step.plan", action="aws.ssm.capture_memory"), "en")


def test_braces_in_foreign_text_mean_nothing(hikeshi: Actor) -> None:
    row = entry(hikeshi, "incident.note", text="{actor.__class__} {0}")
    assert sentence(row, "en") == "Hikeshi: {actor.__class__} {0}"


def test_several_are_named_one_after_the_other_and_nobody_is_said(hikeshi: Actor) -> None:
    row = entry(hikeshi, "step.narrow", "step 2:A1", without=["eni-1", "eni-2"])
    assert sentence(row, "en") == "Hikeshi took parts out of the plan of step 2:A1: eni-1, eni-2"
    assert sentence(entry(hikeshi, "notice.page", level=3, to=NOBODY), "en").endswith("nobody who can be reached")


def test_a_verb_for_auditors_is_not_in_the_stream(hikeshi: Actor) -> None:
    assert sentence(entry(hikeshi, "timeline.ask"), "en") == ""
