"""Playing a playbook in a process of its own, for callers that live long: moto and its account go with that process.

The player reads one order from its standard input and writes one answer to its standard output. It is killed when its time is over.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from hikeshi.errors import Failed, HikeshiError
from hikeshi.playbooks.playbook import Playbook
from hikeshi.simulation.side_by_side import Among, simulate_all
from hikeshi.simulation.simulating import Report
from hikeshi.simulation.stamps import Stamp, stamp_of

SECONDS: Final = 300.0
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of one report."""


class Order(msgspec.Struct, frozen=True):
    """What to play, and the playbooks that its steps can run."""

    book: Playbook
    others: dict[str, Playbook]


class Told(msgspec.Struct, frozen=True):
    """The report and what was simulated; or what went wrong, and how to go on."""

    report: Report | None = None
    stamp: Stamp | None = None
    wrong: str = ""
    hint: str = ""


def play_apart(book: Playbook, others: Mapping[str, Playbook], *, seconds: float = SECONDS) -> tuple[Report, Stamp]:
    """Every way of the playbook. Raises `Failed` where it cannot be played, takes longer than `seconds`, or tells too much."""
    order = msgspec.json.encode(Order(book, dict(others)))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", __name__], input=order, capture_output=True, timeout=seconds, check=False,
            start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        hint = "Play it with `hikeshi playbook simulate`, way by way."
        raise Failed(f"{book.name} was not played within {seconds:g} seconds.", hint=hint) from None
    if done.returncode or len(done.stdout) > MOST_BYTES:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Failed(f"{book.name} could not be played: {last or f'more than {MOST_BYTES} bytes were told'}")
    told = msgspec.json.decode(done.stdout, type=Told)
    if told.report is None or told.stamp is None:
        raise Failed(told.wrong, hint=told.hint)
    return told.report, told.stamp


def main() -> None:
    """The player: one order in, one answer out."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    find = Among({**order.others, order.book.name: order.book}).find
    try:
        (report,) = simulate_all([order.book], find)
        told = Told(report, stamp_of(report, order.book, find, datetime.now(UTC).date()))
    except HikeshiError as problem:
        told = Told(wrong=problem.message, hint=problem.hint)
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
