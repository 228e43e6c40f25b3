"""Two who publish the same draft at once, on PostgreSQL: one wins, the other is told, and no version is there twice."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.playbooks import drafting, publishing
from hikeshi.desk.playbooks.models import Draft, Published
from hikeshi.errors import Conflict, HikeshiError
from playbook_texts import OWN


def _at_once(*verbs: object) -> list[object]:
    """What came of each, begun at the same moment in connections of their own."""
    ready, came = threading.Barrier(len(verbs)), [None] * len(verbs)

    def run(place: int) -> None:
        try:
            ready.wait(10)
            came[place] = verbs[place]()  # type: ignore[operator]
        except HikeshiError as problem:
            came[place] = problem  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(verbs))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    return list(came)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one write at a time")
def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(
    on_it: Actor, off_it: Actor, commander: Actor
) -> None:
    row = drafting.begin(actor=on_it, text=OWN)
    row = publishing.ask_for_review(row, actor=on_it, version=row.version)
    publishing.review(row, actor=off_it, digest=row.digest, yes=True)

    def publish() -> Published:
        found = Draft.objects.get(pk=row.pk)
        return publishing.publish(found, actor=commander, digest=row.digest, simulated="passed")

    came = _at_once(publish, publish)
    won = [one for one in came if isinstance(one, Published)]
    told = [one for one in came if isinstance(one, HikeshiError)]
    assert (len(won), len(told)) == (1, 1)
    assert "published" in str(told[0]) or "version 1" in str(told[0])
    assert Published.objects.count() == 1
    assert Entry.objects.filter(verb="playbook.publish").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one write at a time")
def test_of_two_who_begin_a_draft_of_one_playbook_at_once_one_is_told(on_it: Actor, off_it: Actor) -> None:
    came = _at_once(lambda: drafting.begin(actor=on_it, text=OWN), lambda: drafting.begin(actor=off_it, text=OWN))
    assert sum(isinstance(one, Draft) for one in came) == 1
    assert sum(isinstance(one, Conflict) for one in came) == 1
    assert Draft.objects.count() == 1
