"""Our own asset register: an address or host that is ours is no stranger's."""

from __future__ import annotations

from hikeshi.desk.actor import Actor
from hikeshi.desk.assets.register import matching
from hikeshi.desk.incidents.enrichment.enricher import NOTHING, Enricher, Said
from hikeshi.signals.signal import Observable
from hikeshi.text import Text


def ask(one: Observable, actor: Actor) -> list[Said]:
    del actor  # whoever enriches may read the register
    return [
        Said(
            Text(
                f"ours: {row}, owner {row.owner_name or 'not named'}",
                f"自組織の資産: {row}、所有者 {row.owner_name or '記載なし'}",
            )
        )
        for row in matching([one])[:5]
    ]


ENRICHER = Enricher(Text("asset register", "資産台帳"), "red", NOTHING, ask)
