"""The fields of the form of a step: which there are, in what groups, and how a value of the YAML is shown in one and read back.

A group is shown for the kinds of steps that have it, and for any other step that has something in it all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, get_args

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy as _

from hikeshi.actions import ACTIONS
from hikeshi.actions.catalogue import inputs, read_inputs
from hikeshi.desk.incidents.models import DUTIES, PHASES
from hikeshi.errors import Refused
from hikeshi.playbooks.editing import Path, flow
from hikeshi.playbooks.playbook import FIELDS_OF, EvidenceKind, Kind
from hikeshi.strict_yaml import parse

Shown = Literal["line", "text", "list", "lines", "number", "time", "choice", "input"]
UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
TIME: Final = re.compile(r"([0-9]{1,9})\s*([dhms]?)")
Words = str | Promise


class Field(NamedTuple):
    """A field of a step: where it stands below the step, how it is shown, and the words for it. `language` is that of its text."""

    path: Path
    shown: Shown
    words: Words
    language: str = ""
    choices: tuple[tuple[str, Words], ...] = ()
    hint: Words = ""
    offers: str = ""
    """The id of the list that the browser completes from."""
    action: str = ""
    """The action that an input belongs to."""

    @property
    def name(self) -> str:
        return ".".join(str(one) for one in self.path)

    @property
    def tall(self) -> bool:
        return self.shown in {"lines", "text"}


class Group(NamedTuple):
    """Fields under one heading. `of` names the field of the format they come from: the kinds that have it are shown the group."""

    title: Words
    fields: tuple[Field, ...]
    of: str = ""
    hint: Words = ""

    @property
    def kinds(self) -> list[Kind]:
        return [kind for kind, (needed, may) in FIELDS_OF.items() if self.of in needed | may]


NONE: Final = ("", "–")
EVERY: Final = Group("", (
    Field(("title", "en"), "line", _("Title, English"), "en"),
    Field(("title", "ja"), "line", _("Title, Japanese"), "ja"),
    Field(("text", "en"), "text", _("What to do and why, English"), "en"),
    Field(("text", "ja"), "text", _("What to do and why, Japanese"), "ja"),
    Field(("kind",), "choice", _("Kind"), choices=(
        ("manual", _("manual")), ("action", _("action")), ("decision", _("decision")), ("wait", _("wait")),
        ("notify", _("notify")), ("evidence", _("evidence")), ("playbook", _("playbook")),
    )),
    Field(("phase",), "choice", _("Phase"), choices=tuple(one for one in PHASES if one[0] != "preparation")),
    Field(("role",), "choice", _("Who does it"), choices=tuple(DUTIES)),
    Field(("effect",), "choice", _("What it does to the world"), choices=(
        NONE, ("look", _("looks")), ("collect", _("collects")), ("contain", _("contains")), ("destroy", _("destroys")),
    )),
))  # fmt: skip
ORDER: Final = Group(_("When it opens, and by when it ends"), (
    Field(("after",), "list", _("After these steps or groups")),
    Field(("evidence",), "list", _("Evidence first: these steps")),
    Field(("when",), "line", _("Only when (CEL)")),
    Field(("group",), "line", _("Group")),
    Field(("due_within",), "time", _("Due within, such as 90s, 15m, 24h")),
    Field(("due_from",), "choice", _("Counted from"), choices=(
        NONE, ("run", _("start of the run")), ("open", _("opening of the step")), ("declared", _("declaration")), ("detected", _("detection")),
    )),
    Field(("deadline", "en"), "line", _("Note on the time limit, English"), "en"),
    Field(("deadline", "ja"), "line", _("Note on the time limit, Japanese"), "ja"),
    Field(("on_failure",), "line", _("Where it fails: a step, go_on or hold")),
))  # fmt: skip


def _message(name: str, title: Words, hint: Words) -> Group:
    return Group(title, (
        Field((name, "to"), "lines", _("To, one in each line"), hint=hint),
        Field((name, "subject", "en"), "line", _("Subject, English"), "en"),
        Field((name, "subject", "ja"), "line", _("Subject, Japanese"), "ja"),
        Field((name, "body", "en"), "text", _("Body, English"), "en"),
        Field((name, "body", "ja"), "text", _("Body, Japanese"), "ja"),
    ), name, _("Facts are filled in where they stand in braces, such as {incident.name} or {fact.hosts}."))  # fmt: skip


OWN: Final = (
    Group(_("Targets"), (
        Field(("for_each",), "line", _("For each of"), offers="bindings"),
        Field(("at_most",), "number", _("Targets at most, without somebody saying so")),
    ), "for_each"),
    Group(_("Approval"), (Field(("approvals",), "number", _("Approvals at least")),), "approvals"),
    Group(_("Asks"), (Field(("asks",), "list", _("Facts to tell")),), "asks"),
    Group(_("Evidence"), (
        Field(("collects",), "list", _("Kinds of evidence to name"), hint=", ".join(get_args(EvidenceKind))),
    ), "collects"),
    Group(_("Wait"), (
        Field(("wait", "seconds"), "time", _("At most, such as 90s, 15m, 24h")),
        Field(("wait", "until"), "line", _("Until (CEL)")),
    ), "wait"),
    _message("message", _("Message"), _("Duties, such as incident_commander.")),
    _message("draft", _("Draft of a text"), _("Whom it is for, in words.")),
    Group(_("Playbook to run"), (Field(("playbook",), "line", _("Name of the playbook")),), "playbook"),
    Group(_("Taken back"), (
        Field(("undo", "en"), "text", _("How it is taken back, English"), "en"),
        Field(("undo", "ja"), "text", _("How it is taken back, Japanese"), "ja"),
    ), "undo"),
    Group(_("How long it stands"), (Field(("keep_for",), "time", _("Looked at again after")),), "keep_for"),
)  # fmt: skip
LABELS: Final = Group(_("Labels"), (
    Field(("attack",), "list", "ATT&CK", hint="T1486, T1552.005"),
    Field(("csf",), "list", "NIST CSF 2.0", hint="RS.MI-01"),
))  # fmt: skip
ACTION: Final = Field(("action",), "line", _("Action"), offers="action-names")
ACTION_NAMES: Final = tuple(sorted(ACTIONS))
OPTION: Final = (
    Field(("value",), "line", _("Value")),
    Field(("label", "en"), "line", _("Label, English"), "en"),
    Field(("label", "ja"), "line", _("Label, Japanese"), "ja"),
)


def groups_of(step: Mapping[str, Any]) -> list[Group]:
    """The groups of a step as it stands in the YAML, in the order of the form. Options have a part of their own."""
    return [EVERY, ORDER, _action(step), *OWN, LABELS]


def _action(step: Mapping[str, Any]) -> Group:
    """The action and its inputs, those that it does not know as well."""
    name, given = step.get("action"), step.get("inputs")
    kind = ACTIONS.get(name) if isinstance(name, str) else None
    known = {one.name: one for one in inputs(kind)} if kind else {}
    extra = [str(one) for one in given if one not in known] if isinstance(given, Mapping) else []
    fields = [
        Field(("inputs", one.name), "input", _label(one), hint=one.name, offers="bindings", action=kind.name if kind else "")
        for one in known.values()
    ]  # fmt: skip
    fields += [Field(("inputs", one), "input", one, hint=_("The action has no such input.")) for one in extra]
    hint = _("$ puts a fact in, such as $alert.instance_id. The inputs of another action are shown once it is saved.")
    return Group(_("Action"), (ACTION, *fields), "action", hint)


def _label(one: Any) -> str:
    label = one.label.ja if (get_language() or "").startswith("ja") else one.label.en
    return f"{label} *" if one.required else str(label)


def at(step: Any, path: Path) -> Any:
    """What stands there, None where nothing does."""
    value = step
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def said(field: Field, value: Any) -> str:
    """A value of the YAML as its field shows it."""
    if value is None:
        return ""
    if field.shown in {"list", "lines"} and isinstance(value, list):
        return (" " if field.shown == "list" else "\n").join(str(one) for one in value)
    if field.shown == "time" and isinstance(value, int):
        return next(f"{value // size}{unit}" for unit, size in UNITS.items() if value % size == 0)
    if field.shown == "input" and isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return value if isinstance(value, str) else flow(value)


def heard(field: Field, text: str) -> Any:
    """What somebody typed as a value of the YAML. Raises `Refused`."""
    return _input(field, text) if field.shown == "input" else READ[field.shown](text)


def _input(field: Field, text: str) -> Any:
    """A binding stays a text; the rest becomes what the action asks for, or what YAML reads where no action is known."""
    if text.startswith("$"):
        return text
    if field.action:
        return read_inputs(ACTIONS[field.action], {str(field.path[-1]): text})[str(field.path[-1])]
    value = parse(f"value: {text}".encode(), source=field.name).value["value"]
    return value if isinstance(value, str | bool | int | list) else text


def _seconds(text: str) -> int:
    found = TIME.fullmatch(text)
    if found is None:
        raise Refused(f"{text[:40]!r} is no length of time.", hint="Such as 90s, 15m, 24h or 3d.")
    return int(found[1]) * UNITS[found[2] or "s"]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Refused(f"{text[:20]!r} is no number.", hint="Write it with digits.")
    return int(text)


READ: Final[dict[Shown, Callable[[str], Any]]] = {
    "choice": str,
    "line": lambda text: " ".join(text.split()),
    "lines": lambda text: [line.strip() for line in text.splitlines() if line.strip()],
    "list": lambda text: re.findall(r"[^\s,]+", text),
    "number": _number,
    "text": str,
    "time": _seconds,
}
