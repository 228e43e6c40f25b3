"""What ties a checkpoint to the world outside: time stamps and copies. One hook, called in the transaction that makes the checkpoint.

Anchors write no line of their own into the ledger when all goes well: a line makes a new checkpoint due, and that new anchors, without
end. What they hold proves itself. The first refusal after a success is a line, as it may be a lie; later ones are not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import copies, stamps, verbs
from hikeshi.desk.ledger.models import ORGANISATION, Checkpoint, Copy, Stamp
from hikeshi.desk.ledger.outside import PARTY
from hikeshi.desk.ledger.rights import require
from hikeshi.errors import Refused

ANCHORS: Final[tuple[Callable[[Checkpoint], None], ...]] = (copies.plan, stamps.plan)
"""Each adds the rows a worker is to take outside. No network here: the rows wait."""

MODULES: Final = {"copies": copies, "stamps": stamps}
KINDS: Final[dict[str, type[Copy | Stamp]]] = {"copies": Copy, "stamps": Stamp}


class Party(NamedTuple):
    """How one authority or place stands. `waiting_since` is when the oldest checkpoint was made that it does not hold yet."""

    kind: str
    name: str
    held: int
    waiting: int
    refused: int
    waiting_since: datetime | None
    problem: str


def plan(checkpoint: Checkpoint) -> None:
    """Line up everything that is to be held outside of this checkpoint."""
    for anchor in ANCHORS:
        anchor(checkpoint)


def parties() -> list[Party]:
    """Every authority and place that holds or is to hold anything, or is configured to, by kind and name."""
    found = {(one.kind, one.name): one for kind in KINDS for one in _parties(kind)}
    named = [(kind, name) for kind, module in MODULES.items() for name in module.configured()]
    for kind, name in named:
        found.setdefault((kind, name), Party(kind, name, 0, 0, 0, None, ""))
    return [found[key] for key in sorted(found)]


@transaction.atomic
def again(kind: str, name: str, *, actor: Actor) -> int:
    """Try everything of one authority or place again that waits or was refused; how many. `kind` is a key of KINDS.

    Where it was configured after checkpoints were made, the newest one of each chain is lined up too. Raises `Refused` for a name that is
    neither configured nor was ever to hold anything.
    """
    require(actor, "anchors")
    rows = KINDS[kind]._default_manager.filter(**{PARTY[KINDS[kind]]: name})
    known = name in MODULES[kind].configured()
    if not known and not rows.exists():
        raise Refused(f"Nothing was ever to be held by {name[:80]!r}.", hint=f"`hikeshi audit {kind}` lists the names.")
    free = rows.exclude(state="held").filter(lease_until__isnull=True)
    count = free.update(state="waiting", due_at=timezone.now(), attempts=0) + (_line_up(kind, name) if known else 0)
    if count:
        verb = f"{KINDS[kind].__name__.lower()}.again"
        verbs.append(ORGANISATION, actor=actor, verb=verb, obj=name[:120], data={"count": count})
    return count


def _line_up(kind: str, name: str) -> int:
    """The newest checkpoint of every chain that the party knows nothing of yet; how many."""
    newest = Checkpoint.objects.values("chain").annotate(newest=Max("pk")).values("newest")
    missing = list(Checkpoint.objects.filter(pk__in=newest).exclude(**{f"{kind}__{PARTY[KINDS[kind]]}": name}))
    for checkpoint in missing:
        MODULES[kind].add(checkpoint, name)
    return len(missing)


def _parties(kind: str) -> list[Party]:
    model = KINDS[kind]
    column = PARTY[model]
    found = (
        model._default_manager.values(column).order_by(column)
        .annotate(
            held=Count("pk", filter=Q(state="held")), waiting=Count("pk", filter=Q(state="waiting")),
            refused=Count("pk", filter=Q(state="refused")),
            since=Min("checkpoint__made_at", filter=~Q(state="held")),
            latest=Max("pk", filter=~Q(problem="")),
        )
    )  # fmt: skip
    latest = dict(model._default_manager.filter(pk__in=[row["latest"] for row in found]).values_list("pk", "problem"))
    return [
        Party(
            kind, row[column], row["held"], row["waiting"], row["refused"], row["since"], latest.get(row["latest"], "")
        )
        for row in found
    ]
