"""Facts: what a playbook's steps can be filled in with, and how that is done.

Facts of the alert and the incident (`FACTS`) are known when a run starts, as far as the alert says them; what a playbook declares
under `facts` is told by people while it runs. An input written as `$alert.instance_id` or `$fact.key_id` is a binding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import FactSpec, FactType, Input, Playbook, StepSpec
from hikeshi.text import Text

FACTS: Final[dict[str, Text]] = {
    "alert.account": Text("the AWS account of the alert", "アラートの AWS アカウント"),
    "alert.bucket": Text("the S3 bucket of the alert", "アラートの S3 バケット"),
    "alert.finding_id": Text("the id of the GuardDuty finding", "GuardDuty の検出結果の ID"),
    "alert.finding_type": Text("the type of the GuardDuty finding", "GuardDuty の検出結果タイプ"),
    "alert.instance_id": Text("the EC2 instance of the alert", "アラートの EC2 インスタンス"),
    "alert.key_id": Text("the access key of the alert", "アラートのアクセスキー ID"),
    "alert.principal": Text("who acted, according to the alert", "アラートにある操作主体"),
    "alert.region": Text("the AWS region of the alert", "アラートの AWS リージョン"),
    "alert.remote_address": Text("the remote address in the alert", "アラートにある通信相手のアドレス"),
    "alert.user": Text("the IAM user of the alert", "アラートの IAM ユーザー"),
    "incident.name": Text("the name of the incident, such as INC-2026-001", "インシデント名 (INC-2026-001 など)"),
    "incident.severity": Text("the severity as a number, 1 to 4", "重大度の数値 (1 から 4)"),
}
"""What is known without being asked, by the name a binding or a condition gives it. All are texts but the severity."""

NUMBERS: Final = frozenset({"incident.severity"})
EMPTY: Final[dict[FactType, Any]] = {"list": [], "number": 0, "text": "", "yes_no": False}
"""What a condition sees where a fact is not known yet."""
LONGEST_TEXT: Final = 4_000
LONGEST_LIST: Final = 500
ITEM: Final = "item"
"""The binding of a step with `for_each` to the target at hand."""

Value = str | bool | int | list[str]


class Lacking(Refused):
    """A fact is not known yet. `said` says so in both languages."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en, hint="Tell it, or do the step by hand.")
        self.said = said


def bound_fact(value: object) -> str | None:
    """The fact that an input names, without its "$"; None for a plain value. A text that begins with "$" is written with "$$"."""
    return value[1:] if isinstance(value, str) and value.startswith("$") and not value.startswith("$$") else None


def said_of(playbook: Playbook, fact: str) -> Text | None:
    """What a fact is, in words; None where neither Hikeshi nor the playbook knows it."""
    if fact in FACTS:
        return FACTS[fact]
    spec = playbook.facts.get(fact.removeprefix("fact.")) if fact.startswith("fact.") else None
    return spec.label if spec else None


def bind(playbook: Playbook, step: StepSpec, facts: Mapping[str, Any], item: str = "") -> dict[str, Any]:
    """The inputs of a step with the facts put in. Raises `Refused` naming the fact that is missing, empty or unknown."""
    return {name: _bound(playbook, step, name, value, facts, item) for name, value in step.inputs.items()}


def _bound(
    playbook: Playbook, step: StepSpec, name: str, value: Input, facts: Mapping[str, Any], item: str
) -> Input:  # fmt: skip
    fact = bound_fact(value)
    if fact is None:
        return value[1:] if isinstance(value, str) and value.startswith("$$") else value
    if fact == ITEM and item:
        return item
    known: Input = value_of(playbook, step, fact, facts, name)
    return known


def value_of(playbook: Playbook, step: StepSpec, fact: str, facts: Mapping[str, Any], wanted_for: str) -> Any:
    """One fact. Raises `Refused` where it is unknown, or not told yet."""
    said = said_of(playbook, fact)
    if said is None:
        raise Refused(
            f"Step {step.key} needs {fact} for {wanted_for}, which is no fact.",
            hint=f"Facts are {', '.join((*FACTS, *(f'fact.{one}' for one in playbook.facts)))}.",
        )
    if facts.get(fact) in (None, "", []):
        raise Lacking(
            Text(
                f"Step {step.key} needs {fact} ({said.en}) for {wanted_for}, and it is not known.",
                f"ステップ {step.key} に必要な「{said.ja}」({fact}) がまだ分かっていません。",
            )
        )
    return facts[fact]


def told_by_alert(playbook: Playbook, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the playbook's own facts are filled in with at the start, from the facts of the alert that they name as `source`."""
    found = {}
    for name, spec in playbook.facts.items():
        known = facts.get(spec.source) if spec.source else None
        if known and f"fact.{name}" not in facts:
            found[f"fact.{name}"] = checked(spec, name, str(known))
    return found


def checked(spec: FactSpec, name: str, value: object) -> Value:
    """A fact as somebody told it, in its type: lists also as lines of text, numbers and yes/no also as words. Raises `Refused`."""
    kinds = {"list": _list, "number": _number, "text": _text, "yes_no": _yes_no}
    found = kinds[spec.type](value)
    if found is None:
        raise Refused(f"{name} has to be {_WANTED[spec.type]}, not {str(value)[:80]!r}.", hint=spec.label.en)
    return found


_WANTED: Final[dict[FactType, str]] = {
    "list": f"a list of at most {LONGEST_LIST} texts, one a line", "number": "a whole number",
    "text": f"a text of 1 to {LONGEST_TEXT} characters", "yes_no": "yes or no",
}  # fmt: skip


def _text(value: object) -> Value | None:
    found = value.strip() if isinstance(value, str) else ""
    return found if 0 < len(found) <= LONGEST_TEXT else None


def _list(value: object) -> Value | None:
    parts = value.splitlines() if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) > LONGEST_LIST:
        return None
    found = [part.strip() for part in parts if isinstance(part, str) and part.strip()]
    return list(dict.fromkeys(found)) if all(len(part) <= LONGEST_TEXT for part in found) else None


def _number(value: object) -> Value | None:
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 16:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else None


def _yes_no(value: object) -> Value | None:
    if isinstance(value, bool):
        return value
    words = {"yes": True, "true": True, "はい": True, "no": False, "false": False, "いいえ": False}
    return words.get(value.strip().lower()) if isinstance(value, str) else None


def world(
    playbook: Playbook, facts: Mapping[str, Any], states: Mapping[str, str], choices: Mapping[str, str], item: str = ""
) -> dict[str, Any]:  # fmt: skip
    """What a condition of this playbook is evaluated with: every fact, choice and state is there, empty while it is not known."""
    groups: dict[str, dict[str, Any]] = {"alert": {}, "incident": {}, "fact": {}}
    for name in FACTS:
        root, _, rest = name.partition(".")
        groups[root][rest] = facts.get(name) or (0 if name in NUMBERS else "")
    for name, spec in playbook.facts.items():
        groups["fact"][name] = facts.get(f"fact.{name}", EMPTY[spec.type])
    keys = [step.key for step in playbook.steps]
    return {
        **groups,
        "choice": {key: choices.get(key, "") for key in keys},
        "state": {key: states.get(key, "waiting") for key in keys},
        "item": item,
    }
