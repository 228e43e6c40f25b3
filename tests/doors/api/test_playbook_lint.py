"""Lint of a text and the schema over the API."""

from __future__ import annotations

from doors.api.caller import Caller
from hikeshi.playbooks.shelf import FOLDER


def test_a_text_is_judged_with_lines_and_not_kept(on_it: Caller) -> None:
    text = (FOLDER / "ransomware.yaml").read_text(encoding="utf-8")
    assert on_it.post("/playbooks/lint", {"text": text}, 200) == []
    (found,) = on_it.post("/playbooks/lint", {"text": text.replace("severity: SEV-1", "severity: SEV-9")}, 200)
    line = text.splitlines().index("severity: SEV-1") + 1
    assert (found["level"], found["line"], found["field"]) == ("error", line, "severity")
    assert found["what"]["ja"]
    assert on_it.post("/playbooks/lint", {"text": "a: ["}, 200)[0]["place"] == "file"
    on_it.post("/playbooks/lint", {"text": "a: \ud800"}, 422)
    on_it.post("/playbooks/lint", {"text": "a" * 300_000}, 422)


def test_the_schema_is_answered(on_it: Caller) -> None:
    assert on_it.get("/playbooks/schema")["title"] == "Hikeshi playbook"


def test_coverage_names_gaps_first(on_it: Caller) -> None:
    told = on_it.get("/playbooks/coverage")
    order = ["none", "partly", "answered"]
    for name in ("findings", "techniques"):
        states = [order.index(line["state"]) for line in told[name]]
        assert states == sorted(states)
    assert sum(told["counts"]["findings"].values()) == len(told["findings"])


def test_who_has_no_part_in_anything_is_told_nothing(observer: Caller) -> None:
    observer.post("/playbooks/lint", {"text": "a: 1"}, 404)
    observer.get("/playbooks/schema", 404)
    observer.get("/playbooks/coverage", 404)
