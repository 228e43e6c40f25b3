"""A playbook: the steps for one kind of incident, as data.

A playbook is one YAML file in `library/` (or an organisation's own), its fields those of `Playbook` and `StepSpec`. Steps run as soon
as everything named in their `after` has ended; the order of the file is only the order of reading. An input written as
`$alert.instance_id` is a binding: its value is a fact of the incident, put in when the run starts.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import rfc8785
from msgspec import Meta

from hikeshi.actions.action import Effect
from hikeshi.errors import Refused
from hikeshi.strict_yaml import Document, parse, read
from hikeshi.text import Text

LIBRARY: Final = ("compromised-ec2", "ransomware")
"""The playbooks that come with Hikeshi, in alphabetical order: `library/<name>.yaml`."""

FOLDER: Final = Path(__file__).parent / "library"

FACTS: Final[dict[str, Text]] = {
    "alert.account": Text("the AWS account of the alert", "アラートの AWS アカウント"),
    "alert.finding_id": Text("the id of the GuardDuty finding", "GuardDuty の検出結果の ID"),
    "alert.finding_type": Text("the type of the GuardDuty finding", "GuardDuty の検出結果タイプ"),
    "alert.instance_id": Text("the EC2 instance of the alert", "アラートの EC2 インスタンス"),
    "alert.region": Text("the AWS region of the alert", "アラートの AWS リージョン"),
    "alert.remote_address": Text("the remote address in the alert", "アラートにある通信相手のアドレス"),
    "incident.name": Text("the name of the incident, such as INC-2026-001", "インシデント名 (INC-2026-001 など)"),
}
"""What a binding can name."""

Phase = Literal["detection_analysis", "containment", "eradication", "recovery", "lessons_learned"]
"""The phases of an incident, in order. Preparation belongs to the organisation, so a playbook cannot hold it."""

PHASES: Final[tuple[Phase, ...]] = ("detection_analysis", "containment", "eradication", "recovery", "lessons_learned")

Role = Literal[
    "incident_commander",
    "technical_lead",
    "communications_lead",
    "responder",
    "legal_support",
    "pr_support",
    "hr_support",
    "deputy_commander",
    "scribe",
]
Severity = Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4"]
# Floats and longer integers have no form that every reader of the digest agrees on.
Whole = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
Input = str | bool | Whole | list[str]
Key = Annotated[str, Meta(pattern=r"^[1-9][0-9]*\.[1-9][0-9]*$")]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class StepSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step as written. A `manual` step is done by a person; an `action` step runs the action named in `action`."""

    key: Key
    phase: Phase
    title: Text
    text: Text
    kind: Literal["manual", "action"]
    role: Role
    effect: Effect = "look"
    """What the step does to the world. `collect` takes evidence; `destroy` may end it (reboot, rebuild, wipe, delete)."""
    action: str = ""
    inputs: dict[str, Input] = {}
    after: tuple[Key, ...] = ()
    """Keys of the steps that have to end first. None: it may start at once."""
    due_within: Annotated[int, Meta(ge=1, le=366 * 86400)] | None = None
    """Seconds from the start of the run to when the step should have ended."""
    deadline: Text | None = None
    """A note on the time limit, for people."""

    def __post_init__(self) -> None:
        if (self.kind == "action") != bool(self.action):
            # msgspec turns this into a validation error that carries the place.
            raise ValueError("A step of kind `action` names its action, and a manual step names none")
        if self.kind == "manual" and self.inputs:
            raise ValueError("A manual step has no inputs")


class Playbook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer, in one version. A run pins the version by `digest`."""

    name: Name
    version: Annotated[int, Meta(ge=1, le=2**31)]
    title: Text
    severity: Severity
    summary: Text
    matches: tuple[Annotated[str, Meta(min_length=3)], ...]
    """Beginnings of the GuardDuty finding types that it answers."""
    steps: Annotated[tuple[StepSpec, ...], Meta(min_length=1, max_length=500)]

    @property
    def canonical(self) -> bytes:
        """RFC 8785 canonical JSON of everything in it. Comments and layout of the file do not count."""
        return rfc8785.dumps(msgspec.to_builtins(self))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in lower-case hex."""
        return hashlib.sha256(self.canonical).hexdigest()

    def step(self, key: str) -> StepSpec:
        for step in self.steps:
            if step.key == key:
                return step
        raise Refused(f"{self.name} has no step {key}.")


def load(path: Path) -> Playbook:
    """Read one file. Raises `Unreadable` naming file, line and column. What it says is judged by `lint`, not here."""
    return _playbook(read(path))


def loads(text: bytes, *, source: str = "playbook") -> Playbook:
    """Read a draft. As `load`; `source` is the name used in errors."""
    return _playbook(parse(text, source=source))


def library() -> dict[str, Playbook]:
    """The playbooks that come with Hikeshi, by name. Read once."""
    return dict(_library())


def propose(finding_type: str) -> Playbook | None:
    """The playbook of the library that answers a GuardDuty finding type: the one with the longest matching beginning."""
    fitting = (
        (prefix, book) for book in library().values() for prefix in book.matches if finding_type.startswith(prefix)
    )
    return max(fitting, key=lambda pair: len(pair[0]), default=("", None))[1]


def bound_fact(value: object) -> str | None:
    """The fact that an input names, without its "$"; None for a plain value. A text that begins with "$" is written with "$$"."""
    return value[1:] if isinstance(value, str) and value.startswith("$") and not value.startswith("$$") else None


def bind(step: StepSpec, facts: Mapping[str, str]) -> dict[str, Any]:
    """The inputs of a step with the facts put in. Raises `Refused` naming the fact that is missing, empty or unknown."""
    return {name: _bound(step, name, value, facts) for name, value in step.inputs.items()}


def _bound(step: StepSpec, name: str, value: Input, facts: Mapping[str, str]) -> Input:
    fact = bound_fact(value)
    if fact is None:
        return value[1:] if isinstance(value, str) and value.startswith("$$") else value
    if fact not in FACTS:
        raise Refused(
            f"Step {step.key} needs {fact} for {name}, which is no fact.", hint=f"Facts are {', '.join(FACTS)}."
        )
    if not facts.get(fact):
        raise Refused(
            f"Step {step.key} needs {fact} ({FACTS[fact].en}) for {name}, and it is not known.",
            hint="Add it to the incident, or do the step by hand.",
        )
    return facts[fact]


@functools.cache
def _library() -> dict[str, Playbook]:
    return {name: load(FOLDER / f"{name}.yaml") for name in LIBRARY}


def _playbook(document: Document) -> Playbook:
    return document.convert(Playbook)
