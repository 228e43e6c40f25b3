"""`timeline gaps | integrity | witnesses`: whether a timeline is whole, and what proves it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.timelines.models import Timeline
from hikeshi.doors import find
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE
from hikeshi.doors.cli.who import actor
from hikeshi.doors.completeness import gap_shape, testimony_shape
from hikeshi.doors.integrity import validation_shape
from hikeshi.errors import Refused
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.gaps import gaps
from hikeshi.stores.integrity import found_in
from hikeshi.stores.witnesses import testimony


def list_gaps(incident: str, name: str) -> Answer:
    """Where something is missing: hours without digest, flow logs that lost records, logging stopped, holes in record numbers, silence."""
    found = gaps(DuckStore(_timeline(incident, name).folder))
    return Answer(
        [gap_shape(gap) for gap in found], columns=("start", "end", "kind", "source_kind", "stream", "count", "reason")
    )


def show_integrity(incident: str, name: str) -> Answer:
    """What CloudTrail's digests proved of the logs when the timeline was built. Exit code 4 where something differs."""
    found = found_in(_timeline(incident, name).folder)
    if found is None:
        raise Refused(
            "There are no digests among the evidence.",
            hint="Seal the CloudTrail-Digest folder with its FILE.metadata.json, and on its own the answer of "
            "`aws cloudtrail list-public-keys`; then build again.",
        )
    return Answer(validation_shape(found, everything=session.options.json), code=DIFFERENCE if found.differs else DONE)


def list_witnesses(
    incident: str,
    name: str,
    event: Annotated[str, typer.Argument(help="The event_uid of `timeline show --json`.")],
    ts: Annotated[int | None, typer.Option(help="The ts of the same row, by which it is found sooner.")] = None,
) -> Any:
    """Every file that delivered an event, and in what the copies differ."""
    store = DuckStore(_timeline(incident, name).folder)
    return testimony_shape(testimony(store, event, ts))


def _timeline(incident: str, name: str) -> Timeline:
    timeline = find.timeline(find.incident(actor(), incident), name)
    if timeline.state != "ready":
        raise Refused(
            f"The timeline {name} is not ready ({timeline.state}).", hint=timeline.problem or "A worker builds it."
        )
    return timeline
