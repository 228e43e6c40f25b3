"""How this run was started, for the few commands that must know: one run, one process."""

from __future__ import annotations

from hikeshi.doors.cli.options import Options

options = Options()
words: tuple[str, ...] = ()
"""The command as it was typed, without the options of every command."""
