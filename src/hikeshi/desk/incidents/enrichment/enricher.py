"""What an enricher is: something that can say more about an observable, and what asking it would reveal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from hikeshi.desk.actor import Actor
from hikeshi.signals.signal import Observable
from hikeshi.text import Text

PAPS: Final = ("red", "amber", "green", "clear")
"""The Permissible Actions Protocol, the strictest first: red, nothing that leaves us; amber, passive; green, asking outside; clear, all."""


class Said(NamedTuple):
    """One thing an enricher says. `incident` names one where the reader may see it."""

    text: Text
    incident: str = ""


class Enricher(NamedTuple):
    """`least` is the marking from which on it may be asked; `reveals` says what asking tells others."""

    title: Text
    least: str
    reveals: Text
    ask: Callable[[Observable, Actor], list[Said]]
    outside: bool = False

    def allowed(self, pap: str) -> bool:
        return PAPS.index(pap) >= PAPS.index(self.least)


NOTHING: Final = Text("nothing: it stays on this machine", "なし: この装置の中だけで調べる")
