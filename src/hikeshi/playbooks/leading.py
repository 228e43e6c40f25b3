"""What an option of a decision leads to: the steps whose condition asks for it, read from the YAML and written back into it.

Conditions that ask for nothing but the choice (`choice["1.4"] == "isolate"`, `choice["1.4"] in ["isolate", "both"]`) can be written from
here; in others the choice is one part of what somebody wrote, and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from hikeshi.errors import Refused
from hikeshi.playbooks.editing import put

SIMPLE: Final = re.compile(
    r'choice\["(?P<key>[0-9.]+)"\] (?:== "(?P<one>[a-z0-9-]+)"|in \[(?P<many>"[a-z0-9-]+"(?:, "[a-z0-9-]+")*)\])'
)
Steps = Sequence[dict[str, Any]]
"""The steps as they stand in the YAML, with whatever people wrote."""


def led_to(steps: Steps, key: str, value: str) -> list[str]:
    """Keys of the steps that open with this option of the decision `key`, and ask for nothing else."""
    return [str(step.get("key", "")) for step in steps if value in (values(step.get("when"), key) or ())]


def also(steps: Steps, key: str) -> list[str]:
    """Keys of the steps in whose conditions the decision is one part of several."""
    named = f'choice["{key}"]'
    return [
        str(step.get("key", ""))
        for step in steps
        if named in str(step.get("when", "")) and values(step.get("when"), key) is None
    ]


def lead(text: str, steps: Steps, key: str, value: str, to: Iterable[str]) -> str:
    """The text with this option leading to the steps `to` and no others. Raises `Refused` where a step has another condition already."""
    wanted, keys = set(to), [str(step.get("key", "")) for step in steps]
    if missing := sorted(wanted - set(keys)):
        raise Refused(
            f"There is no step {missing[0][:20]!r} to lead to.", hint="Name steps by their keys, such as 2.1."
        )
    for place, step in enumerate(steps):
        asked = values(step.get("when"), key)
        if (keys[place] in wanted) == (value in (asked or ())):
            continue
        if asked is None and step.get("when"):
            raise Refused(
                f"Step {keys[place]} opens only when {step['when']}.", hint="Write both conditions into its `when`."
            )
        now = [one for one in asked or () if one != value] + ([value] if keys[place] in wanted else [])
        text = put(text, ("steps", place, "when"), _condition(key, now))
    return text


def values(when: Any, key: str) -> list[str] | None:
    """The options of the decision that a condition asks for; None where it is none, or asks for more."""
    found = SIMPLE.fullmatch(when) if isinstance(when, str) else None
    if found is None or found["key"] != key:
        return None
    return [found["one"]] if found["one"] else re.findall(r'"([^"]+)"', found["many"])


def _condition(key: str, options: Sequence[str]) -> str | None:
    if not options:
        return None
    listed = ", ".join(f'"{one}"' for one in options)
    return f'choice["{key}"] ' + (f"== {listed}" if len(options) == 1 else f"in [{listed}]")
