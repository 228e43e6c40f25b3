"""A table of what there is for each kind of log, one file for each, loaded when it is asked for: most folders have logs of few kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class Kinds(Mapping[str, T]):
    """Names, and what `load` makes of each."""

    def __init__(self, load: Callable[[str], T], *names: str) -> None:
        self._load = load
        self._names = dict.fromkeys(names)

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(name)
        return self._load(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
