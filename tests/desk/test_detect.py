"""Asking rules of a timeline: who may, what is kept, what the ledger says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from pytest_django import Settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.desk.timelines import verbs
from hikeshi.desk.timelines.models import Hit, Timeline
from hikeshi.errors import Refused
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

TRAIL = Path(__file__).parents[1] / "samples" / "cloudtrail" / "s3.json"
RULE = """
title: Somebody called
id: 0c2c4a0e-5d0d-4c66-9c1c-3a0f2b8f3f10
level: high
tags: [attack.discovery, attack.t1087.004]
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: '*'}, condition: s}
"""


@pytest.fixture
def timeline(tmp_path: Path, settings: Settings, incident: Incident, on_it: Actor) -> Timeline:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path / "home")
    item = evidence.seal_files(incident, [TRAIL], actor=on_it, title="Trail", kind="logs")
    return verbs.build(verbs.ask(incident, "main", [item], actor=on_it), actor=on_it)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "called.yml").write_text(RULE)
    (folder / "broken.yml").write_text("title: [")
    return folder


def test_a_hit_says_which_events_and_is_in_the_ledger(timeline: Timeline, rules: Path, on_it: Actor) -> None:
    [hit] = verbs.detect(timeline, [rules], actor=on_it)
    store = DuckStore(timeline.folder)
    assert (hit.title, hit.level, hit.techniques, hit.file) == ("Somebody called", "high", ["T1087.004"], "called.yml")
    assert hit.events == store.count(Query()) == store.count(Query(where=hit.selector))
    assert hit.made_by == "sato"
    entry = Entry.objects.filter(verb="timeline.detect").select_related("chain").get()
    assert sentence(entry, "en") == "1 of 2 rules hit events of timeline main"
    assert "broken.yml" in str(timeline.detection["wrong"])
    assert timeline.detection["errors"] == 1


def test_asking_again_replaces_what_was_hit_before(timeline: Timeline, rules: Path, on_it: Actor) -> None:
    verbs.detect(timeline, [rules], actor=on_it)
    (rules / "called.yml").unlink()
    assert verbs.detect(timeline, [rules], actor=on_it) == []
    assert not Hit.objects.exists()
    assert Entry.objects.filter(verb="timeline.detect").count() == 2


def test_hits_are_outdated_once_the_timeline_has_more_in_it(
    timeline: Timeline, rules: Path, on_it: Actor, incident: Incident
) -> None:
    verbs.detect(timeline, [rules], actor=on_it)
    assert not timeline.hits_outdated
    again = verbs.build(verbs.ask(incident, "main", list(timeline.items.all()), actor=on_it), actor=on_it)
    assert not again.hits_outdated  # nothing new was read
    flows = Path(__file__).parents[1] / "samples" / "vpcflow"
    more = evidence.seal_files(incident, [flows], actor=on_it, title="Flows", kind="logs")
    asked = verbs.ask(incident, "main", [more], actor=on_it)
    assert asked.hits_outdated
    rebuilt = verbs.build(asked, actor=on_it)
    assert rebuilt.hits_outdated
    verbs.detect(rebuilt, [rules], actor=on_it)
    assert not rebuilt.hits_outdated


def test_what_was_asked_is_recorded_by_its_content(timeline: Timeline, rules: Path, on_it: Actor) -> None:
    verbs.detect(timeline, [rules], actor=on_it)
    first = timeline.detection["rules_sha256"]
    verbs.detect(timeline, [rules], actor=on_it)
    assert timeline.detection["rules_sha256"] == first
    (rules / "called.yml").write_text(RULE.replace("high", "low"))
    verbs.detect(timeline, [rules], actor=on_it)
    assert timeline.detection["rules_sha256"] != first
    assert first in Entry.objects.filter(verb="timeline.detect").first().data  # type: ignore[union-attr]


def test_without_a_folder_our_own_pack_is_asked(timeline: Timeline, on_it: Actor) -> None:
    verbs.detect(timeline, [], actor=on_it)
    assert timeline.detection["rules"] > 0
    assert timeline.detection["wrong"] == []


def test_strangers_and_unbuilt_timelines_are_refused(
    timeline: Timeline, rules: Path, off_it: Actor, on_it: Actor
) -> None:
    with pytest.raises(Refused):
        verbs.detect(timeline, [rules], actor=off_it)
    with pytest.raises(Refused, match="no rules at"):
        verbs.detect(timeline, [rules / "nowhere"], actor=on_it)
    timeline.state = "asked"
    with pytest.raises(Refused, match="not ready"):
        verbs.detect(timeline, [rules], actor=on_it)
    assert not Entry.objects.filter(verb="timeline.detect").exists()
