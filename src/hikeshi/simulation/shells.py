"""Sessions of Session Manager, which moto does not know: opened, listed, ended.

AWS Systems Manager API Reference: StartSession (the answer's token and address lead nowhere here), DescribeSessions, TerminateSession. A
session that is ended is history at once; on AWS it is "Terminating" for a moment.
"""

from __future__ import annotations

import time
from typing import Any

from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer


class Shells:
    """All sessions of the account, by id."""

    def __init__(self) -> None:
        self._sessions: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        self._sessions.clear()

    def start(self, call: Call) -> Answer:
        """The reason given becomes the owner's name, so that a drill can open sessions of several people."""
        owner = call.params.get("Reason") or "responder"
        session = f"{owner}-{len(self._sessions):017x}"
        self._sessions[session] = {
            "SessionId": session,
            "Target": call.params.get("Target", ""),
            "Status": "Connected",
            "StartDate": time.time(),
            "Owner": f"arn:aws:sts::111122223333:assumed-role/{owner}/{owner}",
        }
        return json_answer({"SessionId": session, "TokenValue": "simulated", "StreamUrl": "wss://simulated.invalid/"})

    def describe(self, call: Call) -> Answer:
        wanted = {one["key"]: one["value"] for one in call.params.get("Filters", ())}
        active = call.params.get("State") == "Active"
        found = [
            one
            for one in self._sessions.values()
            if (one["Status"] == "Connected") == active and one["Target"] == wanted.get("Target", one["Target"])
        ]
        return json_answer({"Sessions": found})

    def terminate(self, call: Call) -> Answer:
        session = self._sessions.get(call.params.get("SessionId", ""))
        if session is None:
            return error_answer(call, 400, "DoesNotExistException", "No such session")
        session.update(Status="Terminated", EndDate=time.time())
        return json_answer({"SessionId": session["SessionId"]})
