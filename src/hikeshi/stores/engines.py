"""Engines that were opened and prepared, kept for the next question: opening one costs 25 ms, and a page asks thirty questions.

An engine belongs to one question at a time, so questions of several threads have an engine each, with its memory and its settings.
What a question makes for itself is temporary, belongs to its cursor, and goes with it: the next question sees the views that the engine
was prepared with, and nothing else. An engine is named by all that it was prepared for; whoever asks for anything else gets another.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

IDLE = 4
"""How many wait for a question in this process. Each has some megabytes and sleeping threads."""

MEMORY = "768MB"
"""What an engine may use; beyond that it writes to `spilled`."""

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": MEMORY,
    "autoinstall_known_extensions": "false",
    "parquet_metadata_cache": "true",
    "enable_external_file_cache": "false",  # what was read of files would stay in memory; the system caches files for all
}


class _Idle:
    """The engines that wait, the one that waited longest first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.engines: list[tuple[object, DuckDBPyConnection]] = []

    def take(self, name: object) -> DuckDBPyConnection | None:
        with self.lock:
            found = next((at for at in reversed(range(len(self.engines))) if self.engines[at][0] == name), None)
            return None if found is None else self.engines.pop(found)[1]

    def give(self, name: object, engine: DuckDBPyConnection) -> None:
        with self.lock:
            self.engines.append((name, engine))
            surplus, self.engines = self.engines[:-IDLE], self.engines[-IDLE:]
        for _, one in surplus:
            one.close()


_idle = _Idle()


def _forked() -> None:
    """A child has none of the parent's threads, without which its engines can neither be used nor closed: they are never freed."""
    global _idle  # noqa: PLW0603  what is kept belongs to the process
    for _, one in _idle.engines:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))
    _idle = _Idle()


os.register_at_fork(after_in_child=_forked)


@atexit.register
def close() -> None:
    """Close all that wait."""
    with _idle.lock:
        engines, _idle.engines = _idle.engines, []
    for _, engine in engines:
        engine.close()


@contextmanager
def engine(name: object, spilled: Path, prepare: Callable[[DuckDBPyConnection], None]) -> Iterator[DuckDBPyConnection]:
    """A cursor on an engine that `prepare` was called with, now or before.

    `name` says what it is prepared for; names are compared. The engine writes to the folder `spilled` what does not fit into its memory. One that did, and
    one whose question failed, is closed and not kept.
    """
    before = _changed(spilled)
    con = _idle.take(name) or _prepared(spilled, prepare)
    kept = False
    try:
        with con.cursor() as cursor:
            yield cursor
        kept = _changed(spilled) == before
    finally:
        if kept:
            _idle.give(name, con)
        else:
            con.close()


def _changed(folder: Path) -> int:
    """When something was last written to a folder or removed from it, in nanoseconds; 0 where there is none."""
    return folder.stat().st_mtime_ns if folder.exists() else 0


def load() -> None:
    """Load what takes long, for who has time before the first question."""
    import duckdb  # noqa: F401


def _prepared(spilled: Path, prepare: Callable[[DuckDBPyConnection], None]) -> DuckDBPyConnection:
    import duckdb  # heavy; a report or a manifest needs no engine

    con = duckdb.connect(":memory:", config={**SETTINGS, "temp_directory": str(spilled)})
    try:
        with con.cursor() as cursor:
            prepare(cursor)
    except BaseException:
        con.close()
        raise
    return con
