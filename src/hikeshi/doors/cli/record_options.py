"""The options that say more of an item of evidence, declared once and given to every command that takes them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final, get_type_hints

import typer

from hikeshi.doors.cli.times import time_of

HELP: Final[dict[str, str]] = {
    "description": "What it is, in words.",
    "system": "Asset id, serial number or ARN of where it was.",
    "account": "The cloud account it was in.",
    "region": "The region it was in.",
    "location": "The room, rack or bag it was in.",
    "owner": "Whose it is.",
    "authority": "The legal basis, or who allowed the collection.",
    "collector": "Who collected it.",
    "witness": "Who saw it being collected.",
    "method": "How it was collected.",
    "tool": "With which tool.",
    "tool_version": "Of which version.",
    "command": "By which command.",
    "began_at": "When the collection began, ISO 8601 with zone.",
    "ended_at": "When it ended, ISO 8601 with zone.",
    "clock_source": "By which clock these times were read.",
    "clock_offset_us": "That clock minus the true time, in microseconds.",
    "sensitivity": "normal or sensitive: reads are recorded.",
    "tlp": "red, amber+strict, amber, green or clear.",
}
"""Each field of the record, see `hikeshi.desk.evidence.record`."""

TIMES: Final = frozenset({"began_at", "ended_at"})


def with_record(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with an option for each field of the record. It gets what was said as `record`, times read."""

    @functools.wraps(command)
    def asked(**given: Any) -> Any:
        said = {name: given.pop(name) for name in HELP}
        record = {name: value for name, value in said.items() if value not in ("", None)}
        for name in TIMES & record.keys():
            record[name] = time_of(record[name])
        return command(**given, record=record)

    hints = get_type_hints(command, include_extras=True)
    kept = [one.replace(annotation=hints[name]) for name, one in _parameters(command).items() if name != "record"]
    asked.__signature__ = inspect.Signature([*kept, *_options()])  # type: ignore[attr-defined]  # read by typer
    asked.__annotations__ = {one.name: one.annotation for one in [*kept, *_options()]}
    return asked


def _parameters(command: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(command).parameters)


def _options() -> list[inspect.Parameter]:
    return [_option(name, words) for name, words in HELP.items()]


def _option(name: str, words: str) -> inspect.Parameter:
    """Texts are empty where nothing was said; only the offset is a number, and may be 0."""
    number = name == "clock_offset_us"
    kind: Any = int | None if number else str
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None if number else "",
        annotation=Annotated[kind, typer.Option(help=words)],
    )
