"""Stars, tags and comments on single events, and saved searches: who may, what is kept, what the ledger says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.desk.timelines import notes, searches, verbs
from hikeshi.desk.timelines.models import EventNote, SavedSearch, Timeline
from hikeshi.errors import Refused
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

TRAIL = Path(__file__).parents[1] / "samples" / "cloudtrail" / "s3.json"


@pytest.fixture
def timeline(tmp_path: Path, settings: Settings, incident: Incident, on_it: Actor) -> Timeline:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path / "home")
    item = evidence.seal_files(incident, [TRAIL], actor=on_it, title="Trail", kind="logs")
    return verbs.build(verbs.ask(incident, "main", [item], actor=on_it), actor=on_it)


@pytest.fixture
def events(timeline: Timeline) -> list[dict[str, Any]]:
    return DuckStore(timeline.folder).events(Query())


def _verbs() -> list[str]:
    return list(Entry.objects.filter(verb__contains="timeline.").order_by("seq").values_list("verb", flat=True))[2:]


def _found(timeline: Timeline, query: Query) -> list[str]:
    return [str(row["event_uid"]) for row in DuckStore(timeline.folder).events(query)]


def test_each_note_is_in_the_ledger_and_so_is_its_removal(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor
) -> None:
    uid = events[0]["event_uid"]
    made = [
        notes.note(timeline, uid.upper(), kind, text, actor=on_it)
        for kind, text in (("star", ""), ("tag", "Exfil"), ("comment", "ここから。"))
    ]
    assert [(row.event_uid, row.ts, row.text) for row in made] == [
        (uid, events[0]["ts"], text) for text in ("", "exfil", "ここから。")
    ]
    assert "ここから。" in sentence(Entry.objects.get(verb="timeline.comment"), "ja")
    for row in made:
        notes.take_back(row, actor=on_it, reason="a mistake")
    assert not EventNote.objects.exists()
    kinds = ("star", "tag", "comment")
    assert _verbs() == [f"timeline.{kind}" for kind in kinds] + [f"timeline.un{kind}" for kind in kinds]


def test_a_tag_is_put_once_and_a_comment_as_often_as_it_is_said(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor
) -> None:
    for kind, text in (("tag", "exfil"), ("tag", "EXFIL"), ("comment", "same"), ("comment", "same")):
        notes.note(timeline, events[0]["event_uid"], kind, text, actor=on_it)
    assert [row.kind for row in timeline.notes.all()] == ["tag", "comment", "comment"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("tag", "two words"),
        ("tag", ""),
        ("tag", "x" * 41),
        ("comment", " "),
        ("comment", "x" * 2001),
        ("star", "x"),
        ("like", ""),
    ],
)
def test_what_is_no_note_is_refused(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor, kind: str, text: str
) -> None:
    with pytest.raises(Refused) as refused:
        notes.note(timeline, events[0]["event_uid"], kind, text, actor=on_it)
    assert refused.value.hint
    assert _verbs() == []


@pytest.mark.parametrize("uid", ["", "00" * 16, "no hex", "\x00", "ab"])
def test_an_event_that_is_not_in_the_store_bears_no_note(timeline: Timeline, on_it: Actor, uid: str) -> None:
    with pytest.raises(Refused):
        notes.note(timeline, uid, "star", actor=on_it)


def test_a_comment_is_not_removed_without_a_reason(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor
) -> None:
    row = notes.note(timeline, events[0]["event_uid"], "comment", "theirs", actor=on_it)
    with pytest.raises(Refused, match="without a reason"):
        notes.take_back(row, actor=on_it, reason=" ")
    assert timeline.notes.count() == 1


def test_who_is_not_on_the_incident_neither_writes_nor_removes(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    uid = events[0]["event_uid"]
    row, kept = notes.note(timeline, uid, "star", actor=on_it), searches.save(timeline, "all", Query(), actor=on_it)
    for stranger in (off_it, outsider):
        with pytest.raises(Refused):
            notes.note(timeline, uid, "tag", "x", actor=stranger)
        with pytest.raises(Refused):
            notes.take_back(row, actor=stranger)
        with pytest.raises(Refused):
            searches.save(timeline, "mine", Query(), actor=stranger)
        with pytest.raises(Refused):
            searches.delete(kept, actor=stranger)
    assert (EventNote.objects.count(), SavedSearch.objects.count()) == (1, 1)


def test_there_is_an_end_to_notes(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MOST", 1)
    notes.note(timeline, events[0]["event_uid"], "star", actor=on_it)
    with pytest.raises(Refused, match="has 1 notes"):
        notes.note(timeline, events[0]["event_uid"], "tag", "x", actor=on_it)


def test_events_are_found_by_all_their_tags_and_their_star(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor
) -> None:
    first, second = (row["event_uid"] for row in events[:2])
    for uid, kind, text in ((first, "tag", "a"), (second, "tag", "a"), (second, "tag", "b"), (first, "star", "")):
        notes.note(timeline, uid, kind, text, actor=on_it)
    assert _found(timeline, notes.noted(timeline, Query(), tags=["A"])) == [first, second]
    assert _found(timeline, notes.noted(timeline, Query(), tags=["a", "b"])) == [second]
    assert _found(timeline, notes.noted(timeline, Query(), starred=True)) == [first]
    assert _found(timeline, notes.noted(timeline, Query(), tags=["b"], starred=True)) == []
    assert _found(timeline, notes.noted(timeline, Query(where={"event_uid": second}), tags=["a"])) == [second]


def test_notes_survive_a_rebuild(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor, incident: Incident
) -> None:
    notes.note(timeline, events[0]["event_uid"], "star", actor=on_it)
    verbs.build(verbs.ask(incident, "main", list(timeline.items.all()), actor=on_it), actor=on_it)
    assert _found(timeline, notes.noted(timeline, Query(), starred=True)) == [events[0]["event_uid"]]


def test_a_saved_search_asks_the_same_again_and_narrower(
    timeline: Timeline, events: list[dict[str, Any]], on_it: Actor
) -> None:
    actions = sorted({row["action"] for row in events})[:2]
    notes.note(timeline, events[0]["event_uid"], "tag", "a", actor=on_it)
    asked = Query(where={"action": tuple(actions)}, end_us=events[-1]["ts"], search="a", limit=3)
    row = searches.save(timeline, "two acts", asked, actor=on_it)
    row.refresh_from_db()
    again = searches.within(row, Query(limit=3))
    assert _found(timeline, again) == _found(timeline, asked)
    narrower = searches.within(row, Query(where={"action": actions[0]}, end_us=events[-1]["ts"] + 1))
    assert (narrower.end_us, narrower.where, narrower.search) == (events[-1]["ts"], {"action": actions[0]}, "a")
    tagged = searches.save(timeline, "tagged", Query(), actor=on_it, tags=["A"])
    assert _found(timeline, searches.within(tagged, Query())) == [events[0]["event_uid"]]


def test_a_name_that_is_taken_is_asked_anew_and_a_deleted_one_is_gone(timeline: Timeline, on_it: Actor) -> None:
    searches.save(timeline, "mine", Query(search="x"), actor=on_it)
    row = searches.save(timeline, " mine ", Query(search="y"), actor=on_it)
    assert timeline.searches.get().query == {"search": "y"}
    searches.delete(row, actor=on_it)
    assert not timeline.searches.exists()
    assert _verbs() == ["timeline.save_search"] * 2 + ["timeline.delete_search"]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", Query()),
        ("x" * 81, Query()),
        ("a\nb", Query()),
        ("a", Query(where={"nope": "1"})),
        ("a", Query(search="x" * 20_001)),
    ],
)
def test_a_search_that_could_not_be_asked_is_not_kept(
    timeline: Timeline, on_it: Actor, name: str, query: Query
) -> None:
    with pytest.raises(Refused):
        searches.save(timeline, name, query, actor=on_it)
    assert _verbs() == []
