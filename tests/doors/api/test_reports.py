"""Reports through the API: frozen, in both languages."""

from __future__ import annotations

import hashlib

from doors.api.caller import Caller
from hikeshi.desk.incidents.models import Incident


def test_a_report_is_frozen_under_the_hash_of_its_text(on_it: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.name}/reports"
    made = on_it.post(path, {"language": "ja"}, 201)
    assert made["sha256"] == hashlib.sha256(made["markdown"].encode()).hexdigest()
    assert "インシデント" in made["markdown"]
    assert on_it.get(f"{path}/{made['report']}") == made
    assert [row["report"] for row in on_it.get(path)] == [made["report"]]


def test_a_language_or_kind_there_is_not_is_refused(on_it: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.name}/reports"
    assert "en or ja" in on_it.post(path, {"language": "fr"}, 403)["hint"]
    assert "incident" in on_it.post(path, {"kind": "../../etc/passwd"}, 403)["hint"]
    assert on_it.get(path) == []


def test_strangers_learn_nothing(off_it: Caller, on_it: Caller, incident: Incident) -> None:
    made = on_it.post(f"/incidents/{incident.name}/reports", {}, 201)
    off_it.get(f"/incidents/{incident.name}/reports", 404)
    off_it.get(f"/incidents/{incident.name}/reports/{made['report']}", 404)
    off_it.post(f"/incidents/{incident.name}/reports", {}, 404)
    off_it.post(f"/incidents/{incident.name}/postmortem", {}, 404)
    on_it.get(f"/incidents/{incident.name}/reports/{made['report'] + 1}", 404)
