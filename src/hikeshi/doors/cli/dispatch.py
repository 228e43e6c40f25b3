"""From words to a command: the one place where commands are loaded, and why they are loaded late.

Importing all commands would import Django, the cloud SDK, DuckDB and PyArrow, about two seconds, before a word is printed. So the
table (`table.py`) only names a module and a function per command; the module of the one command that runs is imported here, after
the options are known (`--home` decides which settings Django reads) and after Django is ready, for those that need it. That is why
modules of commands can import at their top whatever they use.
"""

from __future__ import annotations

import difflib
import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import typer

from hikeshi import __version__
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer, write
from hikeshi.doors.cli.identity import secret
from hikeshi.doors.cli.options import Options, WrongUsage
from hikeshi.doors.cli.table import COMMANDS, GROUPS, Command
from hikeshi.doors.cli.texts import say

HELP = frozenset({"--help", "-h", "help"})


def dispatch(options: Options, words: list[str]) -> int:
    """Run the command that `words` begin with. Returns the exit code."""
    session.options, session.words = options, tuple(words)
    if options.version:
        return _answer({"version": __version__}, options)
    for length in (3, 2, 1):
        name = " ".join(words[:length])
        if len(words) >= length and name in COMMANDS:
            return _answer(_call(name, COMMANDS[name], words[length:]), options)
    return _answer(_listing(words, options), options)


def _answer(given: Any, options: Options) -> int:
    if given is None:
        return 0
    if isinstance(given, int) and not isinstance(given, bool):  # typer has already printed: help, or an exit
        return given
    answer = given if isinstance(given, Answer) else Answer(given)
    write(answer, options)
    return answer.code


def _call(name: str, command: Command, words: list[str]) -> Any:
    asks_help = any(word in HELP - {"help"} for word in words)
    if command.needs == "person" and not asks_help:
        secret()  # refused at once, before a database is looked for or a home is made
    if command.needs != "engine":
        open_desk()
    function = load(command)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help=function.__doc__, epilog=say("say.everywhere", session.options.language))(function)
    made: Any = typer.main.get_command(app)
    return made.main(args=words, prog_name=f"hikeshi {name}", standalone_mode=False)


def load(command: Command) -> Callable[..., Any]:
    module = importlib.import_module(f"hikeshi.doors.cli.{command.module}")
    function: Callable[..., Any] = getattr(module, command.function)
    return function


def open_desk() -> None:
    """Make Django ready: the database, the settings, the models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hikeshi.settings")
    import django  # only for commands that need it, see above

    django.setup()


def _listing(words: list[str], options: Options) -> Any:
    """The commands there are, of one noun or of all."""
    asked = [word for word in words if word not in HELP]
    shown = [name for name in COMMANDS if name.split()[: len(asked)] == asked]
    if not shown:
        close = difflib.get_close_matches(" ".join(asked[:3]), COMMANDS, n=1) or difflib.get_close_matches(
            asked[0], GROUPS
        )
        hint = f"Did you mean `hikeshi {close[0]}`?" if close else "`hikeshi --help` lists the commands."
        raise WrongUsage(f"There is no command {' '.join(asked[:2])!r}.", hint=hint)
    rows = [_line(name, COMMANDS[name]) for name in shown]
    if options.json:
        return rows
    if not asked:
        write(Answer(say("say.usage", options.language)), options)
    return Answer(rows, columns=("command", "what"))


def _line(name: str, command: Command) -> Mapping[str, Any]:
    return {"command": name, "what": {"en": command.en, "ja": command.ja}}
