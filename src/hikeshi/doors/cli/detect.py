"""`timeline detect`: Sigma rules asked of a timeline."""

from __future__ import annotations

from typing import Annotated

import typer

from hikeshi.desk.timelines import verbs
from hikeshi.doors import find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.detect_files import COLUMNS, Own, Rules, chosen, row, say
from hikeshi.doors.cli.timeline import Engine, Master, engine_of
from hikeshi.doors.cli.who import actor


def detect(
    incident: str,
    name: Annotated[str, typer.Argument(help="What the timeline is called.")],
    rules: Rules = None,
    own: Own = False,
    engine: Engine = "local",
    master: Master = "",
) -> Answer:
    """Which rules hit, and how many events each: our own pack, or the rules of --rules. What rules hit before is replaced.

    A rule that cannot be asked is named on stderr, and the others are asked all the same.
    """
    opened = engine_of(engine, master)
    who = actor()
    timeline = find.timeline(find.incident(who, incident), name)
    hits = verbs.detect(timeline, chosen(rules, own=own), actor=who, engine=opened)
    say(f"{one['file']}: {one['error']}" for one in timeline.detection["wrong"])
    rows = [row(hit.rule, hit.title, hit.file, hit.level, hit.events) for hit in hits]
    return Answer(rows, columns=COLUMNS, lines=True)
