"""The console of an instance: its picture and its crashes, which moto does not know.

Amazon EC2 API Reference: GetConsoleScreenshot (always the same small picture here), SendDiagnosticInterrupt (a Linux kernel panics and says
so on its console; no dump is written here), GetConsoleOutput (moto's text, and the panic behind it).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Final

from hikeshi.simulation.agent import Machine
from hikeshi.simulation.wire import Answer, Call, error_answer

SPACE: Final = "http://ec2.amazonaws.com/doc/2016-11-15/"
PANIC: Final = "\nKernel panic - not syncing: NMI: Not continuing\nkdump: saving to /var/crash (simulated)\n"
PICTURE: Final = base64.b64encode(bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")).decode()
"""The frame of a JPEG without a picture in it."""
_OUTPUT: Final = re.compile(r"<output>([^<]*)</output>")


class Consoles:
    """What was added to the consoles of all instances."""

    def __init__(self, machines: Callable[[str], Mapping[str, Machine]]) -> None:
        self._machines = machines
        self._added: dict[str, str] = {}

    def forget(self) -> None:
        self._added.clear()

    def output(self, call: Call, answer: Answer) -> Answer:
        added = self._added.get(call.params.get("InstanceId", ""), "")

        def longer(found: re.Match[str]) -> str:
            text = base64.b64decode(found[1]).decode() + added
            return f"<output>{base64.b64encode(text.encode()).decode()}</output>"

        body = _OUTPUT.sub(longer, answer.body.decode()) if added else answer.body.decode()
        return Answer(status=answer.status, headers=answer.headers, body=body.encode())

    def screenshot(self, call: Call) -> Answer:
        instance = call.params.get("InstanceId", "")
        return self._not_running(call) or _answer(
            call, f"<instanceId>{instance}</instanceId><imageData>{PICTURE}</imageData>"
        )

    def interrupt(self, call: Call) -> Answer:
        if (refused := self._not_running(call)) is not None:
            return refused
        instance = call.params["InstanceId"]
        self._added[instance] = self._added.get(instance, "") + PANIC
        return _answer(call, "<return>true</return>")

    def _not_running(self, call: Call) -> Answer | None:
        machine = self._machines(call.region).get(call.params.get("InstanceId", ""))
        if machine is None:
            return error_answer(call, 400, "InvalidInstanceID.NotFound", "The instance does not exist")
        if machine.state != "running":
            return error_answer(call, 400, "IncorrectInstanceState", "The instance is not running")
        return None


def _answer(call: Call, result: str) -> Answer:
    name = call.operation
    body = f'<{name}Response xmlns="{SPACE}"><requestId>simulated</requestId>{result}</{name}Response>'
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())
