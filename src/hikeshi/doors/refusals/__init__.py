"""What was refused, in Japanese: the English of the errors, each with `{}` where something is filled in; one file for each room.
`{:step}` in the Japanese says it in the words of that vocabulary.

Errors speak English (`hikeshi.errors`), so that logs and tests are of one language; the doors say them in the reader's. What is not here is
shown in English and marked as such. `tests/family/test_refusals.py` holds every line against what the code really says.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from hikeshi.doors.refusals import answers, command, incidents, records
from hikeshi.doors.refusals.vocabulary import Filled
from hikeshi.errors import HikeshiError, Unreadable

LONGEST: Final = 600
"""Characters of a message that is looked up."""

TABLES: Final = (answers.SAID, command.SAID, incidents.SAID, records.SAID)
SAID: Final[dict[str, str]] = {english: said for table in TABLES for english, said in table.items()}


def said_of(problem: HikeshiError) -> str:
    """Its message in Japanese, with the place in a file before it as it is; empty where it is not in the tables."""
    where = problem.where if isinstance(problem, Unreadable) else ""
    said = japanese(problem.message.removeprefix(where))
    return said and where + said


def japanese(text: str) -> str:
    """The message or hint in Japanese; empty where it is not in the tables."""
    if text in SAID:
        return SAID[text]
    for pattern, said in _patterns() if len(text) <= LONGEST else ():
        found = pattern.fullmatch(text)
        if found:
            return said.format(*map(Filled, found.groups()))
    return ""


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Those with something filled in, the most words first: `It is {}.` fits much."""
    open_ones = sorted((one for one in SAID if "{}" in one), key=lambda one: -len(one))
    return [(re.compile("(.+?)".join(map(re.escape, one.split("{}"))), re.DOTALL), SAID[one]) for one in open_ones]
