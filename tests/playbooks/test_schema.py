from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from hikeshi.playbooks.schema import DIALECT, schema
from hikeshi.playbooks.shelf import FOLDER, LIBRARY

READER = jsonschema.Draft202012Validator(schema())
TEXT = {"en": "words", "ja": "言葉"}
STEP: dict[str, Any] = {
    "key": "2.1", "phase": "containment", "kind": "manual", "role": "responder", "title": TEXT, "text": TEXT,
}  # fmt: skip
BOOK: dict[str, Any] = {
    "name": "test",
    "version": 1,
    "severity": "SEV-2",
    "title": TEXT,
    "summary": TEXT,
    "steps": [STEP],
}


def valid(**step: Any) -> bool:
    return READER.is_valid(BOOK | {"steps": [STEP | step]})


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == DIALECT
    assert all(part["description"] for part in schema()["$defs"].values())


@pytest.mark.parametrize("name", LIBRARY)
def test_the_library_is_valid(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert [problem.message for problem in READER.iter_errors(yaml.load(text, Loader=yaml.CSafeLoader))] == []


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "guess"}, {"key": 2.1}, {"key": "x"}, {"colour": "red"}, {"title": "words"}, {"title": {"en": "x", "ja": " "}},
        {"role": "hero"}, {"due_within": 0}, {"attack": ["1486"]}, {"kind": "action"}, {"kind": "action", "action": ""},
        {"kind": "action", "action": "aws.nope"}, {"action": "aws.ec2.isolate"}, {"kind": "decision"},
        {"kind": "decision", "options": []}, {"kind": "wait", "wait": {"seconds": 60}, "undo": TEXT}, {"on_failure": "give_up"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_valid(step: dict[str, Any]) -> None:
    assert valid()
    assert not valid(**step)


@pytest.mark.parametrize(
    "step",
    [
        {
            "kind": "action",
            "action": "aws.ec2.isolate",
            "inputs": {"instance_id": "$alert.instance_id"},
            "keep_for": 60,
        },
        {"kind": "decision", "options": [{"value": "yes", "label": TEXT}]},
        {"kind": "wait", "wait": {"seconds": 60, "until": "fact.x"}},
        {"undo": TEXT, "on_failure": "go_on"},
    ],
)
def test_what_can_be_read_is_valid(step: dict[str, Any]) -> None:
    assert valid(**step)
