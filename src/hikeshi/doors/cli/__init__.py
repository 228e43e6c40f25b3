"""The command line's door: a responder's commands, equal to the console."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from hikeshi.doors.cli.exits import FAILED, INTERRUPTED, in_our_words, tell
from hikeshi.doors.cli.options import Language, Options, language_of, split
from hikeshi.errors import HikeshiError


def main() -> None:
    """The entry point of `hikeshi`."""
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Do one command line and return its exit code (see `exits.py`). No prompt, no traceback for what can be foreseen."""
    language: Language = language_of(os.environ)
    try:
        options, left = split(words)
        language = options.language
        return _run(options, left)
    except HikeshiError as problem:
        return tell(problem, language)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as problem:
        known = in_our_words(problem)
        if known is None:
            raise
        return tell(known, language)


def _run(options: Options, words: list[str]) -> int:
    from hikeshi.doors.cli.dispatch import dispatch  # typer; a fault in it should still be told by `run`

    if options.home is not None:
        os.environ["HIKESHI_HOME"] = options.home
    return dispatch(options, words)
