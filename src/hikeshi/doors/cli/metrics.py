"""`metrics`: numbers for monitoring, such as a text file that Prometheus' node exporter picks up."""

from __future__ import annotations

from typing import Any

from hikeshi.doors.cli import session
from hikeshi.doors.cli.who import actor
from hikeshi.doors.metrics import metrics as read, text


def metrics() -> Any:
    """How evidence and record stand, as numbers in Prometheus' text format; with --json as a list."""
    found = read(actor())
    if not session.options.json:
        return text(found).rstrip("\n")
    return [{"name": one.name, "help": one.help, "label": one.label, "values": one.values} for one in found]
