"""Editing, linking, merging, secrecy and counsel over the API."""

from __future__ import annotations

import json

from doors.api.caller import SYSTEM, Caller
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident


def test_a_conflict_answers_with_all_three_texts(incident: Incident, commander: Caller, on_it: Caller) -> None:
    path, seen = f"/incidents/{incident.name}", incident.version
    assert on_it("patch", path, {"title": "first", "version": seen}).status_code == 200
    answer = commander("patch", path, {"title": "second", "version": seen})
    body = json.loads(answer.content)
    assert answer.status_code == 409
    assert body["version"] == seen + 1
    assert body["differences"] == [
        {"field": "title", "base": "Mining traffic from a web server", "saved": "first", "own": "second"}
    ]
    assert commander("patch", path, {"marking": "red", "version": seen}).status_code == 200


def test_status_links_and_a_merge(incident: Incident, commander: Caller, off_it: Caller) -> None:
    other = incidents.declare("x", 3, actor=SYSTEM, reason="r")
    path = f"/incidents/{incident.name}"
    commander.post(f"{path}/acknowledge")
    assert commander.post(f"{path}/status", {"status": "monitoring", "reason": "r"})["status"] == "monitoring"
    commander.post(f"{path}/links", {"other": other.name, "kind": "caused_by"}, 201)
    assert [row["other"] for row in commander.get(f"{path}/links")] == [other.name]
    commander.post(f"{path}/links/remove", {"other": other.name, "kind": "related", "reason": "r"}, 403)
    assert commander.post(f"{path}/merge", {"into": other.name, "reason": "r"})["name"] == other.name
    assert commander.get(path)["merged_into"] == other.name
    assert commander.post(f"{path}/unmerge", {"reason": "r"})["status"] == "monitoring"
    off_it.post(f"{path}/merge", {"into": other.name, "reason": "r"}, 404)


def test_restricted_with_access_and_glass(
    incident: Incident, commander: Caller, off_it: Caller, observer: Caller
) -> None:
    path = f"/incidents/{incident.name}"
    assert commander.post(f"{path}/restrict", {"reason": "an insider"})["code_name"]
    off_it.get(path, 404)
    commander.post(f"{path}/access", {"person": "suzuki", "reason": "knows it"}, 201)
    off_it.get(path)
    commander.post(f"{path}/access/end", {"person": "suzuki", "reason": "done"})
    off_it.get(path, 404)
    observer.post(f"{path}/access/force", {"reason": "r"}, 404)
    assert commander("put", f"{path}/quiet", {"exposed_domains": ["example.co.jp"]}).status_code == 200
    commander.post(f"{path}/quiet/end", {"reason": "clean"})
    assert not commander.post(f"{path}/unrestrict", {"reason": "r"})["restricted"]


def test_counsel(incident: Incident, commander: Caller, on_it: Caller) -> None:
    path = f"/incidents/{incident.name}/counsel"
    on_it.post(path, {"text": "We knew in March."}, 201)
    assert [row["text"] for row in on_it.get(path)] == ["We knew in March."]
    assert commander.get(path) == []
