"""`alert enrich`: what is known of the things a group names, as far as its markings allow."""

from __future__ import annotations

from typing import Annotated

import typer

from hikeshi.desk.incidents.enrichment import verbs
from hikeshi.doors import enrich as plain, find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor


def enrich(
    name: Annotated[str, typer.Argument(help="A group, such as GRP-7.")],
    pap: Annotated[
        str, typer.Option(help="What may be done: red, amber, green (asks outside) or clear.")
    ] = verbs.USUAL,
) -> Answer:
    """Ask our register, our past, indicator files and, where the marking allows it, a service outside. It is in the ledger."""
    who = actor()
    answers = plain.worth_showing(verbs.enrich(find.group(who, name), actor=who, pap=pap))
    return Answer(
        [plain.shape(one) for one in answers], columns=("kind", "value", "enricher", "said", "refused", "problem")
    )
