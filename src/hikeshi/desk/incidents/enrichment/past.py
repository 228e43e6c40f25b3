"""Our own past: groups and incidents that named the same thing, as far as the reader may see them."""

from __future__ import annotations

from collections import Counter

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.incidents.enrichment.enricher import NOTHING, Enricher, Said
from hikeshi.desk.incidents.sight import hidden, visible
from hikeshi.signals.signal import Observable
from hikeshi.text import Text

SHOWN = 5
LOOKED_AT = 1000


def ask(one: Observable, actor: Actor) -> list[Said]:
    named = {"observables__kind": one.kind, "observables__value": one.value[:300]}
    rows = Group.objects.filter(**named).exclude(alerts__incidents__in=hidden(actor))
    verdicts = Counter(rows.order_by().values_list("verdict", flat=True)[:LOOKED_AT])
    groups = sum(verdicts.values())
    false = verdicts["false"] + verdicts["benign"]
    said = []
    if groups:
        said.append(
            Said(
                Text(
                    f"{groups} groups named it, {verdicts['true']} judged true, {false} false or benign",
                    f"これまで {groups} グループに出現。真の検知 {verdicts['true']} 件、誤検知・無害 {false} 件",
                )
            )
        )
    naming = {f"alerts__group__{key}": value for key, value in named.items()}
    found = visible(actor).filter(**naming).distinct().order_by("-declared_at")[:SHOWN]
    return said + [Said(Text(f"in {one}: {one.title}", f"{one}: {one.title}"), one.name) for one in found]


ENRICHER = Enricher(Text("our own past", "過去の記録"), "red", NOTHING, ask)
