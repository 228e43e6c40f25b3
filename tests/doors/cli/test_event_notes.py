"""Stars, tags, comments and saved searches at the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.incidents.models import Incident

TRAIL = str(Path(__file__).parents[2] / "samples" / "cloudtrail" / "s3.json")


@pytest.fixture
def main(admin: Keyboard, incident: Incident) -> tuple[str, str]:
    """The incident and its timeline, as words."""
    admin.json("timeline", "build", incident.name, "main", TRAIL)
    return incident.name, "main"


def test_notes_are_shown_on_events_found_by_and_taken_back(admin: Keyboard, main: tuple[str, str]) -> None:
    uid = admin("timeline", "show", *main, "--json").lines[1]["event_uid"]
    admin.json("timeline", "star", *main, uid)
    admin.json("timeline", "tag", *main, uid, "Exfil")
    said = admin.json("timeline", "comment", *main, uid, "here it began")
    [event] = admin("timeline", "show", *main, "--tagged", "exfil", "--starred", "--json").lines
    assert (event["event_uid"], event["starred"], event["tags"]) == (uid, True, ["exfil"])
    assert event["comments"][0]["text"] == "here it began"
    assert [row["kind"] for row in admin.json("timeline", "notes", *main)] == ["star", "tag", "comment"]
    assert admin("timeline", "uncomment", *main, said["note"]).code == 3
    assert admin("timeline", "uncomment", *main, said["note"], "--reason", "wrong").code == 0
    assert admin("timeline", "untag", *main, uid, "exfil").code == 0
    assert admin("timeline", "unstar", *main, uid).code == 0
    assert admin("timeline", "unstar", *main, uid).code == 3
    assert admin.json("timeline", "notes", *main) == []


def test_a_saved_search_is_asked_by_its_name(admin: Keyboard, main: tuple[str, str]) -> None:
    action = admin("timeline", "show", *main, "--json").lines[0]["action"]
    kept = admin.json(
        "timeline", "save", *main, "first act", "--where", f"action={action}", "--from", "2020-01-01T00:00Z"
    )
    assert kept["where"] == {"action": action}
    shown = admin("timeline", "show", *main, "--saved", "first act", "--json").lines
    assert {row["action"] for row in shown} == {action}
    assert admin("timeline", "searches", *main).code == 0
    assert admin("timeline", "forget", *main, "first act").code == 0
    assert admin("timeline", "show", *main, "--saved", "first act").code == 3


def test_notes_leave_with_the_events_for_timesketch(admin: Keyboard, main: tuple[str, str], tmp_path: Path) -> None:
    uid = admin("timeline", "show", *main, "--json").lines[0]["event_uid"]
    for words in (["star", *main, uid], ["tag", *main, uid, "exfil"], ["comment", *main, uid, "=cmd()"]):
        admin.json("timeline", *words)
    out = tmp_path / "main.csv"
    admin.json("timeline", "export", *main, "--out", out, "--tagged", "exfil")
    [row] = csv.DictReader(out.read_text().splitlines())
    assert (row["event_uid"], row["tag"], row["comment"]) == (uid, '["star","exfil"]', '["aoki: =cmd()"]')


def test_facets_count_values(admin: Keyboard, main: tuple[str, str]) -> None:
    count = len(admin("timeline", "show", *main, "--json").lines)
    assert sum(row["count"] for row in admin.json("timeline", "facet", *main, "source_kind")) == count
