"""One transaction's worth of telling: what was asked once is not asked again, and everything is written at its end, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hikeshi.desk.actor import Actor
from hikeshi.desk.bulk import insert_many, update_many
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.notices.audience import Recipient
from hikeshi.desk.notices.models import Escalation, Notice


@dataclass
class Round:
    """`lines` are (chain, line of the ledger); `escalations` and `notices` are rows that are not saved yet, steps changed ones.

    Begin one inside a transaction, and `finish` it there.
    """

    actor: Actor
    now: datetime
    lines: list[tuple[str, ledger.Draft]] = field(default_factory=list)
    escalations: list[Escalation] = field(default_factory=list)
    steps: list[Escalation] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    known: dict[tuple[object, ...], list[Recipient]] = field(default_factory=dict)

    def once(self, key: tuple[object, ...], ask: Callable[[], list[Recipient]]) -> list[Recipient]:
        """What `ask` answers, asked once in this round."""
        if key not in self.known:
            self.known[key] = ask()
        return self.known[key]

    def write(self) -> None:
        """Save what there is so far: who reads the tables has to find it."""
        insert_many(self.escalations)
        update_many(self.steps, ("step", "due_at"))
        for notice in self.notices:
            notice.escalation_id = notice.escalation.pk if notice.escalation else None
        insert_many(self.notices)
        for rows in (self.escalations, self.steps, self.notices):
            rows.clear()

    def finish(self) -> None:
        self.write()
        ledger.append_each(self.lines, actor=self.actor)
