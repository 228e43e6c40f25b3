"""Whether a timeline is whole, as plain JSON: its gaps and the witnesses of an event. No database."""

from __future__ import annotations

from typing import Any

import msgspec

from hikeshi.doors.events import moment
from hikeshi.stores.gaps import Gap
from hikeshi.stores.witnesses import Testimony


def gap_shape(gap: Gap) -> dict[str, Any]:
    return {
        "kind": gap.kind,
        "source_kind": gap.source_kind,
        "stream": gap.stream,
        "start": moment(gap.start_us),
        "end": moment(gap.end_us),
        "count": gap.count,
        "reason": msgspec.to_builtins(gap.reason),
    }


def testimony_shape(found: Testimony) -> dict[str, Any]:
    """The witnesses by what people call their files."""
    return {
        "event_uid": found.event_uid,
        "count": found.count,
        "witnesses": [
            {"name": one.name, "sha256": one.sha256, "seq": one.seq, "integrity": one.integrity}
            for one in found.witnesses
        ],
        "differing": [{"field": one.field, "values": list(one.values)} for one in found.differing],
    }
