"""Questions that are asked while somebody builds: a merge removes the parts that a question was about to open.

A question has one list of batches from its beginning to its end, so that no answer is half of one state and half of another. Where it
fails and the store is another one by then, it is asked again of that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from hikeshi.errors import Refused
from hikeshi.stores.layout import Layout

TRIES = 8
"""How often a question is asked at most. A build that goes on adds something each second, which fails no question; a merge takes minutes."""


class Held(Protocol):
    """What has a store's folder."""

    @property
    def _layout(self) -> Layout: ...


P = ParamSpec("P")
S = TypeVar("S", bound=Held)
T = TypeVar("T")


def steady(ask: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """A question, of which the first argument is the store, with one list of batches; asked again where it failed because that is no longer so."""

    @wraps(ask)
    def asked(store: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        layout = store._layout  # noqa: SLF001  one engine in several files, as in detecting.py
        for left in reversed(range(TRIES)):
            with layout.held() as known:
                try:
                    return ask(store, *args, **kwargs)
                except Refused:
                    raise
                except Exception:
                    if known is None or not left or layout.now() == known:
                        raise
        raise AssertionError("the last try returns or raises")

    return asked
