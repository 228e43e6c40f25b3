"""IAM Roles Anywhere, which moto lacks: trust anchors that are made, listed, told, enabled and disabled.

IAM Roles Anywhere API Reference, CreateTrustAnchor and its siblings. Simplified: certificates are kept and not looked at, a list has one
page, nobody can take a role through an anchor.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer


class Anchors:
    """The trust anchors of the simulated account, by id."""

    def __init__(self) -> None:
        self._anchors: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        self._anchors = {}

    def create(self, call: Call) -> Answer:
        made, now = str(uuid.uuid4()), datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._anchors[made] = {
            "trustAnchorId": made,
            "trustAnchorArn": f"arn:aws:rolesanywhere:{call.region}:{cast.ACCOUNT}:trust-anchor/{made}",
            "name": call.params["name"],
            "source": call.params["source"],
            "enabled": bool(call.params.get("enabled", False)),
            "createdAt": now,
            "updatedAt": now,
        }
        return json_answer({"trustAnchor": self._anchors[made]}, status=201)

    def told(self, call: Call) -> Answer:
        return self._one(call)

    def listed(self) -> Answer:
        return json_answer({"trustAnchors": list(self._anchors.values())})

    def switch(self, call: Call, *, on: bool) -> Answer:
        if (anchor := self._anchors.get(call.params["trustAnchorId"])) is not None:
            anchor["enabled"] = on
        return self._one(call)

    def _one(self, call: Call) -> Answer:
        anchor = self._anchors.get(call.params["trustAnchorId"])
        if anchor is None:
            return error_answer(call, 404, "ResourceNotFoundException", "There is no such trust anchor (simulated).")
        return json_answer({"trustAnchor": anchor})
