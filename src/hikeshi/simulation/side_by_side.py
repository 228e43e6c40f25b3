"""Many playbooks at once: each process has an account of its own, since moto has one in a process."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook
from hikeshi.simulation.rehearsing import Find
from hikeshi.simulation.simulating import Report, Stage, simulate, stage


class Among:
    """Playbooks by name. `find` is a `Find` that another process can be given."""

    def __init__(self, books: Mapping[str, Playbook]) -> None:
        self.books = dict(books)

    def find(self, name: str) -> Playbook:
        """Raises `Refused` for one that is not there."""
        if name not in self.books:
            raise Refused(f"There is no playbook {name[:80]!r}.", hint=f"Known are {', '.join(self.books)}.")
        return self.books[name]


def simulate_all(books: Sequence[Playbook], find: Find, *, only: str = "", workers: int = 0) -> Iterator[Report]:
    """The reports in the order of the books, as they come. `workers`: 0 for one a core where there are many books.

    Raises what `simulate` raises.
    """
    workers = workers or min(os.cpu_count() or 1, len(books) // 2)
    if workers <= 1:
        with stage() as on:
            for book in books:
                yield simulate(book, on, find=find, only=only)
        return
    context = multiprocessing.get_context("spawn")  # moto and the SDK have threads, which a fork does not take along
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:
        # The longest first, so that the last one is short; told in the order of the books.
        by_length = sorted(books, key=lambda book: -len(book.steps))
        told = {book.digest: pool.submit(_one, book, find, only) for book in by_length}
        for book in books:
            yield told[book.digest].result()


_KEPT = ExitStack()
_STAGE: list[Stage] = []


def _begin() -> None:
    _STAGE.append(_KEPT.enter_context(stage()))


def _one(book: Playbook, find: Find, only: str) -> Report:
    return simulate(book, _STAGE[0], find=find, only=only)
