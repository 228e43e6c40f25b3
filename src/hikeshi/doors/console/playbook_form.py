"""The form of one step: what stands in its fields, read from the YAML, and what was changed in them, put back into the YAML.

Text and form are one draft. Beside each field its value as it was shown is sent along (`was.` before its name): only fields that differ from
it are put into the text, so that what people wrote in the text itself stays. What changes which fields there are (a step or an option
more or less, where an option leads) is done only when the form is sent, not while somebody writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hikeshi.doors.console.playbook_fields import OPTION, Field, Group, at, groups_of, heard, said
from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks import leading
from hikeshi.playbooks.arranging import insert, swap, take
from hikeshi.playbooks.editing import Path, clear, put
from hikeshi.playbooks.facts import FACTS, ITEM
from hikeshi.strict_yaml import parse

MOST_OPTIONS: Final = 50
"""Of a decision that are in the form; the rest is in the text."""
TO_WRITE: Final = {"en": "To be written.", "ja": "未記入"}


def steps_of(text: str) -> list[dict[str, Any]]:
    """The steps as they stand in the YAML, none where it cannot be read."""
    value = _read(text)
    steps = value.get("steps") if isinstance(value, dict) else None
    return [one for one in steps if isinstance(one, dict)] if isinstance(steps, list) else []


def bindings_of(text: str) -> list[str]:
    """What an input can be bound to: the facts that are known at the start, those that the playbook declares, the target at hand."""
    value = _read(text)
    declared = value.get("facts") if isinstance(value, dict) else None
    own = [f"fact.{name}" for name in declared] if isinstance(declared, dict) else []
    return [f"${one}" for one in (*own, *FACTS, ITEM)]


def _read(text: str) -> Any:
    try:
        return parse(text.encode(), source="playbook").value
    except Unreadable:
        return None


def place_of(text: str, key: str) -> int:
    """The number of the step with that key. Raises `Refused` where there is none."""
    for place, step in enumerate(steps_of(text)):
        if step.get("key") == key:
            return place
    raise Refused(f"There is no step {key[:20]!r} in the text.", hint="Put the text right first.")


def form_of(
    step: Mapping[str, Any], steps: list[dict[str, Any]], typed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The form of a step: its groups of fields and its options, each with what stands in the text. `typed`: what was refused, to be kept."""
    kept = typed or {}
    groups = [_group(group, step, kept) for group in groups_of(step)]
    decides = step.get("kind") == "decision" or bool(step.get("options"))
    options = _options(step, steps, kept)
    own = [one for option in options for one in option["fields"]]
    return {
        "groups": groups, "options": options, "of_decision": decides, "also": leading.also(steps, str(step.get("key", ""))),
        "hidden": [one for group in groups for one in group["fields"]] + own,
    }  # fmt: skip


def _group(group: Group, step: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    fields = [_field(field, field.name, said(field, at(step, field.path)), typed) for field in group.fields]
    there = not group.of or step.get("kind") in group.kinds or any(one["value"] for one in fields)
    return {"group": group, "fields": fields, "only": [] if there else group.kinds}


def _options(step: Mapping[str, Any], steps: list[dict[str, Any]], typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each option with its fields and the steps it leads to, and an empty one to add."""
    key, rows = str(step.get("key", "")), []
    for place, option in [*enumerate(_written(step)), ("new", {})]:
        fields = [_field(one, f"options.{place}.{one.name}", said(one, at(option, one.path)), typed) for one in OPTION]
        value = option.get("value") if isinstance(option, Mapping) else None
        to = " ".join(leading.led_to(steps, key, value)) if isinstance(value, str) else ""
        rows.append({"place": place, "fields": [*fields, _field(TO, f"options.{place}.to", to, typed)]})
    return rows


def _written(step: Mapping[str, Any]) -> list[Any]:
    options = step.get("options")
    return options[:MOST_OPTIONS] if isinstance(options, list) else []


TO: Final = Field(("to",), "list", "")


def _field(field: Field, name: str, was: str, typed: Mapping[str, str]) -> dict[str, Any]:
    value = typed.get(f"f.{name}", was)
    return {
        "field": field,
        "name": name,
        "value": value,
        "was": typed.get(f"was.{name}", was),
        "strange": field.shown == "choice" and value not in dict(field.choices),
        "id": f"f-{name.replace('.', '-')}",
    }


def apply(text: str, key: str, typed: Mapping[str, str]) -> str:
    """The text with what was changed in the fields of the step `key`. Raises `Refused` where a field is not understood, or cannot be put in."""
    if not any(_changed(name.removeprefix("f."), typed) is not None for name in typed if name.startswith("f.")):
        return text
    step = steps_of(text)[place_of(text, key)]
    for group in groups_of(step):
        for field in group.fields:
            text = _apply(text, key, field, field.name, field.path, typed)
    for place in range(len(_written(step))):
        for field in OPTION:
            text = _apply(text, key, field, f"options.{place}.{field.name}", ("options", place, *field.path), typed)
    return text


def _changed(name: str, typed: Mapping[str, str]) -> str | None:
    """What was typed into a field, None where it is as it was shown."""
    now, was = (typed.get(f"{before}.{name}", "").replace("\r\n", "\n").strip() for before in ("f", "was"))
    return now if now != was else None


def _apply(text: str, key: str, field: Field, name: str, below: Path, typed: Mapping[str, str]) -> str:
    now = _changed(name, typed)
    if now is None:
        return text
    path: Path = ("steps", place_of(text, key), *below)
    return put(text, path, heard(field, now)) if now else clear(text, path)


def apply_options(text: str, key: str, typed: Mapping[str, str]) -> str:
    """The text with the option that was added, and with options leading where they were sent. Raises as `apply`."""
    place = place_of(text, key)
    new = {name: typed.get(f"f.options.new.{name}", "").strip() for name in ("value", "label.en", "label.ja", "to")}
    count = len(_written(steps_of(text)[place]))
    if new["value"]:
        label = {"en": new["label.en"], "ja": new["label.ja"]}
        options: Path = ("steps", place, "options")
        text = insert(text, options, count, {"value": new["value"], "label": label})
    for number in (*range(count), "new"):
        to, steps = _changed(f"options.{number}.to", typed), steps_of(text)
        if to is not None:
            option = new["value"] if number == "new" else str(at(_written(steps[place])[int(number)], ("value",)))
            text = leading.lead(text, steps, key, option, heard(TO, to))
    return text


def rearrange(text: str, key: str, wish: str) -> tuple[str, str]:
    """The text with its steps or options rearranged, and the key of the step to go on with. Raises `Refused`.

    `wish` is "add" (a step behind this one), "up", "down", "out", or "option 2" (take the option number 2 out).
    """
    place, steps = place_of(text, key), steps_of(text)
    match wish.split():
        case ["add"]:
            fresh = _new(steps, steps[place])
            return insert(text, ("steps",), place + 1, fresh), fresh["key"]
        case ["up" | "down" as way]:
            first = place - (way == "up")
            if not 0 <= first < len(steps) - 1:
                raise Refused(f"Step {key} is the {'first' if way == 'up' else 'last'} one.")
            return swap(text, ("steps",), first), key
        case ["out"]:
            return _without(text, steps, place), str(
                steps[place - 1 if place else min(1, len(steps) - 1)].get("key", "")
            )
        case ["option", number] if number.isdecimal() and int(number) < len(_written(steps[place])):
            return take(text, ("steps", place, "options"), int(number)), key
    raise Refused(f"Nothing is done that is called {wish[:20]!r}.")


def _new(steps: list[dict[str, Any]], before: dict[str, Any]) -> dict[str, Any]:
    """A step to be written, behind another one and with a free key of the same number."""
    first = str(before.get("key", "")).partition(".")[0]
    used = [rest for step in steps for head, _, rest in [str(step.get("key", "")).partition(".")] if head == first]
    key = f"{first}.{max((int(one) for one in used if one.isdecimal()), default=0) + 1}"
    return {
        "key": key, "phase": before.get("phase", "detection_analysis"), "kind": "manual", "role": before.get("role", "responder"),
        "title": TO_WRITE, "text": TO_WRITE, "after": [before.get("key", "")],
    }  # fmt: skip


def _without(text: str, steps: list[dict[str, Any]], place: int) -> str:
    """Take a step out. What waited for it waits for what it waited for; all other mentions of it are for lint to name."""
    if len(steps) == 1:
        raise Refused("It is the only step.", hint="A playbook has one at least.")
    gone = steps[place]
    earlier = gone.get("after") or []
    for number, step in enumerate(steps):
        after = step.get("after")
        if isinstance(after, list) and gone.get("key") in after:
            kept = [one for name in after for one in (earlier if name == gone.get("key") else [name])]
            text = put(text, ("steps", number, "after"), list(dict.fromkeys(kept)) or None)
    return take(text, ("steps",), place)
