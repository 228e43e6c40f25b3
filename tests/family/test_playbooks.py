"""What every playbook of the library has to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import pytest

from hikeshi.actions import ACTIONS
from hikeshi.playbooks.facts import FACTS, bind
from hikeshi.playbooks.flow import ancestors
from hikeshi.playbooks.lint import lint
from hikeshi.playbooks.playbook import PHASES, Message, Playbook, StepSpec, load
from hikeshi.playbooks.shelf import FOLDER, LIBRARY, library
from hikeshi.simulation import stamps
from hikeshi.simulation.ways import ways
from hikeshi.text import Text

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
AVOIDED = re.compile(
    "撲滅|リカバリ|犯人|ハッカー|シャットダウンして|周知徹底|注意喚起|マルウェアー|サーバ(?!ー)|ユーザ(?!ー)|フォルダ(?!ー)|ルータ(?!ー)"
    "|インターフェース|ヒューマンエラー|不注意|してください。してください|完全に防止"
)
NARROW = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff] ?[(),.:;!?]|[(),.:;!?] ?[\u3040-\u30ff\u4e00-\u9fff]")
"""Half-width punctuation beside Japanese."""
TIGHT = re.compile(r"[\u3041-\u30fa\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u3041-\u30fa\u4e00-\u9fff]")
"""Latin letters and figures stand a space away from Japanese ones."""
PLACE = re.compile(r"\{[^}]+\}:?")
"""What is filled in, with the colon after the name of an incident."""
POLITE = re.compile(r"(ます|です|ません|ました|でした|ください|でしょう|ますか|ですか|しょうか|[〕）}\d])$")
CANNOT_WAIT = {
    "business-email-compromise": {"2.2"},
    "ransomware": {"2.1", "2.3", "2.7", "2.9", "2.13", "2.27"},
}
"""Containment that goes ahead of all evidence, because what is lost meanwhile is worth more, and that itself loses no evidence."""

every_playbook = pytest.mark.parametrize("playbook", library().values(), ids=lambda playbook: playbook.name)


def messages(playbook: Playbook) -> Iterator[Message]:
    for step in playbook.steps:
        yield from (message for message in (step.message, step.draft) if message)


def headings(playbook: Playbook) -> list[Text]:
    """What stands as a line of its own, without a full stop."""
    labels = [option.label for step in playbook.steps for option in step.options]
    subjects = [message.subject for message in messages(playbook)]
    facts = [fact.label for fact in playbook.facts.values()]
    return [playbook.title, *(step.title for step in playbook.steps), *labels, *subjects, *facts]


def sentences(playbook: Playbook) -> list[Text]:
    exercise = playbook.exercise
    practised = [exercise.situation, *exercise.injects, *exercise.good] if exercise else []
    said = [text for step in playbook.steps for text in (step.text, step.undo) if text]
    return [
        playbook.summary,
        *playbook.entry,
        *playbook.end,
        *practised,
        *said,
        *(one.body for one in messages(playbook)),
    ]


def notes(playbook: Playbook) -> list[Text]:
    return [step.deadline for step in playbook.steps if step.deadline]


def contained(playbook: Playbook) -> list[StepSpec]:
    return [step for step in playbook.steps if step.phase == "containment" and step.effect == "contain"]


def test_the_table_names_every_file_in_alphabetical_order() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == list(LIBRARY)
    assert list(FACTS) == sorted(FACTS)


def test_no_two_answer_the_same_finding() -> None:
    for one, other in combinations(library().values(), 2):
        for prefix in one.matches:
            assert prefix not in other.matches, (one.name, other.name)


@every_playbook
def test_it_is_lint_clean(playbook: Playbook) -> None:
    assert lint(playbook, ACTIONS) == []


@every_playbook
def test_both_languages_are_there_and_different(playbook: Playbook) -> None:
    for text in (*headings(playbook), *sentences(playbook), *notes(playbook)):
        assert JAPANESE.search(text.ja), text.en
        assert text.en.isascii(), text.en


@every_playbook
def test_its_japanese_keeps_the_style_of_the_house(playbook: Playbook) -> None:
    for text in (*headings(playbook), *sentences(playbook), *notes(playbook)):
        for pattern in (AVOIDED, NARROW, TIGHT):
            assert not pattern.search(PLACE.sub("", text.ja)), text.ja
    for text in headings(playbook):
        assert not text.ja.endswith("。"), text.ja
        assert not text.en.endswith("."), text.en
    for text in sentences(playbook):
        assert text.ja.endswith("。") or text.ja.endswith("}"), text.ja
        for sentence in filter(None, text.ja.split("。")):
            assert POLITE.search(sentence.strip()), sentence


@every_playbook
def test_its_name_is_its_file_and_its_digest_is_stable(playbook: Playbook) -> None:
    again = load(FOLDER / f"{playbook.name}.yaml")
    assert again == playbook
    assert again.digest == playbook.digest
    assert re.fullmatch("[0-9a-f]{64}", playbook.digest)


@every_playbook
def test_phases_and_keys_are_in_order(playbook: Playbook) -> None:
    counts: Counter[int] = Counter()
    for step in playbook.steps:
        place = PHASES.index(step.phase) + 1
        counts[place] += 1
        assert step.key == f"{place}.{counts[place]}"
    assert sorted(counts) == [1, 2, 3, 4, 5]
    assert sum(counts.values()) >= 15


@every_playbook
def test_every_input_can_be_bound_from_the_facts(playbook: Playbook) -> None:
    facts = dict.fromkeys([*FACTS, *(f"fact.{name}" for name in playbook.facts)], "value")
    for step in playbook.steps:
        assert bind(playbook, step, facts, "value").keys() == step.inputs.keys()


@every_playbook
def test_it_says_when_to_take_it_and_when_it_is_over(playbook: Playbook) -> None:
    assert playbook.entry
    assert playbook.end
    assert len(playbook.attack) >= 3
    assert len(playbook.csf) >= 5
    assert playbook.sources
    assert all(source.licence and source.url.startswith("https://") for source in playbook.sources)


@every_playbook
def test_it_can_be_practised(playbook: Playbook) -> None:
    assert playbook.exercise
    assert len(playbook.exercise.injects) >= 2
    assert len(playbook.exercise.good) >= 2


@every_playbook
def test_it_says_how_it_is_meant_to_go(playbook: Playbook) -> None:
    """Several ways: a good one, other decisions, and something that fails or is left out."""
    assert len(playbook.simulations) >= 3
    assert all(way.expect.steps for way in playbook.simulations)
    assert any(way.comes_to for way in playbook.simulations)


@every_playbook
def test_people_decide_write_and_report(playbook: Playbook) -> None:
    """Decisions are decisions, somebody outside is written to, and the duties are asked about with the limits that come first."""
    assert any(step.kind == "decision" for step in playbook.steps)
    assert any(step.draft for step in playbook.steps)
    reporting = [step.text for step in playbook.steps if "GDPR" in step.text.en]
    assert any("72" in text.en and "個人情報保護" in text.ja and "報告義務" in text.ja for text in reporting)


@every_playbook
def test_nothing_is_switched_off_or_rebuilt_before_the_evidence_is_taken(playbook: Playbook) -> None:
    evidence = {step.key for step in playbook.steps if step.effect == "collect"}
    destructive = [step for step in playbook.steps if step.effect == "destroy"]
    assert evidence
    assert all(evidence <= ancestors(playbook)[step.key] for step in destructive)


@every_playbook
def test_evidence_comes_before_containment(playbook: Playbook) -> None:
    evidence = {step.key for step in playbook.steps if step.effect == "collect"}
    before = ancestors(playbook)
    early = {step.key for step in contained(playbook) if not evidence & before[step.key]}
    assert early == CANNOT_WAIT.get(playbook.name, set())


def test_a_compromised_instance_is_isolated_only_after_disk_and_memory() -> None:
    playbook = library()["compromised-ec2"]
    disk, memory, isolate, mark = (playbook.step(key) for key in ("2.1", "2.2", "2.3", "2.4"))
    assert [step.action for step in (disk, memory, isolate, mark)] == [
        "aws.ebs.snapshot_set", "aws.ssm.capture_memory", "aws.ec2.isolate", "aws.ec2.mark",
    ]  # fmt: skip
    before = ancestors(playbook)
    assert before[isolate.key] == {disk.key, memory.key}
    assert isolate.key in before[mark.key]
    assert memory.inputs == {
        "instance_id": "$alert.instance_id",
        "start_deadline_seconds": 120,
        "finish_deadline_seconds": 900,
    }


GUIDE = {
    "detection_analysis": {"1.3": "ransom note", "1.4": "affected systems", "1.5": "extension", "1.6": "hash of the malware"},
    "containment": {
        "2.6": "Isolate infected instances", "2.7": "Isolate infected hosts", "2.9": "Disable privileged Active Directory accounts",
        "2.1": "network path to the backup systems", "2.10": "C2 domains and addresses at the firewall",
        "2.11": "systems that are not affected",
    },
    "eradication": {
        "3.2": "first intrusion path", "3.1": "forensic images", "3.7": "clean install", "3.4": "every compromised credential",
        "3.6": "Patch and fix vulnerabilities",
    },
    "recovery": {
        "4.3": "Restore data from clean backups", "4.1": "Verify backup integrity", "4.4": "in stages",
        "4.5": "EDR/IDS monitoring for 30 days",
    },
}  # fmt: skip
"""The actions of the guide by phase, with the step that is each of them. Isolation is two steps: in AWS, and by hand."""


def test_ransomware_holds_the_actions_of_the_guide_and_what_a_senior_responder_adds() -> None:
    playbook = library()["ransomware"]
    assert playbook.severity == "SEV-1"
    assert {phase: len(keys) for phase, keys in GUIDE.items()} == {
        "detection_analysis": 4, "containment": 5 + 1, "eradication": 5, "recovery": 4,
    }  # fmt: skip
    for phase, keys in GUIDE.items():
        for key, words in keys.items():
            assert words in playbook.step(key).title.en
            assert playbook.step(key).phase == phase
    decided = {step.title.en for step in playbook.steps if step.kind == "decision"}
    for words in ("encryption is still running", "scope", "data was taken", "duties to report", "contact and payment"):
        assert any(words in title for title in decided), words
    assert playbook.step("4.6").wait


@every_playbook
def test_its_ways_reach_every_step_option_and_failure(playbook: Playbook) -> None:
    assert ways(playbook).uncovered == ()


def test_the_library_has_been_simulated_as_it_is() -> None:
    drifted = stamps.drift(library().values(), stamps.read(FOLDER), library().__getitem__)
    assert [one for one in drifted if one.state != "fresh"] == [], "run `hikeshi playbook simulate --stamp`"
