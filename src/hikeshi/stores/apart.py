"""A store that is built by a process of its own, for callers that live long: what a build loads and uses goes with that process.

The builder reads one order from its standard input and writes to its standard output one line of JSON for each step, and at the end one
with the report or with what went wrong. It is killed with the process that started it, as the workers of a build are; what it had
finished by then is kept, and the next build goes on from there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from hikeshi.errors import Failed, HikeshiError, Refused
from hikeshi.events.assumed import Assumption
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.settling import settle
from hikeshi.stores.store import BuildReport, Progress


class Order(msgspec.Struct, frozen=True):
    """What to build: the arguments of `DuckStore.build`, and the store's folder."""

    folder: str
    paths: list[str]
    workers: int | None
    sha256_of: dict[str, str]
    names: dict[str, str]
    assumed: list[Assumption]


class Step(msgspec.Struct, frozen=True, tag=True):
    """So many files are done, of all."""

    done: int
    total: int


class Wrong(msgspec.Struct, frozen=True, tag=True):
    """An error of ours: whose fault, what, and how to go on."""

    refused: bool
    message: str
    hint: str
    permanent: bool

    @classmethod
    def of(cls, problem: HikeshiError) -> Wrong:
        return cls(isinstance(problem, Refused), problem.message, problem.hint, getattr(problem, "permanent", True))

    def error(self) -> HikeshiError:
        if self.refused:
            return Refused(self.message, hint=self.hint)
        return Failed(self.message, permanent=self.permanent, hint=self.hint)


class End(msgspec.Struct, frozen=True, tag=True):
    """It is built."""

    report: BuildReport


LINE = msgspec.json.Decoder(Step | Wrong | End)


class ApartStore(DuckStore):
    """As `DuckStore`, asked in this process and built in another."""

    def build(
        self,
        paths: Iterable[str | Path],
        *,
        workers: int | None = None,
        progress: Progress | None = None,
        sha256_of: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        assumed: Sequence[Assumption] = (),
    ) -> BuildReport:
        """As `DuckStore.build`. Raises Failed, worth another try, where the builder was killed."""
        order = Order(
            str(self._layout.folder),
            [str(path) for path in paths],
            workers,
            dict(sha256_of or {}),
            dict(names or {}),
            list(assumed),
        )
        for told in _lines(order):
            if isinstance(told, End):
                return told.report
            if isinstance(told, Wrong):
                raise told.error()
            if progress:
                progress(told.done, told.total)
        raise Failed(
            "The process that built the timeline was killed, perhaps for lack of memory. What was finished is kept.",
            permanent=False,
            hint="Build again; it goes on where it stopped.",
        )


def _lines(order: Order) -> Iterator[Step | Wrong | End]:
    """What the builder says until it ends. It has a session of its own, so that Ctrl-C reaches only the process that people see."""
    command = [sys.executable, "-P", "-m", __name__, str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as builder:
        if builder.stdin is None or builder.stdout is None:
            raise AssertionError("both are pipes")
        try:
            with builder.stdin:
                builder.stdin.write(msgspec.json.encode(order))
            yield from map(LINE.decode, builder.stdout)
        finally:
            builder.kill()  # it has ended, or nobody listens any more


def main() -> None:
    """The builder: one order in, lines out."""
    settle(int(sys.argv[1]))
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    try:
        report = DuckStore(Path(order.folder)).build(
            order.paths,
            workers=order.workers,
            progress=lambda done, total: _say(Step(done, total)),
            sha256_of=order.sha256_of,
            names=order.names,
            assumed=order.assumed,
        )
    except HikeshiError as problem:
        _say(Wrong.of(problem))
    else:
        _say(End(report))


def _say(told: Step | Wrong | End) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
