"""Block public access for snapshots, which moto lacks: the state is kept and told; existing public snapshots stay listed as public.

Amazon EC2 API Reference: EnableSnapshotBlockPublicAccess, DisableSnapshotBlockPublicAccess, GetSnapshotBlockPublicAccessState.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call


def _answer(call: Call, state: str) -> Answer:
    name = f"{call.operation}Response"
    body = f"<{name}><requestId>simulated</requestId><state>{state}</state></{name}>"
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())


def _set(call: Call, state: str) -> Answer:
    shelf("ec2", call.region, "snapshot_block")["state"] = state
    return _answer(call, state)


OPERATIONS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    "DisableSnapshotBlockPublicAccess": lambda call: _set(call, "unblocked"),
    "EnableSnapshotBlockPublicAccess": lambda call: _set(call, call.params["State"]),
    "GetSnapshotBlockPublicAccessState": lambda call: _answer(
        call, shelf("ec2", call.region, "snapshot_block").get("state", "unblocked")
    ),
}
