"""No update is ever lost: whoever writes over somebody else's text is told first, with all the texts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from hypothesis import HealthCheck, given, settings, strategies as st

from hikeshi.desk.actor import Actor, system
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.errors import Conflict

WRITERS = 6
HIKESHI = system("Hikeshi", "worker")


def _fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def test_the_second_writer_is_told_all_three_texts(incident: Incident, on_it: Actor, commander: Actor) -> None:
    incidents.summarise(incident, "both read this", actor=on_it)
    seen = _fresh(incident).version
    incidents.summarise(_fresh(incident), "first", actor=on_it, version=seen)
    incidents.summarise(_fresh(incident), "first, corrected", actor=on_it, version=seen + 1)
    with pytest.raises(Conflict) as conflict:
        incidents.summarise(_fresh(incident), "second", actor=commander, version=seen)
    (one,) = conflict.value.differences
    assert (one.field, one.base, one.saved, one.own) == ("summary", "both read this", "first, corrected", "second")
    assert conflict.value.version == _fresh(incident).version == seen + 2


def test_who_changes_another_field_is_not_disturbed(incident: Incident, on_it: Actor, commander: Actor) -> None:
    seen = incident.version
    incidents.summarise(_fresh(incident), "mine", actor=on_it, version=seen)
    incidents.change_severity(_fresh(incident), 1, actor=commander, reason="database read", version=seen)
    assert (_fresh(incident).summary, _fresh(incident).severity) == ("mine", 1)


def test_a_version_that_never_was_is_a_conflict(incident: Incident, on_it: Actor) -> None:
    with pytest.raises(Conflict):
        incidents.summarise(incident, "from the future", actor=on_it, version=incident.version + 5)


def test_saying_what_is_saved_already_changes_nothing(incident: Incident, on_it: Actor, commander: Actor) -> None:
    seen = incident.version
    incidents.summarise(_fresh(incident), "the same", actor=on_it, version=seen)
    incidents.summarise(_fresh(incident), "the same", actor=commander, version=seen)
    assert _fresh(incident).version == seen + 1


def _write(row: Incident, of_summary: bool, text: str, version: int) -> Conflict | None:
    try:
        if of_summary:
            incidents.summarise(row, text, actor=HIKESHI, version=version)
        else:
            incidents.change_severity(row, 4, actor=HIKESHI, reason=text, version=version)
    except Conflict as conflict:
        return conflict
    return None


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 2)), max_size=10))
def test_every_write_is_saved_or_answered_with_the_text_it_would_have_replaced(
    db: None, writes: list[tuple[bool, int, int]]
) -> None:
    """Against a model: for each field, when it last changed. `lag` is how many versions ago the writer looked."""
    row = incidents.declare("x", 4, actor=HIKESHI, reason="r")
    saved = {"summary": "", "severity_reason": "r"}
    last = {"summary": 1, "severity_reason": 1}
    for number, (of_summary, lag, word) in enumerate(writes):
        field, text, now = "summary" if of_summary else "severity_reason", f"text {word}", _fresh(row).version
        seen = max(1, now - lag)
        overtaken = last[field] > seen and saved[field] != text
        told = _write(_fresh(row), of_summary, text, seen)
        assert (told is not None) == overtaken, number
        if told is not None:
            assert [one.saved for one in told.differences] == [saved[field]]
        elif saved[field] != text:
            saved[field], last[field] = text, now + 1
        assert (_fresh(row).summary, _fresh(row).severity_reason) == (saved["summary"], saved["severity_reason"])


def _add_a_line(pk: int, line: str) -> None:
    """As a person does: read, write, and where somebody was faster, take both."""
    version, text, done = 1, "", False
    while not done:
        try:
            incidents.summarise(Incident.objects.get(pk=pk), f"{text}\n{line}", actor=HIKESHI, version=version)
            done = True
        except Conflict as conflict:
            version, text = conflict.version, conflict.differences[0].saved
        except OperationalError:  # the database in memory does not wait for a lock
            continue
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_write_at_once_nobody_s_line_is_lost() -> None:
    row = incidents.declare("x", 4, actor=HIKESHI, reason="r")
    lines = {f"line of writer {number}" for number in range(WRITERS)}
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda line: _add_a_line(row.pk, line), sorted(lines)))
    assert set(_fresh(row).summary.splitlines()) - {""} == lines
    assert _fresh(row).version == 1 + WRITERS
