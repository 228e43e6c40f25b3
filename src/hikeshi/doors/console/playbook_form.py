"""The form of one step: what stands in its fields, read from the YAML, and what was changed in them, put back into the YAML.

Text and form are one draft. Beside each field its value as it was shown is sent along (`was.` before its name): only fields that differ from
it are put into the text, so that what people wrote in the text itself stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hikeshi.actions import ACTIONS
from hikeshi.desk.incidents.models import DUTIES, PHASES
from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.editing import Path, flow, put
from hikeshi.strict_yaml import parse

Shown = Literal["line", "text", "list", "number", "time", "choice", "inputs"]
UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
TIME: Final = re.compile(r"([0-9]{1,9})\s*([dhms]?)")


class Field(NamedTuple):
    """A field of a step: where it stands below the step, how it is shown, and the words for it. `language` is that of its text."""

    path: tuple[str, ...]
    shown: Shown
    words: str | Promise
    language: str = ""
    choices: tuple[tuple[str, str | Promise], ...] = ()

    @property
    def name(self) -> str:
        return ".".join(self.path)


NONE: Final = ("", "–")
FIELDS: Final = (
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
    Field(("due_within",), "time", _("Due within, such as 90s, 15m, 24h")),
    Field(("due_from",), "choice", _("Counted from"), choices=(
        NONE, ("run", _("start of the run")), ("open", _("opening of the step")), ("declared", _("declaration")), ("detected", _("detection")),
    )),
    Field(("after",), "list", _("After these steps or groups")),
    Field(("evidence",), "list", _("Evidence first: these steps")),
    Field(("when",), "line", _("Only when (CEL)")),
    Field(("for_each",), "line", _("For each of")),
    Field(("action",), "line", _("Action")),
    Field(("inputs",), "inputs", _("Inputs, one in each line")),
    Field(("approvals",), "number", _("Approvals at least")),
    Field(("on_failure",), "line", _("Where it fails: a step, go_on or hold")),
    Field(("keep_for",), "time", _("Looked at again after")),
    Field(("group",), "line", _("Group")),
)  # fmt: skip
"""In the order of the form. Everything else of a step (messages, options, facts asked for) is written in the text."""


def steps_of(text: str) -> list[dict[str, Any]]:
    """The steps as they stand in the YAML, none where it cannot be read."""
    try:
        value = parse(text.encode(), source="playbook").value
    except Unreadable:
        return []
    steps = value.get("steps") if isinstance(value, dict) else None
    return [one for one in steps if isinstance(one, dict)] if isinstance(steps, list) else []


def place_of(text: str, key: str) -> int:
    """The number of the step with that key. Raises `Refused` where there is none."""
    for place, step in enumerate(steps_of(text)):
        if step.get("key") == key:
            return place
    raise Refused(f"There is no step {key[:20]!r} in the text.", hint="Put the text right first.")


def fields_of(step: Mapping[str, Any], typed: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The form of a step: each field with what stands in it, and with what stands in the text. `typed`: what was refused, to be kept."""
    return [_field(field, _said(field, _at(step, field.path)), typed or {}) for field in FIELDS]


def _field(field: Field, was: str, typed: Mapping[str, str]) -> dict[str, Any]:
    value = typed.get(f"f.{field.name}", was)
    strange = field.shown == "choice" and value not in dict(field.choices)
    name = field.name.replace(".", "-")
    return {
        "field": field,
        "value": value,
        "was": typed.get(f"was.{field.name}", was),
        "strange": strange,
        "id": f"f-{name}",
    }


def apply(text: str, key: str, typed: Mapping[str, str]) -> str:
    """The text with what was changed in the form of the step `key`. Raises `Refused` where a field is not understood, or cannot be put in."""
    for field in FIELDS:
        now, was = (typed.get(f"{before}.{field.name}", "").replace("\r\n", "\n").strip() for before in ("f", "was"))
        if now != was:
            path: Path = ("steps", place_of(text, key), *field.path)
            text = put(text, path, READ[field.shown](now) if now else None)
    return text


def _at(step: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = step
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _said(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if field.shown == "list" and isinstance(value, list):
        return " ".join(str(one) for one in value)
    if field.shown == "time" and isinstance(value, int):
        return next(f"{value // size}{unit}" for unit, size in UNITS.items() if value % size == 0)
    if field.shown == "inputs" and isinstance(value, Mapping):
        return "\n".join(f"{name}: {flow(one)}" for name, one in value.items())
    return value if isinstance(value, str) else flow(value)


def _seconds(text: str) -> int:
    found = TIME.fullmatch(text)
    if found is None:
        raise Refused(f"{text[:40]!r} is no length of time.", hint="Such as 90s, 15m, 24h or 3d.")
    return int(found[1]) * UNITS[found[2] or "s"]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Refused(f"{text[:20]!r} is no number.", hint="Write it with digits.")
    return int(text)


def _inputs(text: str) -> Any:
    value = parse(text.encode(), source="inputs").value
    if not isinstance(value, dict):
        raise Refused(
            "Inputs are written as `name: value`, one in each line.", hint="Such as instance_id: $alert.instance_id"
        )
    return value


READ: Final[dict[Shown, Callable[[str], Any]]] = {
    "choice": str,
    "inputs": _inputs,
    "line": lambda text: " ".join(text.split()),
    "list": lambda text: re.findall(r"[^\s,]+", text),
    "number": _number,
    "text": str,
    "time": _seconds,
}
ACTION_NAMES: Final = tuple(sorted(ACTIONS))
