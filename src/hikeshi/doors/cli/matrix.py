"""`incident matrix`: what each severity means, with examples. No database."""

from __future__ import annotations

from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.severities import matrix


def show_matrix() -> Answer:
    """Each severity with its meaning, examples, who is called and our targets in seconds."""
    return Answer(matrix(), columns=("severity", "name", "meaning", "examples", "called", "response", "update"))
