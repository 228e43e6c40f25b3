"""Our playbook as a CACAO 2.0 one: the visible part for every system, the exact one in our extension.

CACAO has branches that come together, and no free graph. So steps are laid in rows: a row begins when the one before it is over, and
steps of a row are a `parallel`. No step begins earlier than it would here; some begin later.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from hikeshi.errors import Refused
from hikeshi.playbooks.cacao.foreign import came_as
from hikeshi.playbooks.cacao.names import EXTENSION, SPEC_VERSION, US, made_id, print_of, seen, shape, stamp, variable
from hikeshi.playbooks.cacao.stix import to_stix
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.facts import FACTS, bound_fact
from hikeshi.playbooks.flow import fallback_for, waits_for
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.text import Text

Language = Literal["en", "ja"]
SEVERITIES: Final = {"SEV-1": 100, "SEV-2": 70, "SEV-3": 40, "SEV-4": 10}
"""Ours as CACAO's 1 (lowest) to 100 (section 3.1)."""
TYPE_OF: Final = {
    "detection_analysis": "investigation", "containment": "mitigation", "eradication": "remediation", "recovery": "remediation",
    "lessons_learned": "prevention",
}  # fmt: skip
ACTIVITY_OF: Final = {
    "detection_analysis": "analyze-collected-data", "containment": "restrict-access", "eradication": "eliminate-risk",
    "recovery": "restore-capabilities", "lessons_learned": "compose-content",
}  # fmt: skip
"""What a step of a phase does, in CACAO's vocabulary of activities."""


def export(
    book: Playbook, *, at: datetime, created: datetime | None = None, by: str = US, language: Language = "en"
) -> dict[str, Any]:  # fmt: skip
    """The playbook as a CACAO document. `at` is when this version was made, `created` when the first one was.

    One that came from CACAO and is as it came goes out as it came; one that was changed since keeps the commands, agents and targets it came
    with. Raises `Refused` for steps that wait in a circle.
    """
    if book.cacao and book.steps == came_as(book.cacao).steps:
        return deepcopy(book.cacao)
    flow = _Flow(book, language)
    start = flow.written()
    found: dict[str, Any] = {
        "type": "playbook", "spec_version": SPEC_VERSION, "id": made_id("playbook", book.name), "name": _in(book.title, language),
        "description": _in(book.summary, language), "playbook_types": _types(book), "playbook_activities": sorted(flow.activities),
        "created_by": by, "created": stamp(created or at), "modified": stamp(at), "severity": SEVERITIES[book.severity],
        "labels": ["hikeshi", *book.attack, *book.csf], "workflow_start": start, "workflow": flow.workflow,
        "agent_definitions": flow.agents,
        "extension_definitions": {EXTENSION: _definition()},
    }  # fmt: skip
    if book.sources:
        found["external_references"] = [_reference(one.title, one.url, one.licence) for one in book.sources]
    if flow.variables:
        found["playbook_variables"] = flow.variables
    found |= {name: deepcopy(value) for name, value in book.cacao.items() if name not in found and name != "signatures"}
    for name in ("agent_definitions", "external_references"):
        if name in book.cacao:
            found[name] = book.cacao[name] | found[name] if isinstance(found[name], dict) else book.cacao[name]
    head = {name: value for name, value in msgspec.to_builtins(book).items() if name != "steps"}
    found["playbook_extensions"] = {
        EXTENSION: {
            "playbook": head,
            "language": language,
            "seen": print_of(seen(found)),
            "flow": print_of(shape(found)),
        }
    }
    return found


class _Flow:
    """The workflow while it is being written, from its end to its beginning, since each step names the next."""

    def __init__(self, book: Playbook, language: Language) -> None:
        self.book, self.language = book, language
        self.workflow: dict[str, Any] = {}
        self.agents: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        self.activities: set[str] = set()
        self.fallbacks = fallback_for(book)
        self.places = {step.key: place for place, step in enumerate(book.steps)}

    def written(self) -> str:
        """Write everything; the id of the start step."""
        after = self._put("end", "end", {})
        for row in reversed(_rows(self.book, self.fallbacks)):
            after = self._row(row, after)
        for name, spec in self.book.facts.items():
            self._variable(f"fact.{name}", spec.label, external=bool(spec.source))
        return self._put("start", "start", {"on_completion": after})

    def _put(self, kind: str, name: str, body: dict[str, Any]) -> str:
        key = made_id(kind, self.book.name, name)
        self.workflow[key] = {"type": kind, **body}
        return key

    def _row(self, row: Sequence[StepSpec], after: str) -> str:
        if len(row) == 1:
            return self._branch(row[0], after)
        name = " ".join(step.key for step in row)
        ways = [self._branch(step, self._put("end", f"end of {step.key} in {name}", {})) for step in row]
        return self._put("parallel", name, {"name": name, "next_steps": ways, "on_completion": after})

    def _branch(self, step: StepSpec, after: str, place_of: str = "") -> str:
        """One step, with its condition around it. `place_of`: the step whose failure it is there for."""
        name = f"{step.key} for {place_of}" if place_of else step.key
        if not step.when:
            return self._core(step, after, name)
        inner = self._core(step, self._put("end", f"end of {name}", {}), name)
        body = {
            "name": f"{step.key}?",
            "description": step.when,
            "condition": self._condition(step),
            "on_true": inner,
            "on_completion": after,
        }
        return self._put("if-condition", name, body)

    def _condition(self, step: StepSpec) -> str:
        when = step.when or ""
        for name in condition(when).names:
            self._variable(name, _meant(self.book, name), external=name.startswith(("alert", "incident")))
        if (said := to_stix(when)) is not None:
            return said
        self._variable(f"when.{step.key}", Text(when, when), external=False)
        return f"{variable(f'when.{step.key}')}:value = 'true'"

    def _core(self, step: StepSpec, after: str, name: str) -> str:
        kind = "playbook-action" if step.kind == "playbook" else "action"
        body: dict[str, Any] = {"name": _in(step.title, self.language), "description": _in(step.text, self.language)}
        if step.on_failure in self.places:
            body |= {
                "on_success": after,
                "on_failure": self._branch(self.book.step(str(step.on_failure)), after, step.key),
            }
        else:
            body["on_completion"] = after
        if step.wait:
            body["delay"] = step.wait.seconds * 1000
        body |= {"playbook_id": made_id("playbook", str(step.playbook))} if step.playbook else self._commands(step)
        body["step_extensions"] = {
            EXTENSION: {
                "step": msgspec.to_builtins(step),
                "place": self.places[step.key],
                "seen": print_of([body["name"], body["description"]]),
            }
        }
        return self._put(kind, name, body | self._kept(step))

    def _commands(self, step: StepSpec) -> dict[str, Any]:
        activity = "deliver-content" if step.kind == "notify" else ACTIVITY_OF[step.phase]
        self.activities.add(activity)
        found: dict[str, Any] = {
            "commands": [{"type": "manual", "command": _command(step, self.language), "playbook_activity": activity}],
            "agent": self._agent(step.role),
        }
        taken = [name for value in step.inputs.values() for name in _facts_in(value)] + list(_facts_in(step.for_each))
        for name in taken:
            self._variable(name, _meant(self.book, name), external=not name.startswith("fact"))
        if taken:
            found["in_args"] = sorted({variable(name) for name in taken})
        given = [f"fact.{name}" for name in step.asks] + ([f"choice.{step.key}"] if step.options else [])
        for name in given:
            self._variable(name, _meant(self.book, name), external=False)
        if given:
            found["out_args"] = sorted({variable(name) for name in given})
        return found

    def _kept(self, step: StepSpec) -> dict[str, Any]:
        """What a step came with that is only kept here."""
        came = self.book.cacao.get("workflow", {}).get(step.cacao_id, {}) if step.kind == "manual" else {}
        return {
            name: deepcopy(came[name])
            for name in ("commands", "agent", "targets", "in_args", "out_args", "step_variables")
            if name in came
        }

    def _agent(self, role: str) -> str:
        key = made_id("group", role)
        self.agents[key] = {"type": "group", "name": role}
        return key

    def _variable(self, name: str, said: Text, *, external: bool) -> None:
        body = {"type": "string", "description": _in(said, self.language), "constant": False, "external": external}
        self.variables.setdefault(variable(name), body)


def _rows(book: Playbook, fallbacks: dict[str, tuple[str, ...]]) -> list[list[StepSpec]]:
    """Steps by how many others have to be over before. A step that is only for a failure stands with the one that fails."""
    steps = {step.key: step for step in book.steps}
    depth: dict[str, int] = {}

    def measure(key: str, path: tuple[str, ...]) -> int:
        if key in path:
            raise Refused(
                f"{book.name} cannot be exported: step {key} waits for itself.",
                hint="`hikeshi playbook lint` says through what.",
            )
        if key not in depth:
            step = steps[key]
            waited = [*waits_for(book, step)]
            if step.on_failure in steps:  # the step for the failure stands inside, so it has to be able to begin
                waited += [one for one in waits_for(book, steps[str(step.on_failure)]) if one != key]
            places = [place for other in waited for place in fallbacks.get(other, (other,))]
            depth[key] = 1 + max((measure(other, (*path, key)) for other in places if other != key), default=-1)
        return depth[key]

    rows: dict[int, list[StepSpec]] = {}
    for step in book.steps:
        if step.key not in fallbacks:
            rows.setdefault(measure(step.key, ()), []).append(step)
    return [rows[number] for number in sorted(rows)]


def _types(book: Playbook) -> list[str]:
    return sorted({TYPE_OF[step.phase] for step in book.steps})


def _in(text: Text, language: Language) -> str:
    return text.ja if language == "ja" else text.en


def _facts_in(value: object) -> list[str]:
    parts = value if isinstance(value, list) else [value]
    return [fact for part in parts if (fact := bound_fact(part)) is not None and "." in fact]


def _meant(book: Playbook, name: str) -> Text:
    """What a variable is, in words."""
    root, _, rest = name.partition(".")
    if root == "fact" and rest in book.facts:
        return book.facts[rest].label
    if root in {"choice", "state"} and any(step.key == rest for step in book.steps):
        title = book.step(rest).title
        return Text(
            f"{root.capitalize()} of step {rest}: {title.en}",
            f"ステップ {rest} の{'選択' if root == 'choice' else '状態'}: {title.ja}",
        )
    return FACTS.get(name, Text(name, name))


def _command(step: StepSpec, language: Language) -> str:
    """What a system without our extension shows to whoever does the step."""
    if step.action:
        inputs = ", ".join(f"{name} = {value}" for name, value in step.inputs.items())
        return f"{step.action}({inputs})"
    if step.message:
        return f"{', '.join(step.message.to)}: {_in(step.message.subject, language)}"
    if step.options:
        return " / ".join(f"{option.value}: {_in(option.label, language)}" for option in step.options)
    return _in(step.title, language)


def _reference(title: str, url: str, licence: str) -> dict[str, str]:
    return {"name": title} | ({"url": url} if url else {}) | {"description": licence or title}


def _definition() -> dict[str, Any]:
    return {
        "type": "extension-definition", "name": "Hikeshi playbook", "created_by": US, "version": "1.0.0",
        "description": "A playbook of Hikeshi exactly as it is: both languages, free order of steps, conditions in CEL, bound actions.",
        "schema": "docs/playbook.schema.json of Hikeshi: `playbook` is the file without its steps, `step` is one of them.",
    }  # fmt: skip
