"""A playbook: the steps for one kind of incident, as data.

A playbook is one YAML file in `library/` (or an organisation's own), its fields those of `Playbook` and `StepSpec`. Steps run as soon
as everything they wait for has ended (`flow.py`); the order of the file is only the order of reading. Inputs and conditions name
facts (`facts.py`, `conditions.py`). docs/playbooks.md describes the format for authors, `schema.py` publishes it as JSON Schema.
"""

from __future__ import annotations

import functools
import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import rfc8785
from msgspec import Meta

from hikeshi.actions.action import Effect
from hikeshi.errors import Refused
from hikeshi.strict_yaml import parse, read
from hikeshi.text import Text

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
Failure = Annotated[str, Meta(pattern=r"^([1-9][0-9]*\.[1-9][0-9]*|go_on|hold)$")]
"""A key, GO_ON or HOLD."""
Name = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
FactName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Expression = Annotated[str, Meta(min_length=1, max_length=500)]
"""A condition in CEL, see `conditions.py`."""
Seconds = Annotated[int, Meta(ge=1, le=366 * 86400)]
Technique = Annotated[str, Meta(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]
"""An ATT&CK technique id, such as T1486 or T1552.005."""
Outcome = Annotated[str, Meta(pattern=r"^[A-Z]{2}\.[A-Z]{2}-[0-9]{2}$")]
"""A CSF 2.0 subcategory id, such as RS.MI-01."""

Kind = Literal["manual", "action", "decision", "wait", "notify", "evidence", "playbook"]
"""Who does it, and how: `manual` and `evidence` are done by people (the latter with items of evidence), a `decision` is taken by a
person who chooses an option; an `action` changes or reads the world, `wait` waits, `notify` sends a message, `playbook` runs another one."""
FactType = Literal["text", "number", "yes_no", "list"]
"""`number` is whole; a `list` holds texts."""
EvidenceKind = Literal["memory", "state", "network", "disk", "logs", "cloud", "media"]
"""As in the evidence plan, the most volatile first; `state` is sockets and processes, `media` also paper and statements."""
DueFrom = Literal["run", "open", "declared", "detected"]
"""What a limit counts from: the start of the run, the opening of the step, or when the incident was declared or detected."""
GO_ON: Final = "go_on"
HOLD: Final = "hold"


class FactSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fact that people tell while the playbook runs; `source` names a fact of the alert it is filled in from at the start."""

    label: Text
    type: FactType = "text"
    source: str = ""


class Option(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One answer to a decision. Conditions see its `value` as `choice["1.4"]`."""

    value: Name
    label: Text


class Wait(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long: until `until` holds, at most `seconds`."""

    seconds: Seconds
    until: Expression | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A message as it would be sent. In its texts `{incident.name}`, `{fact.key_id}` and the like are filled in, nothing else is.

    `to` names duties ("incident_commander") or, in a draft that a person sends, says who it is for in words.
    """

    to: Annotated[tuple[str, ...], Meta(min_length=1, max_length=20)]
    subject: Text
    body: Text


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A publication that the playbook owes ideas or facts to."""

    title: str
    url: str = ""
    licence: str = ""


class StepSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step as written. Which fields a kind needs and may have is in `FIELDS_OF`."""

    key: Key
    phase: Phase
    title: Text
    text: Text
    """What to do and why, for the person who does it or watches it being done."""
    kind: Kind
    role: Role
    effect: Effect = "look"
    """What the step does to the world. `collect` takes evidence; `destroy` may end it (reboot, rebuild, wipe, delete)."""
    after: tuple[str, ...] = ()
    """Keys of the steps, or names of the groups, that have to end first. None: it may start at once."""
    group: Name | None = None
    """Steps of one group can be waited for by its name."""
    when: Expression | None = None
    """Looked at when the step would open: where it does not hold, the step is not needed and what waits for it goes on."""
    for_each: str = ""
    """A binding to a list of targets, such as "$fact.hosts": the step is done once for each, side by side; `$item` is the target."""
    at_most: Annotated[int, Meta(ge=1, le=500)] = 20
    """How many targets are taken before somebody has to say that it is meant."""
    action: str = ""
    inputs: dict[str, Input] = {}
    approvals: Annotated[int, Meta(ge=0, le=5)] = 0
    """People who have to say yes, where the policy of the house asks for fewer."""
    options: tuple[Option, ...] = ()
    asks: tuple[FactName, ...] = ()
    """Declared facts that whoever does the step is asked for."""
    collects: tuple[EvidenceKind, ...] = ()
    """What kinds of evidence have to be named before an `evidence` step is done."""
    evidence: tuple[Key, ...] = ()
    """Evidence first: steps that take evidence, all of which have to be over (held, or failed with a reason) before this one."""
    wait: Wait | None = None
    message: Message | None = None
    draft: Message | None = None
    """A text that the person who does the step can start from."""
    playbook: Name | None = None
    """The playbook to run within this one."""
    on_failure: Failure | None = None
    """What a failure leads to: the key of a step that is only for it, going on all the same, or holding what waits for the step.
    By default evidence that cannot be had is gone on without, and everything else holds."""
    due_within: Seconds | None = None
    """Seconds to when the step should have ended."""
    due_from: DueFrom = "run"
    deadline: Text | None = None
    """A note on the time limit, for people."""
    keep_for: Seconds | None = None
    """How long a containment stands before somebody looks whether it still has to."""
    undo: Text | None = None
    """How a containment done by people is taken back."""
    attack: tuple[Technique, ...] = ()
    csf: tuple[Outcome, ...] = ()
    cacao_id: Annotated[str, Meta(max_length=120)] = ""
    """The id that the step has in the CACAO document it came from."""

    def __post_init__(self) -> None:
        # msgspec turns a ValueError into a validation error that carries the place.
        needed, allowed = FIELDS_OF[self.kind]
        for name in needed:
            if not getattr(self, name):
                raise ValueError(f"A step of kind `{self.kind}` needs `{name}`")
        for name in OWN_FIELDS - needed - allowed:
            if getattr(self, name):
                raise ValueError(f"A step of kind `{self.kind}` has no `{name}`")


FIELDS_OF: Final[dict[Kind, tuple[frozenset[str], frozenset[str]]]] = {
    "action": (frozenset({"action"}), frozenset({"inputs", "approvals", "for_each", "keep_for"})),
    "decision": (frozenset({"options"}), frozenset({"asks", "draft"})),
    "evidence": (frozenset({"collects"}), frozenset({"asks", "for_each"})),
    "manual": (frozenset(), frozenset({"asks", "draft", "for_each", "keep_for", "undo"})),
    "notify": (frozenset({"message"}), frozenset()),
    "playbook": (frozenset({"playbook"}), frozenset({"for_each"})),
    "wait": (frozenset({"wait"}), frozenset()),
}
"""Of each kind the fields it needs and those it may have, of OWN_FIELDS; all others every step may have."""
OWN_FIELDS: Final = frozenset(name for pair in FIELDS_OF.values() for names in pair for name in names)


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a simulation has to come to: states by key of the step, and pairs of which the first ends before the second begins."""

    steps: dict[Key, str] = {}
    order: tuple[tuple[Key, Key], ...] = ()
    undone: bool = True
    """Undoing what was contained has to bring the account back to what it was."""


class Simulation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way through the playbook, played with recorded facts in a simulated account (`hikeshi playbook simulate`)."""

    name: Name
    scene: str = ""
    """What stands in the simulated account, by its name in `simulation/scenes`; facts may name things of it as "<instance_id>"."""
    facts: dict[str, Input] = {}
    """Facts by full name ("alert.instance_id", "fact.key_id") as they are known when the run starts."""
    told: dict[Key, dict[FactName, Input]] = {}
    """Facts told by who does a step."""
    choices: dict[Key, Name] = {}
    """The option taken in each decision; the first one where it is not named."""
    comes_to: dict[Key, Literal["failed", "partial", "refused", "skipped", "unknown"]] = {}
    """Steps that do not go well."""
    expect: Expected = Expected()


class Exercise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A scenario to practise the playbook with: the situation, what is thrown in on the way, and what a good answer shows."""

    situation: Text
    injects: tuple[Text, ...] = ()
    good: tuple[Text, ...] = ()


class Playbook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, dict=True):
    """One answer, in one version. A run pins the version by `digest`."""

    name: Name
    version: Annotated[int, Meta(ge=1, le=2**31)]
    title: Text
    severity: Severity
    summary: Text
    matches: tuple[Annotated[str, Meta(min_length=3)], ...] = ()
    """Beginnings of the GuardDuty finding types that it answers."""
    entry: tuple[Text, ...] = ()
    """When to take this playbook, for people."""
    end: tuple[Text, ...] = ()
    """What has to be true before the answer is over."""
    facts: Annotated[dict[FactName, FactSpec], Meta(max_length=50)] = {}
    attack: tuple[Technique, ...] = ()
    csf: tuple[Outcome, ...] = ()
    sources: tuple[Source, ...] = ()
    exercise: Exercise | None = None
    cacao: dict[str, Any] = {}
    """The CACAO document that it came from, without secrets: what has no place here is kept there, and goes out again."""
    steps: Annotated[tuple[StepSpec, ...], Meta(min_length=1, max_length=500)]
    simulations: Annotated[tuple[Simulation, ...], Meta(max_length=50)] = ()

    @cached_property
    def canonical(self) -> bytes:
        """RFC 8785 canonical JSON of everything in it but what equals its default. Comments and layout of the file do not count, nor
        whether a default is written down.
        """
        return rfc8785.dumps(_plain(self))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in lower-case hex."""
        return hashlib.sha256(self.canonical).hexdigest()

    def step(self, key: str) -> StepSpec:
        for step in self.steps:
            if step.key == key:
                return step
        raise Refused(f"{self.name} has no step {key}.")


def _plain(value: Any) -> Any:
    """Plain JSON values. The library leaves out what *is* the default object: what was read, copied or sent to another process may only equal it."""
    if isinstance(value, msgspec.Struct):
        kept = ((name, getattr(value, name)) for name in value.__struct_fields__)
        defaults = _defaults(type(value))
        return {name: _plain(part) for name, part in kept if name not in defaults or part != defaults[name]}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


@functools.cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    fields = [one for one in msgspec.structs.fields(kind) if not one.required]
    return {one.name: one.default_factory() if one.default is msgspec.NODEFAULT else one.default for one in fields}


def load(path: Path) -> Playbook:
    """Read one file. Raises `Unreadable` naming file, line and column. What it says is judged by `lint`, not here."""
    return read(path).convert(Playbook)


def loads(text: bytes, *, source: str = "playbook") -> Playbook:
    """Read a draft. As `load`; `source` is the name used in errors."""
    return parse(text, source=source).convert(Playbook)
