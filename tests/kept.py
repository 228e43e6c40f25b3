"""What many tests begin with, made once and then put back: its rows are inserted again, and its files are copied.

    build = kept(_build)    # of a function that fills the desk through the verbs, with a home folder

To make it takes a second or more, to put it back a hundredth. A worker makes it anew after a few minutes, since plans and invitations run
out, wherever the desk or the folder holds something already, and on other databases than SQLite.
"""

from __future__ import annotations

import atexit
import copy
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Generic, TypeVar

from django.db import connection

T = TypeVar("T")
Rows = dict[str, list[tuple[Any, ...]]]
FRESH_SECONDS = 240.0
ALWAYS_THERE = ("auth_permission", "django_content_type", "django_migrations")


def kept(make: Callable[[Path], T]) -> Callable[[Path], T]:
    """`make`, which fills the desk and this folder, or what it made before."""
    states: list[_Made[T]] = []

    @wraps(make)
    def put(home: Path) -> T:
        before = _rows()
        if states and states[0].fits(before, home):
            return states[0].put_back(home)
        empty = not any(home.iterdir())
        made = make(home)
        if empty and connection.vendor == "sqlite":
            states[:] = [_Made(made, before, home)]
        return made

    return put


class _Made(Generic[T]):
    """One state of the desk: what was made, the rows it added to those before, and a copy of its home folder."""

    def __init__(self, made: T, before: Rows, home: Path) -> None:
        self.made, self.before = copy.deepcopy(made), before
        self.added = {table: [row for row in rows if row not in before[table]] for table, rows in _rows().items()}
        self.copied = Path(tempfile.mkdtemp(prefix="hikeshi-kept-"))
        atexit.register(shutil.rmtree, self.copied, ignore_errors=True)
        shutil.copytree(home, self.copied, symlinks=True, dirs_exist_ok=True)
        self.at = time.monotonic()

    def fits(self, before: Rows, home: Path) -> bool:
        return time.monotonic() - self.at < FRESH_SECONDS and before == self.before and not any(home.iterdir())

    def put_back(self, home: Path) -> T:
        with connection.cursor() as cursor:
            for table, rows in self.added.items():
                if rows:
                    places = ", ".join(["%s"] * len(rows[0]))
                    cursor.executemany(f"INSERT INTO {connection.ops.quote_name(table)} VALUES ({places})", rows)
        shutil.copytree(self.copied, home, symlinks=True, dirs_exist_ok=True)
        return copy.deepcopy(self.made)


def _rows() -> Rows:
    """Every row of every table that tests write to."""
    found: Rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            if table not in ALWAYS_THERE:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                found[table] = cursor.fetchall()
    return found
