"""What every playbook of the library has to be."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from hikeshi import actions
from hikeshi.playbooks.facts import FACTS, bind
from hikeshi.playbooks.flow import ancestors
from hikeshi.playbooks.lint import lint
from hikeshi.playbooks.playbook import PHASES, Playbook, load
from hikeshi.playbooks.shelf import FOLDER, LIBRARY, library
from hikeshi.text import Text

ACTIONS = {"aws.ebs.snapshot_set", "aws.ec2.isolate", "aws.ec2.mark", "aws.ssm.capture_memory"}
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
AVOIDED = re.compile("撲滅|リカバリ|犯人|ハッカー|シャットダウンして|周知徹底|マルウェアー|サーバ(?!ー)|ユーザ(?!ー)")

every_playbook = pytest.mark.parametrize("playbook", library().values(), ids=lambda playbook: playbook.name)


def texts(playbook: Playbook) -> list[Text]:
    found = [playbook.title, playbook.summary]
    return found + [text for step in playbook.steps for text in (step.title, step.text, step.deadline) if text]


def test_the_table_names_every_file_in_alphabetical_order() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == list(LIBRARY)
    assert list(FACTS) == sorted(FACTS)


@every_playbook
def test_it_is_lint_clean(playbook: Playbook) -> None:
    assert lint(playbook, actions.ACTIONS) == []


@every_playbook
def test_both_languages_are_there_and_different(playbook: Playbook) -> None:
    for text in texts(playbook):
        assert JAPANESE.search(text.ja)
        assert not JAPANESE.search(text.en)
        assert not AVOIDED.search(text.ja)


@every_playbook
def test_its_name_is_its_file_and_its_digest_is_stable(playbook: Playbook) -> None:
    again = load(FOLDER / f"{playbook.name}.yaml")
    assert again == playbook
    assert again.digest == playbook.digest
    assert re.fullmatch("[0-9a-f]{64}", playbook.digest)


@every_playbook
def test_phases_and_keys_are_in_order(playbook: Playbook) -> None:
    places = [PHASES.index(step.phase) for step in playbook.steps]
    assert places == sorted(places)
    assert [step.key.split(".")[0] for step in playbook.steps] == [str(place + 1) for place in places]


@every_playbook
def test_every_input_can_be_bound_from_the_facts(playbook: Playbook) -> None:
    facts = dict.fromkeys([*FACTS, *(f"fact.{name}" for name in playbook.facts)], "value")
    for step in playbook.steps:
        assert bind(playbook, step, facts, "value").keys() == step.inputs.keys()


@every_playbook
def test_nothing_is_switched_off_or_rebuilt_before_the_evidence_is_taken(playbook: Playbook) -> None:
    evidence = {step.key for step in playbook.steps if step.effect == "collect"}
    destructive = [step for step in playbook.steps if step.effect == "destroy"]
    assert evidence
    assert all(evidence <= ancestors(playbook)[step.key] for step in destructive)


def test_a_compromised_instance_is_isolated_only_after_disk_and_memory() -> None:
    playbook = library()["compromised-ec2"]
    steps = {step.action: step for step in playbook.steps if step.action}
    assert set(steps) == ACTIONS
    before = ancestors(playbook)
    evidence = {steps["aws.ebs.snapshot_set"].key, steps["aws.ssm.capture_memory"].key}
    assert evidence == before[steps["aws.ec2.isolate"].key]
    assert steps["aws.ec2.isolate"].key in before[steps["aws.ec2.mark"].key]
    assert steps["aws.ssm.capture_memory"].inputs == {
        "instance_id": "$alert.instance_id",
        "start_deadline_seconds": 120,
        "finish_deadline_seconds": 900,
    }
    assert {step.phase for step in playbook.steps} == set(PHASES)


def test_ransomware_holds_the_actions_of_the_guide_and_no_more() -> None:
    playbook = library()["ransomware"]
    assert playbook.severity == "SEV-1"
    assert Counter(step.phase for step in playbook.steps) == {
        "detection_analysis": 4,
        "containment": 5,
        "eradication": 5,
        "recovery": 4,
    }
    assert {step.kind for step in playbook.steps} == {"manual"}
    for word in ("ransom note", "affected systems", "extension", "hash", "Active Directory", "backup systems", "C2", "not affected",
                 "intrusion path", "forensic images", "clean install", "credential", "Patch", "clean backups", "integrity", "in stages",
                 "30 days"):  # fmt: skip
        assert any(word in step.title.en for step in playbook.steps), word
