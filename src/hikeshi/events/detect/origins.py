"""Where the fields of rules are: a column of events, or a path into the record they were read from.

A column answers quickly, so a field has one wherever the parser loses nothing; every other field is looked up in the record itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from hikeshi.events.event import COLUMNS


class Near(NamedTuple):
    """SQL over the columns of events that gives a text."""

    sql: str


ANY = "*"
"""In the place of a path's first key: below any key. Alone: the keys themselves."""


class Deep(NamedTuple):
    """A path into the JSON of `base`, which is `raw` or `attrs`. No path means the whole record as text."""

    base: str
    path: tuple[str, ...]


Field = Near | Deep

FEW = frozenset({"action", "actor_type", "error_code", "service", "source_kind", "source_variant"})
"""Columns that have few different values in any log, so that asking each value instead of each event costs next to nothing."""


def _of_few(expression: str) -> bool:
    return set(re.findall(r"\w+", expression)) & COLUMNS.keys() <= FEW


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a log source of Sigma means, and where its fields are."""

    kinds: tuple[str, ...]
    """Values of `source_kind`."""
    where: str = "true"
    """SQL that must hold besides."""
    columns: Mapping[str, str] = msgspec.field(default_factory=dict)
    apart: Mapping[str, Deep] = msgspec.field(default_factory=dict)
    """Fields that lie elsewhere than the others."""
    base: str = "attrs"
    """Where fields are that have no column."""
    within: tuple[str, ...] = ()
    """The keys on the way there."""
    dotted: bool = True
    """Whether a dot in a field's name leads one level down."""

    def names(self) -> Origin:
        """The same with columns of few values only; other fields are as far away as a record's."""
        few = {name: expression for name, expression in self.columns.items() if _of_few(expression)}
        return msgspec.structs.replace(self, columns=few, where=self.where if _of_few(self.where) else "true")

    def field(self, name: str) -> Field:
        if name in self.columns:
            return Near(self.columns[name])
        if name in self.apart:
            return self.apart[name]
        keys = tuple(name.split(".")) if self.dotted else (name,)
        return Deep(self.base, (*self.within, *keys))
