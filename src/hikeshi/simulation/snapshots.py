"""Snapshots that take a while: a state moto does not have.

With the fault `pending` switched on, each snapshot is reported `pending` for its first descriptions, as a real one is for minutes or
hours; see DescribeSnapshots in the EC2 API reference for `status` and `progress`.
"""

from __future__ import annotations

import re
from typing import Final

from hikeshi.simulation.faults import Faults
from hikeshi.simulation.wire import Answer, Call

SNAPSHOT: Final = re.compile(
    rb"(<snapshotId>(?P<id>snap-[0-9a-f]+)</snapshotId>(?:(?!</item>).)*?<status>)completed"
    rb"(</status>(?:(?!</item>).)*?<progress>)100%",
    re.DOTALL,
)


def describe(faults: Faults, call: Call, answer: Answer) -> Answer:
    """DescribeSnapshots: moto's answer, with the snapshots that are not ready yet set back to pending."""

    def not_ready(found: re.Match[bytes]) -> bytes:
        if not faults.still_pending(call, found["id"].decode()):
            return found[0]
        return found[1] + b"pending" + found[3] + b"42%"

    return Answer(status=answer.status, headers=answer.headers, body=SNAPSHOT.sub(not_ready, answer.body))
