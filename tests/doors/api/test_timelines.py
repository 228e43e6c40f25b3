"""Timelines through the API, over the product's own store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from doors.api.caller import SYSTEM, Caller
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.timelines import verbs
from hikeshi.desk.timelines.models import Timeline
from hikeshi.doors.worker import Worker
from trail_writer import Trail

TRAIL = Path(__file__).parents[2] / "samples" / "cloudtrail" / "s3.json"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> None:
    """Rows are rolled back after a test, files are not."""
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)


@pytest.fixture
def built(incident: Incident) -> str:
    """The address of a timeline that is ready."""
    item = evidence.seal_files(incident, [TRAIL], actor=SYSTEM, title="Trail", kind="logs")
    verbs.build(verbs.ask(incident, "main", [item], actor=SYSTEM), actor=SYSTEM)
    return f"/incidents/{incident.name}/timelines/main"


def _events(caller: Caller, built: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller.get(f"{built}/events?limit=500{query}")["items"]
    return found


def test_asking_leaves_the_work_to_a_worker(on_it: Caller, incident: Incident) -> None:
    evidence.seal_files(incident, [TRAIL], actor=SYSTEM, title="Trail", kind="logs")
    path = f"/incidents/{incident.name}/timelines"
    made = on_it.post(path, {"name": "main", "evidence": ["EV-001"]}, 202)
    assert (made["state"], made["evidence"]) == ("asked", ["EV-001"])
    assert on_it.get(path) == [made]
    assert Timeline.objects.get().due_at is not None
    on_it.post(path, {"name": "main", "evidence": ["EV-009"]}, 404)
    on_it.post(path, {"name": "../etc", "evidence": ["EV-001"]}, 403)
    on_it.post(path, {"name": "main", "evidence": []}, 403)


def test_a_clock_is_put_right_told_and_undone(on_it: Caller, incident: Incident, built: str) -> None:
    before = [row["ts"] for row in _events(on_it, built)]
    asked = {"name": "main", "evidence": ["EV-001"]}
    made = on_it.post(f"/incidents/{incident.name}/timelines", asked | {"skew": ["EV-001/*=+3.5s"]}, 202)
    assert made["assumed"] == [{"source": "EV-001/*", "skew_us": 3_500_000}]
    verbs.build(Timeline.objects.get(), actor=SYSTEM)
    assert [row["ts"] for row in _events(on_it, built)] == [ts + 3_500_000 for ts in before]
    (source,) = on_it.get(f"{built}/sources")
    assert (source["name"], source["assumed"]) == ("EV-001/s3.json", ["*=+3.5s"])
    assert source["records"] == source["events"] + source["unreadable_count"] > 0
    told = [entry.data for entry in Entry.objects.filter(verb__in=("timeline.ask", "timeline.ready")).order_by("seq")]
    assert ["3500000" in one for one in told] == [False, False, True, True]
    on_it.post(f"/incidents/{incident.name}/timelines", asked, 202)
    verbs.build(Timeline.objects.get(), actor=SYSTEM)
    assert [row["ts"] for row in _events(on_it, built)] == before


@pytest.mark.parametrize("wrong", [{"skew": ["EV-001/*=3 days"]}, {"skew": ["fw.log=+3s"]}, {"zone": ["Asia/Edo"]}])
def test_a_clock_that_makes_no_sense_is_refused(on_it: Caller, incident: Incident, wrong: dict[str, list[str]]) -> None:
    evidence.seal_files(incident, [TRAIL], actor=SYSTEM, title="Trail", kind="logs")
    asked = {"name": "main", "evidence": ["EV-001"], **wrong}
    on_it.post(f"/incidents/{incident.name}/timelines", asked, 403)
    assert not Timeline.objects.exists()


def test_a_mapping_in_the_body_reads_a_log_without_a_parser(on_it: Caller, incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text("when,client\n2026-11-07T02:31:07Z,192.0.2.7\n")
    evidence.seal_files(incident, [tmp_path / "shop.csv"], actor=SYSTEM, title="Shop", kind="logs")
    text = "name: shop\nformat: csv\ntime: {field: when}\nfields: {src_ip: client}\n"
    path, asked = f"/incidents/{incident.name}/timelines", {"name": "main", "evidence": ["EV-001"]}
    wrong = text.replace("src_ip", "source")
    assert "line 4" in str(on_it.post(path, asked | {"mapping": [{"source": "*.csv", "text": wrong}]}, 422))
    made = on_it.post(path, asked | {"mapping": [{"source": "*.csv", "text": text}]}, 202)
    assert made["assumed"] == [{"source": "*.csv", "mapping": text}]
    Worker().drain()
    assert [row["src_ip"] for row in _events(on_it, f"{path}/main")] == ["192.0.2.7"]


def test_a_worker_builds_what_was_asked_for(on_it: Caller, incident: Incident) -> None:
    evidence.seal_files(incident, [TRAIL], actor=SYSTEM, title="Trail", kind="logs")
    path = f"/incidents/{incident.name}/timelines"
    for name, skew in (("right", []), ("late", ["cloudtrail=+2s"])):
        on_it.post(path, {"name": name, "evidence": ["EV-001"], "skew": skew}, 202)
    Worker().drain()
    assert [row["state"] for row in on_it.get(path)] == ["ready", "ready"]
    right, late = (_events(on_it, f"{path}/{name}") for name in ("right", "late"))
    assert [row["ts"] + 2_000_000 for row in right] == [row["ts"] for row in late] != []


def test_events_come_in_order_page_by_page_without_gap_or_repeat(on_it: Caller, built: str) -> None:
    whole = _events(on_it, built)
    assert [row["ts"] for row in whole] == sorted(row["ts"] for row in whole)
    seen: list[str] = []
    after = ""
    while True:
        page = on_it.get(f"{built}/events?limit=2{after}")
        seen += [row["event_uid"] for row in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [row["event_uid"] for row in whole]
    latest = on_it.get(f"{built}/events?limit=1&descending=true")["items"]
    assert latest == whole[-1:]


def test_filters_narrow_and_several_of_one_field_widen(on_it: Caller, built: str) -> None:
    whole = _events(on_it, built)
    one, two = list(dict.fromkeys(row["action"] for row in whole))[:2]
    assert {row["action"] for row in _events(on_it, built, f"&where=action={one}")} == {one}
    assert {row["action"] for row in _events(on_it, built, f"&where=action={one}&where=action={two}")} == {one, two}
    assert _events(on_it, built, "&search=surely-not-in-it") == []
    assert _events(on_it, built, "&end=1999-01-01T00:00:00Z") == []
    assert _events(on_it, built, "&start=1999-01-01T00:00:00Z") == whole


def test_histogram_and_facets_count_every_event(on_it: Caller, built: str) -> None:
    count = len(_events(on_it, built))
    assert sum(bar["count"] for bar in on_it.get(f"{built}/histogram?buckets=7")) == count
    assert sum(share["count"] for share in on_it.get(f"{built}/facets/source_kind")) == count


@pytest.mark.parametrize("where", ["nope=1", "action", "1=1;--=1", "ts=yesterday"])
def test_a_question_that_cannot_be_is_refused(on_it: Caller, built: str, where: str) -> None:
    assert on_it.get(f"{built}/events?where={where}", 403)["hint"] is not None
    on_it.get(f"{built}/events?after=x", 403)
    on_it.get(f"{built}/events?start=2026-01-01T00:00:00", 403)
    on_it.get(f"{built}/facets/nope", 403)
    on_it.get(f"{built}/histogram?buckets=0", 422)


def test_marks_are_put_listed_and_taken_back(on_it: Caller, commander: Caller, built: str) -> None:
    action = _events(on_it, built)[0]["action"]
    body = {"kind": "attacker", "field": "action", "value": action, "reason": "theirs"}
    made = on_it.post(f"{built}/marks", body, 201)
    assert (made["made_by"], made["events"] > 0) == ("sato", True)
    assert on_it.get(f"{built}/marks") == [made]
    on_it.post(f"{built}/marks", body | {"kind": "friend"}, 403)
    assert on_it("delete", f"{built}/marks/{made['mark']}?reason=mistake").status_code == 204
    assert on_it.get(f"{built}/marks") == []
    on_it("delete", f"{built}/marks/{made['mark']}?reason=mistake")
    entries = commander.get(f"/ledger/{built.split('/')[2]}/entries")["items"]
    assert [entry["verb"] for entry in entries][-2:] == ["timeline.mark", "timeline.unmark"]


def test_rules_are_asked_and_their_hits_listed(on_it: Caller, observer: Caller, built: str) -> None:
    made = on_it.post(f"{built}/detect", None, 201)
    assert on_it.get(f"{built}/hits") == made
    observer.get(f"{built}/hits", 404)
    observer.post(f"{built}/detect", None, 404)


def test_the_likeliest_attacker_is_marked_with_its_reasons(on_it: Caller, built: str) -> None:
    made = on_it.post(f"{built}/accuse", None, 201)
    assert [row["kind"] for row in made] == ["attacker", "suspect"]
    assert all(row["reason"] for row in made)


@pytest.mark.parametrize("tail", ["events", "histogram", "facets/action", "marks"])
def test_strangers_learn_nothing(off_it: Caller, observer: Caller, built: str, tail: str) -> None:
    for stranger in (off_it, observer):
        stranger.get(f"{built}/{tail}", 404)


def test_everything_about_one_name(on_it: Caller, off_it: Caller, built: str) -> None:
    row = next(row for row in _events(on_it, built) if row["src_ip"])
    found = on_it.get(f"{built}/about?value={row['src_ip']}")
    assert found["events"] == len(_events(on_it, built, f"&where=src_ip={row['src_ip']}"))
    assert {"field": "src_ip", "count": found["events"]} in found["named_in"]
    off_it.get(f"{built}/about?value={row['src_ip']}", 404)
    on_it.get(f"{built}/about?value=%20", 403)


def test_two_windows_are_compared(on_it: Caller, built: str) -> None:
    rows = _events(on_it, built)
    first, last = rows[0]["ts"], rows[-1]["ts"]
    assert first != last
    ends = "before_start=2000-01-01T00:00Z&before_end=2001-01-01T00:00Z&after_start=2001-01-01T00:00Z&after_end=2100-01-01T00:00Z"
    changes = on_it.get(f"{built}/diff/action?{ends}")
    assert {change["kind"] for change in changes} == {"new"}
    assert sum(change["after"] for change in changes) == len([row for row in rows if row["action"]])
    on_it.get(f"{built}/diff/nonsense?{ends}", 403)


def test_events_are_starred_tagged_commented_and_found_by_it(on_it: Caller, built: str) -> None:
    first = _events(on_it, built)[0]["event_uid"]
    for kind, text in (("star", ""), ("tag", "exfil"), ("comment", "here it began")):
        on_it.post(f"{built}/notes", {"event_uid": first, "kind": kind, "text": text}, 201)
    [event] = _events(on_it, built, "&tagged=exfil&starred=true")
    assert (event["event_uid"], event["starred"], event["tags"]) == (first, True, ["exfil"])
    [comment] = event["comments"]
    assert (comment["text"], comment["made_by"]) == ("here it began", "sato")
    assert sum(bar["count"] for bar in on_it.get(f"{built}/histogram?tagged=exfil")) == 1
    assert len(on_it.get(f"{built}/notes?event_uid={first}")) == 3
    assert on_it("delete", f"{built}/notes/{comment['note']}").status_code == 403
    assert on_it("delete", f"{built}/notes/{comment['note']}?reason=wrong").status_code == 204
    assert [row["kind"] for row in on_it.get(f"{built}/notes")] == ["star", "tag"]
    on_it.post(f"{built}/notes", {"event_uid": first, "kind": "like"}, 422)
    on_it.post(f"{built}/notes", {"event_uid": "00" * 16, "kind": "star"}, 403)


def test_a_search_is_saved_asked_again_and_deleted(on_it: Caller, off_it: Caller, built: str) -> None:
    action = _events(on_it, built)[0]["action"]
    kept = {"name": "the first act", "where": [f"action={action}"], "start": "2020-01-01T00:00:00Z"}
    made = on_it.post(f"{built}/searches", kept, 201)
    assert (made["where"], made["start"]) == ({"action": action}, "2020-01-01T00:00:00Z")
    assert on_it.get(f"{built}/searches") == [made]
    assert _events(on_it, built, "&saved=the first act") == _events(on_it, built, f"&where=action={action}")
    on_it.get(f"{built}/events?saved=nope", 404)
    on_it.post(f"{built}/searches", kept | {"where": ["nope=1"]}, 403)
    off_it.get(f"{built}/searches", 404)
    assert on_it("delete", f"{built}/searches/the first act").status_code == 204
    assert on_it.get(f"{built}/searches") == []


def test_what_is_whole_and_what_is_missing_is_told(on_it: Caller, incident: Incident, tmp_path: Path) -> None:
    trail = Trail(tmp_path / "bucket")
    digests = [trail.digest(hour) for hour in range(3)]
    digests[1].unlink()
    item = evidence.seal_files(incident, [tmp_path / "bucket"], actor=SYSTEM, title="Trail", kind="logs")
    verbs.build(verbs.ask(incident, "main", [item], actor=SYSTEM), actor=SYSTEM)
    built = f"/incidents/{incident.name}/timelines/main"
    assert on_it.get(f"{built}/integrity")["log_count"] == {"hash-ok": 2, "not-covered": 1}
    assert [gap["kind"] for gap in on_it.get(f"{built}/gaps")] == ["digest"]
    rows = on_it.get(f"{built}/sources")
    assert sorted(row["integrity"] for row in rows) == ["digest_missing", "hash_ok", "hash_ok", "unknown", "unknown"]
    event = _events(on_it, built)[0]
    assert event["integrity"] == "hash_ok"
    assert on_it.get(f"{built}/events/{event['event_uid']}/witnesses?ts={event['ts']}")["count"] == 1


def test_without_digests_there_is_nothing_to_tell(on_it: Caller, built: str) -> None:
    assert on_it.get(f"{built}/integrity") is None


def test_who_tried_to_gain_rights_and_what_one_did(on_it: Caller, off_it: Caller, built: str) -> None:
    (attempt,) = on_it.get(f"{built}/escalation")["items"]
    assert attempt["action"] == "CreateAccessKey"
    assert attempt["reasons"][0].keys() == {"en", "ja"}
    first = on_it.get(f"{built}/activity?principal=alice&limit=1")
    assert len(first["items"]) == 1
    rest = on_it.get(f"{built}/activity?principal=alice&after={first['next']}")
    everything = on_it.get(f"{built}/activity?principal=alice")["items"]
    assert [*first["items"], *rest["items"]] == everything
    on_it.get(f"{built}/activity", 403)
    off_it.get(f"{built}/escalation", 404)


def test_a_timeline_is_deleted_by_who_commands_with_its_name_once_more(
    on_it: Caller, commander: Caller, incident: Incident, built: str
) -> None:
    told = on_it.get(f"{built}/removal")
    assert (told["needs_reason"], told["evidence"], told["relied_on"]) == (False, ["EV-001"], [])
    assert on_it("delete", f"{built}?confirm=main").status_code == 403
    assert commander("delete", f"{built}?confirm=other").status_code == 403
    on_it.post(f"{built}/marks", {"kind": "star", "field": "action", "value": "ListUsers", "reason": "look"}, 201)
    assert commander("delete", f"{built}?confirm=main").status_code == 403
    gone = commander("delete", f"{built}?confirm=main&reason=room")
    assert gone.json()["frees"] > 0  # type: ignore[attr-defined]  # the test client's answer
    assert on_it.get(f"/incidents/{incident.name}/timelines") == []
