"""What happened to an item beside the hand-overs: notes, working copies, analysis. When it happened, and when it was written down."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused

KINDS: Final = ("note", "copy", "analyse")
OURS: Final = "clock of this server"
LONGEST: Final = 2000


@transaction.atomic
def note(
    item: Item, text: str, *, actor: Actor, kind: str = "note", purpose: str = "", tool: str = "", place: str = "",
    occurred_at: datetime | None = None, time_source: str = "",
) -> Entry:  # fmt: skip
    """Add a custody line: a note, a working copy made, or an analysis.

    `occurred_at` is when it happened, by the clock `time_source`; without it, now. The entry's own time is when it was recorded.
    Raises `Refused` for a copy or an analysis without purpose, a time to come, and a time without its clock.
    """
    require_on(actor, "write", item.incident)
    if kind not in KINDS:
        raise Refused(f"{kind[:40]!r} is not a kind of note.", hint=f"Use one of: {', '.join(KINDS)}.")
    if not text.strip() or len(text) > LONGEST:
        raise Refused(f"A note has 1 to {LONGEST} characters.")
    if kind != "note" and not purpose.strip():
        raise Refused("A copy or an analysis needs a purpose.", hint="Say what it is for.")
    if occurred_at and occurred_at > timezone.now():
        raise Refused("This has not happened yet.", hint="Check the time and its zone.")
    if occurred_at and not time_source.strip():
        raise Refused("Say by which clock this time was read.", hint="Such as: wrist watch, host's clock, NTP.")
    said = {"purpose": purpose, "tool": tool, "place": place}
    data = {
        "text": text.strip(), "occurred_at": (occurred_at or timezone.now()).isoformat(),
        "time_source": time_source.strip()[:100] or OURS,
        **{name: value.strip()[:300] for name, value in said.items() if value.strip()},
    }  # fmt: skip
    return ledger.append(item.incident.name, actor=actor, verb=f"evidence.{kind}", obj=item.name, data=data)
