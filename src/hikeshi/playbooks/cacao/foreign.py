"""A CACAO 2.0 playbook that somebody else wrote, as ours.

The workflow is walked from its start. Action steps become steps for people: **nothing that came in a file is ever run by Hikeshi**; the
commands are shown as they are. What CACAO says and we have no word for stays in the kept document; what is read in another way than it
was meant is in the notes.

    parallel            side by side, and what follows waits for all of it
    if, switch          a condition where it compares variables that the playbook has; else a decision that a person takes
    while               once, with the condition in words: we have no loop without an end
    on_failure          the step that takes its place
    delay, timeout      a wait step; the time limit
    variables           facts; those with a constant value are put in
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple, cast, get_args

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.playbooks.cacao.stix import to_cel
from hikeshi.playbooks.conditions import LONGEST as LONGEST_CONDITION
from hikeshi.playbooks.playbook import (
    PHASES,
    FactSpec,
    Option,
    Phase,
    Playbook,
    Role,
    Severity,
    Source,
    StepSpec,
    Wait,
)
from hikeshi.playbooks.states import FAILED
from hikeshi.text import Text

MOST_STEPS: Final = 500
LONGEST: Final = 4_000
"""Characters of a text that are taken over; the kept document has all of it."""
PHASE_OF: Final[dict[str, Phase]] = {
    "analyze-collected-data": "detection_analysis", "compose-content": "lessons_learned", "deliver-content": "detection_analysis",
    "disconnect-system": "containment", "eliminate-risk": "eradication", "restrict-access": "containment",
    "restore-capabilities": "recovery", "restore-data": "recovery", "revert-system": "recovery",
}  # fmt: skip
PHASE_OF_TYPE: Final[dict[str, Phase]] = {
    "detection": "detection_analysis", "investigation": "detection_analysis", "mitigation": "containment", "notification": "detection_analysis",
    "prevention": "lessons_learned", "remediation": "recovery",
}  # fmt: skip
ROLES: Final = frozenset(get_args(Role))
AUTH_HEADER: Final = re.compile(r"(proxy-)?authorization|cookie", re.IGNORECASE)
SECRET: Final = re.compile(r"pass(word|phrase)?|secret|token|private_key|api[_-]?key", re.IGNORECASE)


class Note(NamedTuple):
    """Something that was not taken over as it was meant. `place` is an id, or a field of the document."""

    place: str
    what: Text


def came_as(document: Mapping[str, Any]) -> Playbook:
    """The playbook that a kept document was read as."""
    return read_foreign(document)[0]


def read_foreign(document: Mapping[str, Any]) -> tuple[Playbook, list[Note]]:
    """Raises `Unreadable` naming the step for a workflow that goes in a circle, leads nowhere, or has no step to do."""
    kept = _without_secrets(document)
    walk = _Walk(kept)
    walk.follow(str(kept.get("workflow_start", "")), (), "", frozenset())
    if not walk.steps:
        raise Unreadable("the workflow has no step to do", source=str(document.get("id", "")))
    if kept != document:
        kept.pop("signatures", None)
        walk.notes.append(
            Note(
                "authentication_info_definitions",
                Text(
                    "Passwords and tokens in it were not kept, so its signatures went too.",
                    "含まれていたパスワードやトークンは保存せず、署名も外しました。",
                ),
            )
        )
    walk.notes += _beginnings(walk)
    book = Playbook(
        name=_slug(str(document.get("name") or document.get("id"))), version=1, severity=_severity(document.get("severity")),
        title=_both(str(document.get("name") or document.get("id"))), summary=_both(str(document.get("description") or document.get("name") or document.get("id"))),
        facts={spec[0]: spec[1] for spec in walk.facts.values() if f"fact.{spec[0]}" in walk.used},
        attack=tuple(label for label in document.get("labels", ()) if re.fullmatch(r"T[0-9]{4}(\.[0-9]{3})?", str(label))),
        sources=tuple(_sources(document)), cacao=kept, steps=tuple(walk.steps),
    )  # fmt: skip
    return book, walk.notes


def _beginnings(walk: _Walk) -> Iterator[Note]:
    """Variables that conditions look at and that have a value from the start: here somebody tells it."""
    for name, (fact, _) in walk.facts.items():
        value = walk.document["playbook_variables"][name].get("value")
        if f"fact.{fact}" in walk.used and value:
            yield Note(
                name,
                Text(
                    f"It begins as {value!r}: tell the fact {fact} when you start.",
                    f"初期値は {value!r} です。開始時に事実 {fact} を入力してください。",
                ),
            )


class _Walk:
    """The workflow while it is walked. `facts` maps each variable to its fact, `used` those that conditions look at."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.workflow: dict[str, Any] = document.get("workflow") or {}
        self.steps: list[StepSpec] = []
        self.notes: list[Note] = []
        self.counted: dict[Phase, int] = dict.fromkeys(PHASES, 0)
        self.facts = {name: _fact(name, body) for name, body in (document.get("playbook_variables") or {}).items()}
        self.used: set[str] = set()
        self.default: Phase = next(
            (PHASE_OF_TYPE[one] for one in document.get("playbook_types", ()) if one in PHASE_OF_TYPE),
            "detection_analysis",
        )

    def follow(
        self, at: str, before: tuple[str, ...], when: str, stops: frozenset[str], path: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:  # fmt: skip
        """Take over everything from `at` to an end, or to one of `stops`. Gives back what has to be over for what comes after it."""
        while at and at not in stops:
            step = self._step(at, path)
            path |= {at}
            if step["type"] == "end":
                break
            before = getattr(self, f"_{step['type'].replace('-', '_')}", self._unknown)(at, step, before, when, path)
            at = str(step.get("on_completion") or step.get("on_success") or "")
        return before

    def _step(self, at: str, path: frozenset[str]) -> dict[str, Any]:
        step = self.workflow.get(at)
        if not isinstance(step, dict) or not isinstance(step.get("type"), str):
            raise self._wrong(at, "it is named in the workflow, and is not there")
        if at in path:
            raise self._wrong(at, "the workflow comes back to it, and would never end")
        return step

    def _start(
        self, _at: str, _step: Any, before: tuple[str, ...], _when: str, _path: frozenset[str]
    ) -> tuple[str, ...]:
        return before

    def _unknown(
        self, at: str, step: Any, _before: tuple[str, ...], _when: str, _path: frozenset[str]
    ) -> tuple[str, ...]:
        raise self._wrong(at, f"there is no kind of step called {str(step['type'])[:40]!r} in CACAO 2.0")

    def _action(self, at: str, step: Any, before: tuple[str, ...], when: str, path: frozenset[str]) -> tuple[str, ...]:
        return self._done(at, step, before, when, path, text=_commands(self.document, step))

    def _playbook_action(
        self, at: str, step: Any, before: tuple[str, ...], when: str, path: frozenset[str]
    ) -> tuple[str, ...]:
        other = str(step.get("playbook_id", ""))
        self.notes.append(
            Note(
                at,
                Text(
                    f"It runs the playbook {other}, which did not come with it: a person does.",
                    f"含まれていないプレイブック {other} の実行は手動ステップになります。",
                ),
            )
        )
        return self._done(at, step, before, when, path, text=f"Playbook: {other}")

    def _done(
        self, at: str, step: Any, before: tuple[str, ...], when: str, path: frozenset[str], text: str
    ) -> tuple[str, ...]:  # fmt: skip
        phase = self._phase(step)
        before = self._delayed(at, step, phase, before, when)
        key = self._next(phase)
        place = len(self.steps)
        self._add(at, step, key, phase, before, when, text=text)
        failure = str(step.get("on_failure") or "")
        if not failure or self._kind(failure) == "end":
            return (key,)
        first = len(self.steps)
        stops = frozenset(self._reached(str(step.get("on_success") or step.get("on_completion") or "")))
        failed = _all(when, f'state["{key}"] in {_listed(FAILED)}')
        tails = self.follow(failure, (key,), failed, stops, path)
        if len(self.steps) > first:
            one = self.steps[first]
            self.steps[first] = msgspec.structs.replace(one, when=when or None, after=before)
            self.steps[place] = msgspec.structs.replace(self.steps[place], on_failure=one.key)
        return tuple(dict.fromkeys((key, *tails)))

    def _delayed(self, at: str, step: Any, phase: Phase, before: tuple[str, ...], when: str) -> tuple[str, ...]:
        seconds = _seconds(step.get("delay"))
        if not seconds:
            return before
        key = self._next(phase)
        self._add(
            at,
            {"name": f"Wait {seconds} s"},
            key,
            phase,
            before,
            when,
            text="",
            kind="wait",
            wait=Wait(seconds=seconds),
        )
        return (key,)

    def _parallel(
        self, _at: str, step: Any, before: tuple[str, ...], when: str, path: frozenset[str]
    ) -> tuple[str, ...]:
        tails = [
            tail
            for way in step.get("next_steps") or ()
            for tail in self.follow(str(way), before, when, frozenset(), path)
        ]
        return tuple(dict.fromkeys(tails)) or before

    def _if_condition(
        self, at: str, step: Any, before: tuple[str, ...], when: str, path: frozenset[str]
    ) -> tuple[str, ...]:
        condition = str(step.get("condition", ""))
        holds, fails, before = self._asked(at, step, condition, before, when)
        tails = self.follow(str(step.get("on_true") or ""), before, _all(when, holds), frozenset(), path)
        others = self.follow(str(step.get("on_false") or ""), before, _all(when, fails), frozenset(), path)
        return tuple(dict.fromkeys((*before, *tails, *others)))

    def _while_condition(
        self, at: str, step: Any, before: tuple[str, ...], when: str, path: frozenset[str]
    ) -> tuple[str, ...]:
        condition = str(step.get("condition", ""))
        self.notes.append(
            Note(
                at,
                Text(
                    f"It repeats while {condition}: here it is done once.",
                    f"「{condition}」の間の繰り返しは、ここでは 1 回だけ実行します。",
                ),
            )
        )
        holds, _, before = self._asked(at, step, condition, before, when)
        return self.follow(str(step.get("on_true") or ""), before, _all(when, holds), frozenset(), path) or before

    def _switch_condition(
        self, at: str, step: Any, before: tuple[str, ...], when: str, path: frozenset[str]
    ) -> tuple[str, ...]:
        cases: dict[str, Any] = step.get("cases") or {}
        key = self._next(self.default)
        values = {case: _slug(case, "case") for case in cases}
        options = tuple(Option(value=value, label=_both(case)) for case, value in values.items())
        asked = f"Which case holds of {step.get('switch')}?"
        self._add(
            at,
            {"name": step.get("name") or asked},
            key,
            self.default,
            before,
            when,
            text=asked,
            kind="decision",
            options=options,
        )
        tails = [
            tail for case, way in cases.items()
            for tail in self.follow(str(way), (key,), _all(when, f'choice["{key}"] == "{values[case]}"'), frozenset(), path)
        ]  # fmt: skip
        return tuple(dict.fromkeys((key, *tails)))

    def _asked(
        self, at: str, step: Any, condition: str, before: tuple[str, ...], when: str
    ) -> tuple[str, str, tuple[str, ...]]:  # fmt: skip
        """Conditions for both ways, and what they wait for: the variables' own where they can be compared, else a person's answer."""
        said = to_cel(condition, {name: f"fact.{fact}" for name, (fact, _) in self.facts.items()})
        if said is not None and len(said) < 400:
            self.used |= set(re.findall(r"fact\.[a-z0-9_]+", said))
            return said, f"!({said})", before
        key = self._next(self.default)
        options = (
            Option(value="yes", label=Text("It holds", "成り立つ")),
            Option(value="no", label=Text("It does not hold", "成り立たない")),
        )
        self._add(
            at,
            {"name": step.get("name") or "Does the condition hold?"},
            key,
            self.default,
            before,
            when,
            text=condition,
            kind="decision",
            options=options,
        )
        return f'choice["{key}"] == "yes"', f'choice["{key}"] == "no"', (key,)

    def _add(
        self, at: str, step: Any, key: str, phase: Phase, before: tuple[str, ...], when: str, *, text: str, kind: str = "manual", **more: Any
    ) -> None:  # fmt: skip
        if len(self.steps) >= MOST_STEPS:
            raise self._wrong(
                at, f"with it there are more than {MOST_STEPS} steps, counting one that is used twice as two"
            )
        name = str(step.get("name") or at.partition("--")[0])
        said = "\n\n".join(part for part in (str(step.get("description") or ""), text) if part.strip()) or name
        limit = _seconds(step.get("timeout"))
        if len(when) > LONGEST_CONDITION:
            raise self._wrong(at, "it stands within more conditions than one can be made of")
        self.steps.append(StepSpec(
            key=key, phase=phase, kind=cast("Any", kind), role=self._role(step), title=_both(name[:200]), text=_both(said[:LONGEST]),
            after=before, when=when or None, due_within=limit or None, due_from="open" if limit else "run", cacao_id=at, **more,
        ))  # fmt: skip

    def _next(self, phase: Phase) -> str:
        self.counted[phase] += 1
        return f"{PHASES.index(phase) + 1}.{self.counted[phase]}"

    def _phase(self, step: Any) -> Phase:
        for command in step.get("commands") or ():
            if isinstance(command, dict) and command.get("playbook_activity") in PHASE_OF:
                return PHASE_OF[command["playbook_activity"]]
        return self.default

    def _role(self, step: Any) -> Role:
        agent = (self.document.get("agent_definitions") or {}).get(step.get("agent"), {})
        name = str(agent.get("name", "")).strip().lower().replace(" ", "_")
        return cast("Role", name) if name in ROLES else "responder"

    def _kind(self, at: str) -> str:
        return str((self.workflow.get(at) or {}).get("type", ""))

    def _reached(self, at: str) -> Iterator[str]:
        while at and at in self.workflow:
            yield at
            step = self.workflow[at]
            at, seen = str(step.get("on_completion") or step.get("on_success") or ""), at
            if at == seen:
                return

    def _wrong(self, at: str, what: str) -> Unreadable:
        return Unreadable(f"{at or 'workflow_start'}: {what}", source=str(self.document.get("id", "")), place=at)


def _fact(name: str, body: Mapping[str, Any]) -> tuple[str, FactSpec]:
    plain = re.sub(r"[^a-z0-9]+", "_", name.strip("_").lower()).strip("_")[:40] or "variable"
    plain = plain if plain[0].isalpha() else f"v_{plain}"[:40]
    # Compared as texts in conditions, so they are told as texts.
    return plain, FactSpec(label=_both(str(body.get("description") or name)[:200]))


def _commands(document: Mapping[str, Any], step: Mapping[str, Any]) -> str:
    """The commands as they would be run, with where, and constant values put in."""
    values = {**(document.get("playbook_variables") or {}), **(step.get("step_variables") or {})}
    targets = [_target(document, name) for name in step.get("targets") or ()]
    lines = [
        f"{one.get('type', 'command')}: {_filled(_said(one), values)}"
        for one in step.get("commands") or ()
        if isinstance(one, dict)
    ]
    where = [f"-> {', '.join(targets)}"] if targets else []
    return "\n".join([*lines, *where])


def _said(command: Mapping[str, Any]) -> str:
    plain = _coded(command, "command") or str(command.get("description") or "")
    headers = command.get("headers")
    lines = [f"{name}: {_values(value)}" for name, value in headers.items()] if isinstance(headers, dict) else []
    return "\n".join(part for part in (plain, *lines, _coded(command, "content")) if part)


def _coded(command: Mapping[str, Any], name: str) -> str:
    """A text of a command, which may stand there in Base64."""
    coded = command.get(f"{name}_b64")
    if not isinstance(coded, str):
        return str(command.get(name) or "")
    try:
        return base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "(not text)"


def _values(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _filled(text: str, values: Mapping[str, Any]) -> str:
    for name, body in values.items():
        if isinstance(body, dict) and body.get("constant") and isinstance(body.get("value"), str):
            text = text.replace(f"{name}:value", body["value"])
    return text


def _target(document: Mapping[str, Any], name: object) -> str:
    body = (document.get("target_definitions") or {}).get(name, {})
    address = [
        str(one)
        for values in (body.get("address") or {}).values()
        for one in (values if isinstance(values, list) else [values])
    ]
    return " ".join([str(body.get("name") or name), *address])


def _without_secrets(document: Mapping[str, Any]) -> dict[str, Any]:
    kept = deepcopy(dict(document))
    for body in (kept.get("authentication_info_definitions") or {}).values():
        for name in [name for name in body if SECRET.search(name)]:
            del body[name]
    for step in (kept.get("workflow") or {}).values():
        for command in (step.get("commands") or ()) if isinstance(step, dict) else ():
            headers = command.get("headers") if isinstance(command, dict) else None
            if isinstance(headers, dict):
                command["headers"] = {name: value for name, value in headers.items() if not _is_secret(name, value)}
    return kept


def _is_secret(header: str, value: object) -> bool:
    """A header that lets somebody in, unless what it holds is only put in when it runs (a variable)."""
    return bool(SECRET.search(header) or AUTH_HEADER.fullmatch(header)) and ":value" not in _values(value)


def _seconds(milliseconds: object) -> int:
    """Whole seconds, rounded up, at most a year; 0 for none."""
    if not isinstance(milliseconds, int) or milliseconds <= 0:
        return 0
    return min(-(-milliseconds // 1000), 366 * 86400)


def _severity(number: object) -> Severity:
    value = number if isinstance(number, int) and number > 0 else 40
    return "SEV-1" if value > 75 else "SEV-2" if value > 50 else "SEV-3" if value > 25 else "SEV-4"


def _sources(document: Mapping[str, Any]) -> Iterator[Source]:
    for one in document.get("external_references") or ():
        if isinstance(one, dict) and one.get("name"):
            yield Source(title=str(one["name"]), url=str(one.get("url") or ""))


def _slug(text: str, otherwise: str = "imported") -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80].strip("-") or otherwise


def _both(text: str) -> Text:
    """One language is all there is; it stands for both, and lint says that a translation is missing."""
    said = text.strip() or "-"
    return Text(said, said)


def _all(*conditions: str) -> str:
    given = [one for one in conditions if one]
    return given[0] if len(given) == 1 else " && ".join(f"({one})" for one in given)


def _listed(words: frozenset[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in sorted(words)) + "]"
