"""CACAO 2.0: out and in again, what others wrote, and signatures.

`CACAO_SCHEMAS` names a checkout of the official schemas (oasis-open/cacao-json-schemas): with it, every document that is
written here is also valid against them.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from hikeshi.custody.signing import FileSigner, make_key_file
from hikeshi.errors import Unreadable
from hikeshi.playbooks.cacao import exporting, importing, signing, verifying
from hikeshi.playbooks.cacao.stix import to_cel, to_stix
from hikeshi.playbooks.lint import lint
from hikeshi.playbooks.playbook import Option, Playbook, StepSpec, loads
from hikeshi.playbooks.shelf import library
from hikeshi.playbooks.writing import written
from hikeshi.text import Text

AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
WORDS = Text("Words", "言葉")
A, B, C = (
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
)
every_playbook = pytest.mark.parametrize("book", library().values(), ids=lambda book: book.name)


def foreign(workflow: dict[str, Any], start: str, **more: Any) -> dict[str, Any]:
    """A document as other systems write it."""
    return {
        "type": "playbook", "spec_version": "cacao-2.0", "id": f"playbook--{A}", "name": "Block an address", "created_by": f"identity--{A}",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "playbook_types": ["mitigation"],
        "workflow_start": start, "workflow": workflow, **more,
    }  # fmt: skip


def action(name: str, after: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "action",
        "name": name,
        "on_completion": after,
        "agent": f"group--{A}",
        "commands": [{"type": "manual", "command": name}],
        **more,
    }


def signer(path: Path) -> FileSigner:
    make_key_file(path)
    return FileSigner(path)


END = {f"end--{C}": {"type": "end"}}


@every_playbook
def test_what_goes_out_comes_back_as_it_was(book: Playbook) -> None:
    for language in ("en", "ja"):
        found, notes = importing.load(json.dumps(exporting.export(book, at=AT, language=language)).encode())
        assert (found, found.digest, notes) == (book, book.digest, [])


@every_playbook
def test_every_way_through_it_leads_to_an_end(book: Playbook) -> None:
    document = exporting.export(book, at=AT)
    workflow = document["workflow"]
    named = [
        step.get(name)
        for step in workflow.values()
        for name in ("on_completion", "on_success", "on_failure", "on_true")
    ]
    named += [one for step in workflow.values() for one in step.get("next_steps", ())]
    assert {one for one in named if one} <= workflow.keys()
    assert sum("step_extensions" in step for step in workflow.values()) >= len(book.steps)
    without = {name: part for name, part in document.items() if name != "playbook_extensions"}
    others, _ = importing.read(without)
    errors = [problem for problem in lint(others, set()) if problem.level == "error"]
    assert [problem for problem in errors if "waits for" in problem.what.en] == []
    assert {step.title.en for step in book.steps} <= {step.title.en for step in others.steps}


@pytest.mark.skipif("CACAO_SCHEMAS" not in os.environ, reason="no checkout of the official schemas is named")
@every_playbook
def test_the_official_schemas_accept_it(book: Playbook, tmp_path: Path) -> None:
    folder = Path(os.environ["CACAO_SCHEMAS"])
    schemas = [json.loads(path.read_text()) for path in folder.rglob("*.json")]
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas if "$id" in schema
    )
    (root,) = [schema for schema in schemas if schema.get("$id", "").endswith("/schemas/playbook.json")]
    document = signing.sign(exporting.export(book, at=AT), signer(tmp_path / "key"), signee="CSIRT", at=AT)
    assert [error.message for error in Draft7Validator(root, registry=registry).iter_errors(document)] == []


def test_words_that_another_system_changed_are_taken_over_and_said() -> None:
    document = exporting.export(library()["ransomware"], at=AT)
    at = next(key for key, step in document["workflow"].items() if "step_extensions" in step)
    document["workflow"][at]["name"] = "Do it in our way"
    found, notes = importing.read(document)
    assert [note.place for note in notes] == [at]
    changed = [step for step in found.steps if step.title.en == "Do it in our way"]
    assert len(changed) == 1
    assert changed[0].title.ja != "Do it in our way"


def test_commands_of_others_are_shown_and_never_run() -> None:
    document = foreign(
        {
            f"start--{A}": {"type": "start", "on_completion": f"action--{A}"},
            f"action--{A}": action(
                "Touch", f"end--{C}", targets=[f"ssh--{A}"], delay=1500, timeout=60_000,
                commands=[{"type": "ssh", "command": "touch __path__:value"}, {"type": "http-api", "command": "POST /block HTTP/1.1", "content": "{}"}],
                step_variables={"__path__": {"type": "string", "value": "/tmp/x", "constant": True}},
            ), **END,
        }, f"start--{A}", target_definitions={f"ssh--{A}": {"type": "ssh", "name": "web 1", "address": {"ipv4": ["192.0.2.7"]}}},
        authentication_info_definitions={f"user-auth--{A}": {"type": "user-auth", "username": "root", "password": "hunter2"}},
    )  # fmt: skip
    book, notes = importing.read(document)
    wait, step = book.steps
    assert (wait.kind, wait.wait and wait.wait.seconds) == ("wait", 2)
    assert (step.kind, step.after, step.due_within, step.phase) == ("manual", (wait.key,), 60, "containment")
    assert "touch /tmp/x" in step.text.en
    assert "web 1 192.0.2.7" in step.text.en
    assert b"hunter2" not in book.canonical
    assert "Passwords" in notes[0].what.en
    assert exporting.export(book, at=AT)["workflow"] == document["workflow"]


def test_branches_become_conditions_and_what_cannot_be_compared_is_asked() -> None:
    document = foreign(
        {
            f"start--{A}": {"type": "start", "on_completion": f"if-condition--{A}"},
            f"if-condition--{A}": {"type": "if-condition", "condition": "__leaked__:value = 'true'", "on_true": f"action--{A}", "on_false": f"action--{B}", "on_completion": f"if-condition--{B}"},
            f"if-condition--{B}": {"type": "if-condition", "condition": "[ipv4-addr:value ISSUBSET '10.0.0.0/8']", "on_true": f"action--{C}", "on_completion": f"end--{C}"},
            **{f"action--{one}": action(name, f"end--{C}") for one, name in ((A, "yes"), (B, "no"), (C, "inside"))}, **END,
        }, f"start--{A}", playbook_variables={"__leaked__": {"type": "bool", "description": "Was it leaked?"}},
    )  # fmt: skip
    book, _ = importing.read(document)
    said = {step.title.en: step for step in book.steps}
    assert said["yes"].when == 'fact.leaked == "true"'
    assert said["no"].when == '!(fact.leaked == "true")'
    asked = next(step for step in book.steps if step.kind == "decision")
    assert asked.after == (said["yes"].key, said["no"].key)
    assert said["inside"].when == f'choice["{asked.key}"] == "yes"'


def test_parallel_ways_are_waited_for_and_a_failure_has_its_step() -> None:
    document = foreign(
        {
            f"parallel--{A}": {"type": "parallel", "next_steps": [f"action--{A}", f"action--{B}"], "on_completion": f"action--{C}"},
            f"action--{A}": {**action("one", ""), "on_success": f"end--{C}", "on_failure": f"action--{'4' * 8}-4444-4444-8444-444444444444"},
            f"action--{'4' * 8}-4444-4444-8444-444444444444": action("instead", f"end--{C}"),
            f"action--{B}": action("two", f"end--{C}"), f"action--{C}": action("last", f"end--{C}"), **END,
        }, f"parallel--{A}",
    )  # fmt: skip
    del document["workflow"][f"action--{A}"]["on_completion"]
    book, _ = importing.read(document)
    said = {step.title.en: step for step in book.steps}
    assert said["one"].on_failure == said["instead"].key
    assert set(said["last"].after) >= {said["one"].key, said["two"].key}


def test_a_changed_import_keeps_the_commands_it_came_with() -> None:
    document = foreign(
        {
            f"start--{A}": {"type": "start", "on_completion": f"action--{A}"},
            f"action--{A}": action("block", f"end--{C}"),
            **END,
        },
        f"start--{A}",
    )
    book, _ = importing.read(document)
    more = StepSpec(
        key="5.1",
        phase="lessons_learned",
        kind="decision",
        role="responder",
        title=WORDS,
        text=WORDS,
        after=(book.steps[0].key,),
        options=(Option(value="a", label=WORDS), Option(value="b", label=WORDS)),
    )
    again = exporting.export(msgspec.structs.replace(book, steps=(*book.steps, more)), at=AT)
    assert [step["commands"] for step in again["workflow"].values() if step.get("name") == "block"] == [
        document["workflow"][f"action--{A}"]["commands"]
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spec_version": "cacao-1.1"}, "only cacao-2.0"),
        ({"type": "bundle"}, "has to be `playbook`"),
        ({"workflow_start": ""}, "`workflow_start` is missing"),
        ({"workflow": []}, "`workflow` is missing"),
        ({"workflow": {"x": 1}}, "not there"),
        (
            {
                "workflow": {
                    f"start--{A}": {"type": "start", "on_completion": f"action--{A}"},
                    f"action--{A}": action("x", f"action--{A}"),
                }
            },
            "never end",
        ),
        ({"workflow": {f"start--{A}": {"type": "dance"}}}, "no kind of step"),
        ({"workflow": {f"start--{A}": {"type": "start"}}}, "no step to do"),
    ],
)
def test_what_is_no_playbook_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        importing.read(foreign({}, f"start--{A}") | change)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(foreign({}, ""))), JSON)
def test_whatever_comes_is_read_or_refused(field: str, value: Any) -> None:
    good = foreign(
        {
            f"start--{A}": {"type": "start", "on_completion": f"action--{A}"},
            f"action--{A}": action("x", f"end--{C}"),
            **END,
        },
        f"start--{A}",
    )
    with suppress(Unreadable):
        importing.read({**good, field: value})


@pytest.mark.parametrize(
    ("cel", "stix"),
    [
        ('choice["1.4"] == "rebuild"', "__choice_1_4__:value = 'rebuild'"),
        ('fact.sessions > 0 && fact.name != "x"', "__fact_sessions__:value > 0 AND __fact_name__:value != 'x'"),
        ("!fact.leaked", "__fact_leaked__:value = false"),
        ("size(fact.hosts) > 2", None),
        ('fact.a == "1" || fact.b == "2" && fact.c', None),
    ],
)
def test_a_condition_is_said_in_the_other_language_or_not_at_all(cel: str, stix: str | None) -> None:
    assert to_stix(cel) == stix


def test_comparisons_of_unknown_variables_and_of_sizes_are_not_guessed() -> None:
    assert to_cel("__x__:value <= 10", {"__x__": "fact.x"}) is None
    assert to_cel("__x__:value = 'a'", {}) is None
    assert to_cel("__x__:value = 'a' OR __x__:value = 'b'", {"__x__": "fact.x"}) == 'fact.x == "a" || fact.x == "b"'


def test_a_signature_holds_until_anything_is_changed_and_beside_others(tmp_path: Path) -> None:
    document = exporting.export(library()["ransomware"], at=AT)
    once = signing.sign(document, signer(tmp_path / "one"), signee="One", at=AT)
    twice = signing.sign(once, signer(tmp_path / "two"), signee="Two", at=AT)
    assert [(one.signee, one.good) for one in verifying.check(twice)] == [("One", True), ("Two", True)]
    twice["description"] += "!"
    assert [one.state for one in verifying.check(twice)] == ["bad"] * 2
    once["signatures"][0]["algorithm"] = "RS256"
    assert verifying.check(once)[0].state == "not-understood"


def test_a_playbook_of_an_automation_system_is_read_and_written_as_yaml() -> None:
    text = (Path(__file__).parents[1] / "samples" / "cacao" / "block-an-address.json").read_bytes()
    book, notes = importing.load(text)
    assert [note.place for note in notes] == ["__seen_inside__"]
    assert [(step.key, step.kind, step.when) for step in book.steps] == [
        ("2.1", "manual", None), ("2.2", "manual", 'fact.seen_inside == "true"'), ("2.3", "manual", None),
    ]  # fmt: skip
    assert loads(written(book).encode()) == book
    assert exporting.export(book, at=AT) == json.loads(text)
