"""The account's switch of the serial console, which moto lacks: kept and told; in a simulated account it is on at first.

Amazon EC2 API Reference: GetSerialConsoleAccessStatus, EnableSerialConsoleAccess, DisableSerialConsoleAccess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call


def _told(call: Call) -> Answer:
    on = shelf("ec2", call.region, "serial_console").get("on", True)
    name = f"{call.operation}Response"
    told = f"<serialConsoleAccessEnabled>{str(on).lower()}</serialConsoleAccessEnabled>"
    body = f"<{name}><requestId>simulated</requestId>{told}</{name}>"
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())


def _set(call: Call, *, on: bool) -> Answer:
    shelf("ec2", call.region, "serial_console")["on"] = on
    return _told(call)


OPERATIONS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    "DisableSerialConsoleAccess": lambda call: _set(call, on=False),
    "EnableSerialConsoleAccess": lambda call: _set(call, on=True),
    "GetSerialConsoleAccessStatus": _told,
}
