"""Errors become exit codes and words on stderr, once, here.

0 done, 1 failed, 2 wrong usage, 3 refused by a rule, 4 verification found a difference, 5 input partly unreadable.
"""

from __future__ import annotations

import sys
from typing import Final

from hikeshi.doors.cli.options import Language, WrongUsage
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.texts import say
from hikeshi.doors.refusals import japanese, said_of
from hikeshi.errors import Failed, HikeshiError, Partly, Refused, Unreadable

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
REFUSED: Final = 3
DIFFERENCE: Final = 4
UNREADABLE: Final = 5
INTERRUPTED: Final = 130


def code_of(problem: HikeshiError) -> int:
    if isinstance(problem, WrongUsage):
        return WRONG_USAGE
    if isinstance(problem, Refused):
        return REFUSED
    return UNREADABLE if isinstance(problem, Unreadable | Partly) else FAILED


def tell(problem: HikeshiError, language: Language) -> int:
    """Say what is wrong and how to go on. Returns the exit code."""
    code = code_of(problem)
    in_japanese = language == "ja"
    message = (in_japanese and said_of(problem)) or problem.message
    lines = [f"{say(f'say.error.{code}', language)}: {message}"]
    if problem.hint:
        hint = (in_japanese and japanese(problem.hint)) or problem.hint
        lines.append(f"{say('say.hint', language)}: {hint}")
    sys.stderr.write(plain("\n".join(lines)) + "\n")
    return code


def in_our_words(problem: Exception) -> HikeshiError | None:
    """What others raise, as an error of ours; None for a fault nobody foresaw, which may show its traceback.

    Recognised by name: the classes live in packages that a run may never have imported.
    """
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(problem).__mro__}
    if "django.core.exceptions.ValidationError" in kinds:
        fields = getattr(problem, "message_dict", None) or {"": getattr(problem, "messages", [str(problem)])}
        said = "; ".join(f"{name}: {' '.join(texts)}".removeprefix(": ") for name, texts in fields.items())
        return WrongUsage(f"Not accepted: {said}")
    if "django.db.utils.DatabaseError" in kinds:
        return Failed(
            f"The database does not answer as it should: {problem}",
            hint="Try `hikeshi doctor`; `hikeshi init` sets up a new home.",
        )
    if "typer.exceptions.TyperException" in kinds or "click.exceptions.ClickException" in kinds:
        said = str(getattr(problem, "format_message", lambda: problem)())
        return WrongUsage(said, hint="Add --help to see how it is used.")
    if isinstance(problem, OSError):
        named = f"{problem.filename}: " if problem.filename else ""
        return Failed(f"{named}{problem.strerror or problem}")
    return None
