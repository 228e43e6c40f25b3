"""Answers for people: tables, with times in the reader's zone and in UTC, and nothing a terminal would obey."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import Options
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.texts import TEXTS, code, say
from hikeshi.environment import read_environment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIDTH_OF_A_FILE = 200
"""Columns where the output is no terminal: wide enough that a row of a table stays on its line."""

EMPTY: tuple[Any, ...] = (None, "", [], {}, ())
MOST_IN_A_LINE = 3
"""Names with values that are written one after the other."""

BATCH = 500
"""Rows per table of a stream: its columns are measured once per table, and it must not be held in memory whole."""


def show(answer: Answer, options: Options) -> None:
    screen = Screen(options)
    data: Any = answer.data if answer.people is None else answer.people
    if isinstance(data, str):
        screen.text(data)
    elif isinstance(data, Mapping | msgspec.Struct):
        screen.one(data if isinstance(data, Mapping) else msgspec.to_builtins(data, builtin_types=(datetime,)))
    elif answer.lines:
        screen.stream(data, answer.columns)
    elif isinstance(data, Iterable):
        screen.rows(list(data), answer.columns)


class Screen:
    """Stdout, in the reader's language and zone."""

    def __init__(self, options: Options) -> None:
        self.language = options.language
        self.zone = ZoneInfo(read_environment().time_zone)
        self.kinds: dict[type, Callable[[str, Any], str]] = {
            bool: lambda _name, value: say("say.yes" if value else "say.no", self.language),
            datetime: lambda _name, value: moment(value, self.zone),
            Mapping: self._mapping,
            list: self._list,
            tuple: self._list,
        }
        width = None if sys.stdout.isatty() else WIDTH_OF_A_FILE
        self.console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)

    def text(self, text: str) -> None:
        self.console.print(Text(plain(text)), soft_wrap=True)

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), within: str = "") -> None:
        """A table: one row each. `within` is the name of what they belong to."""
        if not rows:
            self.text(say("say.empty", self.language))
            return
        names = list(columns) or list(rows[0])
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in names:
            table.add_column(say(_heading(name, None, within), self.language), overflow="fold")
        for row in rows:
            table.add_row(*(self.cell(name, row.get(name)) for name in names))
        self.console.print(table)

    def stream(self, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
        waiting: list[Mapping[str, Any]] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) == BATCH:
                self.rows(waiting, columns)
                waiting = []
        if waiting:
            self.rows(waiting, columns)

    def one(self, data: Mapping[str, Any], within: str = "") -> None:
        """A thing: its plain values in two columns, then a table for each list in it, and what is a thing itself in the same way."""
        grid = Table(box=None, show_header=False, pad_edge=False)
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        below = {name: value for name, value in data.items() if _is_rows(value) or _is_section(value)}
        for name, value in data.items():
            if name not in below and value not in EMPTY:
                grid.add_row(say(_heading(name, value, within), self.language), self.cell(name, value))
        if grid.row_count:
            self.console.print(grid)
        elif not below:
            self.text(say("say.empty", self.language))
        for name, value in below.items():
            self.console.print(Text(f"\n{say(name, self.language)}", style="bold"))
            if isinstance(value, Mapping):
                self.one(value, name)
            else:
                self.rows(value, [key for key in value[0] if any(row.get(key) not in EMPTY for row in value)], name)

    def cell(self, name: str, value: Any) -> Text:
        return Text(plain(self._words(name, value)))

    def _words(self, name: str, value: Any) -> str:
        if value is None:
            return ""
        if name in {"severity", "suggested_severity"} and value in {1, 2, 3, 4}:
            return say(f"sev.{value}", self.language)
        if name == "ts" and isinstance(value, int):
            return moment(EPOCH + timedelta(microseconds=value), self.zone)
        if isinstance(value, str) and (name in {"at", "time"} or name.endswith("_at")):
            value = _kept(value)
        for kind, words in self.kinds.items():
            if isinstance(value, kind):
                return words(name, value)
        return code(name, str(value), self.language)

    def _mapping(self, name: str, value: Mapping[str, Any]) -> str:
        """A text in the reader's language; of anything else each name with its value, what is within it in brackets."""
        if not value or "en" in value:
            return str(value.get(self.language, ""))
        return ", ".join(f"{key}: {self._within(name, part)}" for key, part in value.items())

    def _within(self, name: str, value: Any) -> str:
        if isinstance(value, list | tuple):
            return ", ".join(self._within(name, part) for part in value)
        words = self._words(name, value)
        return f"({words})" if isinstance(value, Mapping) and "en" not in value else words

    def _list(self, name: str, value: Sequence[Any]) -> str:
        """Sentences in two languages each on a line of its own; single words after one another."""
        between = "\n" if value and isinstance(value[0], Mapping) else ", "
        return between.join(self._words(name, part) for part in value)


def _kept(text: str) -> datetime | str:
    """A time that was kept as text, as a time; anything else as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return found if found.tzinfo else text


def _heading(name: str, value: Any, within: str) -> str:
    """The key of a value's heading: `quiet` are hours of a contact, and yes or no, the mode of an incident; others mean other things elsewhere."""
    if name == "quiet" and isinstance(value, bool):
        return "quiet.mode"
    return own if (own := f"{within}.{name}") in TEXTS else name


def _is_rows(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) and "en" not in row for row in value)
    )


def _is_section(value: Any) -> bool:
    """A thing of its own: more than fits a line."""
    if not isinstance(value, Mapping) or "en" in value:
        return False
    return len(value) > MOST_IN_A_LINE or any(_is_section(part) or _is_rows(part) for part in value.values())


def moment(time: datetime, zone: ZoneInfo) -> str:
    """The reader's time first, then UTC: 2026-11-07 02:31:05 JST (UTC 11-06 17:31)."""
    local, world = time.astimezone(zone), time.astimezone(UTC)
    if local.utcoffset() == world.utcoffset():
        return f"{world:%Y-%m-%d %H:%M:%S} UTC"
    day = "" if local.date() == world.date() else f"{world:%m-%d} "
    return f"{local:%Y-%m-%d %H:%M:%S %Z} (UTC {day}{world:%H:%M})"
