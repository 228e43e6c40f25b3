"""One transaction's worth of telling: what was asked once is not asked again, and the record is written at its end, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.notices.audience import Recipient


@dataclass
class Round:
    """`lines` are (chain, line of the ledger). Begin one inside a transaction, and `finish` it there."""

    actor: Actor
    now: datetime
    lines: list[tuple[str, ledger.Draft]] = field(default_factory=list)
    known: dict[tuple[object, ...], list[Recipient]] = field(default_factory=dict)

    def once(self, key: tuple[object, ...], ask: Callable[[], list[Recipient]]) -> list[Recipient]:
        """What `ask` answers, asked once in this round."""
        if key not in self.known:
            self.known[key] = ask()
        return self.known[key]

    def finish(self) -> None:
        ledger.append_each(self.lines, actor=self.actor)
