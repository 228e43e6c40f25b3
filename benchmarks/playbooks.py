"""Lint and simulation of the whole library: `python benchmarks/playbooks.py [--workers 2]`.

Lint: every file read and checked, in this process, without what Python needs to start. Simulation: every playbook in all its ways, with
the real actions in simulated accounts, one account for each worker; from nothing loaded, as `hikeshi playbook simulate` does it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time

from hikeshi.actions import ACTIONS
from hikeshi.playbooks.lint import lint
from hikeshi.playbooks.playbook import load
from hikeshi.playbooks.shelf import FOLDER, LIBRARY
from hikeshi.simulation.side_by_side import Among, simulate_all

LINT_BAR = 2.0
SIMULATE_BAR = 60.0


def say(what: str, took: float, bar: float, **more: object) -> None:
    print(json.dumps({"what": what, "seconds": round(took, 2), "bar": bar, "reached": took < bar, **more}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    print(json.dumps({"machine": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}))
    began = time.perf_counter()
    books = {name: load(FOLDER / f"{name}.yaml") for name in LIBRARY}
    problems = [problem for book in books.values() for problem in lint(book, ACTIONS)]
    steps = sum(len(book.steps) for book in books.values())
    say("lint", time.perf_counter() - began, LINT_BAR, playbooks=len(books), steps=steps, problems=len(problems))
    began = time.perf_counter()
    reports = list(simulate_all(list(books.values()), Among(books).find, workers=given.workers))
    traces = [trace for report in reports for trace in report.traces]
    say(
        "simulate", time.perf_counter() - began, SIMULATE_BAR, ways=len(traces), moves=sum(len(one.beats) for one in traces),
        calls=sum(len(beat.calls) for one in traces for beat in one.beats), failed=sum(not one.passed for one in traces),
        uncovered=sum(len(report.uncovered) for report in reports),
    )  # fmt: skip


if __name__ == "__main__":
    main()
