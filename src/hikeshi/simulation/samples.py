"""Facts for ways that no file describes: what a playbook's steps are filled in with, by what the actions do with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hikeshi.playbooks.facts import FACTS, ITEM, bound_fact
from hikeshi.playbooks.playbook import FactSpec, Input, Playbook, StepSpec
from hikeshi.simulation.account import ACCOUNT
from hikeshi.simulation.scenes import EVERYWHERE, SCENES, giving

GIVEN: Final[dict[str, Input]] = {
    "about": "<user>",
    "account": "210987654321",
    "addresses": ["198.51.100.7"],
    "aliases": [],
    "allow": ["192.0.2.10"],
    "arn": "<user_arn>",
    "aws.ebs.copy key": "<customer_key>",
    "aws.ebs.share key": "<customer_key>",
    "aws.ec2.rebuild image_id": "<golden_image>",
    "aws.eks.restrict_endpoint cidrs": ["192.0.2.0/24"],
    "aws.guardduty.feedback detector_id": "<watching_detector_id>",
    "aws.guardduty.threat_list detector_id": "<watching_detector_id>",
    "aws.iam.remove_identity_provider arn": "<provider_arn>",
    "aws.iam.secure_root account_id": "<member_account_id>",
    "aws.kms.protect key_id": "<kms_key>",
    "aws.org.deny_leaving account_id": "<member_account_id>",
    "aws.org.quarantine_account account_id": "<member_account_id>",
    "caller": "<user>",
    "domains": ["evil.example"],
    "entities": ["198.51.100.7"],
    "evidence_of": "<instance_id>",
    "feedback": "USEFUL",
    "finding_ids": ["<finding_id>"],
    "group_ids": ["<new_group>"],
    "keys": [],
    "let_in": [f"arn:aws:iam::{ACCOUNT}:role/break-glass"],
    "peers": ["203.0.113.66"],
    "read_by": "ci-deploy",
    "revoke_from": [f"arn:aws:iam::{ACCOUNT}:user/mallory"],
    "since": "2026-01-01T00:00:00Z",
    "version": "1",
    "without_evidence": "a simulation",
}
"""What is put in for an input of an action, where it is not a placeholder of the same name: by the input, or by action and input."""

TOLD: Final[dict[str, Input]] = {
    "alert.account": ACCOUNT,
    "alert.bucket": "<bucket>",
    "alert.finding_id": "f-simulated",
    "alert.finding_type": "simulated",
    "alert.instance_id": "<instance_id>",
    "alert.key_id": "<access_key_id>",
    "alert.principal": "<user_arn>",
    "alert.region": EVERYWHERE["region"],
    "alert.remote_address": "198.51.100.7",
    "alert.user": "<user>",
    "incident.name": "INC-2026-001",
}
"""What the facts of an alert are, where no action says it better. Placeholders only count where the playbook looks at the fact."""

VAGUE: Final = frozenset({"about", "caller"})
"""Inputs that take one thing or another: what a second action wants of the same fact says it better."""
PLACES: Final = frozenset(EVERYWHERE) | {name for scene in SCENES.values() for name in scene.gives}
OF_TYPE: Final[dict[str, Input]] = {"list": ["sample"], "number": 1, "text": "sample", "yes_no": True}


def samples(book: Playbook) -> dict[str, Input]:
    """A value for every fact that the playbook can look at, by full name."""
    by_actions = dict(_used(book))
    for name, spec in book.facts.items():
        if spec.source and f"fact.{name}" in by_actions and spec.type == "text":
            by_actions.setdefault(spec.source, by_actions[f"fact.{name}"])
    within = any(step.playbook for step in book.steps)  # what it would do with names that stand nowhere says nothing
    found: dict[str, Input] = {
        name: by_actions.get(name, _plain(name))
        for name in FACTS
        if name in by_actions or not (within and "<" in str(TOLD.get(name)))
    }
    found["incident.severity"] = int(book.severity[-1])
    if book.matches:
        found["alert.finding_type"] = book.matches[0]
    for name, spec in book.facts.items():
        full = f"fact.{name}"
        known = by_actions.get(full, found.get(spec.source, OF_TYPE[spec.type]))
        found[full] = _typed(spec, known)
    return found


def scenes_for(book: Playbook, facts: Any) -> tuple[str, ...]:
    """The scenes that give the placeholders in these facts; what scales and is balanced needs an instance that is so."""
    wanted = {name for value in facts.values() for name in places_in(value)}
    first = ("web",) if any(step.action.startswith(("aws.asg.", "aws.elb.")) for step in book.steps) else ()
    return tuple(dict.fromkeys((*first, *giving(wanted - {one for name in first for one in SCENES[name].gives}))))


def places_in(value: Input) -> Iterator[str]:
    texts = value if isinstance(value, list) else [value]
    return (name for name in PLACES for text in texts if isinstance(text, str) and f"<{name}>" in text)


def _used(book: Playbook) -> Iterator[tuple[str, Input]]:
    """Each fact that is put into an action, and what the action wants there. The last one wins: dict keeps it."""
    for step in sorted(book.steps, key=lambda one: not VAGUE.intersection(one.inputs)):
        for name, value in step.inputs.items():
            fact, given = bound_fact(value), _given(step, name)
            if fact == ITEM:
                fact = bound_fact(step.for_each)
                given = (
                    "<other_instance_id>" if given == "<instance_id>" else given
                )  # the first one has steps of its own
            if fact and given is not None:
                yield fact, given


def _given(step: StepSpec, name: str) -> Input | None:
    for known in (f"{step.action} {name}", name):
        if known in GIVEN:
            return GIVEN[known]
    return f"<{name}>" if name in PLACES else None


def _plain(name: str) -> Input:
    """A fact of the alert that no action is given: what it names need not stand in the account."""
    value = TOLD.get(name, "sample")
    return value.strip("<>") if isinstance(value, str) else value


def _typed(spec: FactSpec, value: Input) -> Input:
    if spec.type == "list":
        return value if isinstance(value, list) else [str(value)]
    if isinstance(value, list):
        value = value[0] if value else "sample"
    fits = {"number": isinstance(value, int), "yes_no": isinstance(value, bool), "text": isinstance(value, str)}
    return value if fits[spec.type] else OF_TYPE[spec.type]
