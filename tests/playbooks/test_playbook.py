from __future__ import annotations

import contextlib
import pickle
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.facts import FACTS, bind
from hikeshi.playbooks.playbook import Playbook, StepSpec, load, loads
from hikeshi.playbooks.shelf import library, proposed

BOTH = {"en": "words", "ja": "言葉"}
FACTS_KNOWN = {"alert.instance_id": "i-0123456789abcdef0", "alert.remote_address": "198.51.100.23", "alert.region": ""}


def step(**changes: Any) -> dict[str, Any]:
    base = {"key": "1.1", "phase": "containment", "kind": "manual", "role": "responder", "title": BOTH, "text": BOTH}
    return deepcopy(base | changes)


def draft(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    base = {"name": "test", "version": 1, "severity": "SEV-2", "title": BOTH, "summary": BOTH, "matches": ["Test:EC2/"]}
    return deepcopy(base | {"steps": list(steps) or [step()]} | changes)


class Plain(yaml.SafeDumper):
    """PyYAML writes what is shared as an alias, and our reader refuses aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def written(value: Any) -> bytes:
    return yaml.dump(value, Dumper=Plain, sort_keys=False, allow_unicode=True).encode()


def read(*steps: dict[str, Any], **changes: Any) -> Playbook:
    return loads(written(draft(*steps, **changes)))


BOOK = read()


def action(**inputs: Any) -> StepSpec:
    return read(step(kind="action", action="aws.ec2.isolate", inputs=inputs)).steps[0]


def test_a_playbook_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(
        written(draft(step(after=["1.2"], due_within=60, deadline=BOTH), step(key="1.2", effect="collect")))
    )
    playbook = load(path)
    assert [(one.key, one.after, one.effect, one.due_within) for one in playbook.steps] == [
        ("1.1", ("1.2",), "look", 60),
        ("1.2", (), "collect", None),
    ]
    assert playbook.step("1.2").title.ja == "言葉"
    with pytest.raises(Refused, match=r"no step 9\.9"):
        playbook.step("9.9")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phase": "preparation"}, "preparation"),
        ({"kind": "robot"}, "robot"),
        ({"role": "hero"}, "hero"),
        ({"effect": "explode"}, "explode"),
        ({"key": 2.1}, "Expected `str`, got `float`"),
        ({"key": "2"}, "regex"),
        ({"after": "1.1"}, "Expected `array`"),
        ({"due_within": 0}, ">= 1"),
        ({"title": {"en": "words"}}, "missing required field `ja`"),
        ({"kind": "action"}, "needs `action`"),
        ({"action": "aws.ec2.isolate"}, "has no `action`"),
        ({"inputs": {"instance_id": "i-1"}}, "has no `inputs`"),
        ({"kind": "action", "action": "a", "inputs": {"seconds": 1.5}}, "inputs: Expected"),
        ({"kind": "action", "action": "a", "inputs": {"seconds": 2**60}}, "inputs: Expected"),
        ({"colour": "red"}, "unknown field `colour`"),
    ],
)
def test_a_wrong_step_is_named_with_its_line(change: dict[str, Any], message: str) -> None:
    good = written(draft(step(key="9.9")))
    with pytest.raises(Unreadable) as caught:
        loads(written(draft(step(key="9.9"), step(**change))), source="mine.yaml")
    assert message in caught.value.message
    assert caught.value.source == "mine.yaml"
    assert int(caught.value.place.split()[1].rstrip(",")) > len(good.splitlines())


@pytest.mark.parametrize(
    "change", [{"name": "My Playbook"}, {"version": 0}, {"severity": "SEV-5"}, {"steps": []}, {"matches": [""]}]
)
def test_a_wrong_playbook_is_unreadable(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        loads(written(draft() | change))


@given(st.binary(max_size=200) | st.text("nameversionsteps:-[]{}\n \"'1.", max_size=100).map(str.encode))
def test_no_bytes_crash_the_reader(text: bytes) -> None:
    with contextlib.suppress(Unreadable):
        loads(text)


def test_the_digest_is_of_the_content_and_not_of_the_layout() -> None:
    value = draft()
    digest = loads(written(value)).digest
    assert loads(b"# a comment\n" + written(dict(reversed(value.items())))).digest == digest
    assert loads(written(value | {"version": 2})).digest != digest
    assert loads(written(draft(step(effect="contain")))).digest != digest


def test_facts_are_put_into_inputs_and_plain_values_stay() -> None:
    spec = action(instance_id="$alert.instance_id", seconds=120, force=False, note="$$5 $alert.region", ids=["a", "b"])
    assert bind(BOOK, spec, FACTS_KNOWN) == {
        "instance_id": "i-0123456789abcdef0",
        "seconds": 120,
        "force": False,
        "note": "$5 $alert.region",
        "ids": ["a", "b"],
    }


@pytest.mark.parametrize("fact", ["alert.finding_id", "alert.region", "alert.instance"])
def test_a_fact_that_is_missing_empty_or_unknown_is_refused_by_name(fact: str) -> None:
    with pytest.raises(Refused, match=rf"Step 1\.1 needs {fact}") as caught:
        bind(BOOK, action(value=f"${fact}"), FACTS_KNOWN)
    assert caught.value.hint


@given(
    st.dictionaries(st.sampled_from(sorted(FACTS)), st.text(min_size=1, max_size=10), max_size=7),
    st.sampled_from(sorted(FACTS)),
)
def test_a_binding_gives_exactly_the_fact_or_refuses(facts: dict[str, str], fact: str) -> None:
    spec = action(value=f"${fact}")
    if fact in facts:
        assert bind(BOOK, spec, facts) == {"value": facts[fact]}
    else:
        with pytest.raises(Refused):
            bind(BOOK, spec, facts)


def test_the_library_is_read_once_and_cannot_be_spoilt_by_a_caller() -> None:
    mine = library()
    mine.clear()
    assert library()["ransomware"] is library()["ransomware"]


@pytest.mark.parametrize(
    ("finding_type", "name"),
    [
        ("Backdoor:EC2/C&CActivity.B", "compromised-ec2"),
        ("CryptoCurrency:EC2/BitcoinTool.B!DNS", "compromised-ec2"),
        ("Recon:EC2/PortProbeUnprotectedPort", None),
        ("UnauthorizedAccess:EC2/SSHBruteForce", None),
        ("", None),
    ],
)
def test_a_finding_type_proposes_the_playbook_that_answers_it(finding_type: str, name: str | None) -> None:
    found = proposed(finding_type, library().values())
    assert (found.name if found else None) == name


def test_the_digest_is_the_same_in_another_process_and_with_defaults_written_down() -> None:
    book = library()["ransomware"]
    assert pickle.loads(pickle.dumps(book)).digest == book.digest
    assert read(step(effect="look", due_from="run", after=[])).digest == read(step()).digest
