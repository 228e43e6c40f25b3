"""Which entry of the ledger is told to whom: one line for each verb. What is not here is told to nobody.

`whom` is one or more of: `duty:NAME` (who holds this role on the incident, else the contact list), `duties:KEY` (the same for each of the
roles that the entry's data names there), `role` (whoever was given the role the
entry is about), `roles` (all who hold one), `person:KEY` (whom the entry's data names there), `channels` (of the organisation). Urgent things
go on and up until they are acknowledged (escalating.py) and reach the channels by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple


class Tell(NamedTuple):
    """One line. `when` looks at the entry's data; for an urgent one `whom` is one duty."""

    whom: tuple[str, ...]
    template: str
    urgent: bool = False
    when: Callable[[Mapping[str, Any]], bool] = lambda _data: True


def _raised(data: Mapping[str, Any]) -> bool:
    return bool(data.get("after", 9) < data.get("before", 0))


def _wrong(data: Mapping[str, Any]) -> bool:
    return data.get("result") == "mismatch"


def _asked(data: Mapping[str, Any]) -> bool:
    return bool(data.get("asked"))


def _damaged(data: Mapping[str, Any]) -> bool:
    return bool(data.get("problems"))


def _turned(data: Mapping[str, Any]) -> bool:
    return bool(data.get("turned_count"))


COMMAND: Final = ("duty:incident_commander",)

TELLS: Final[dict[str, Tell]] = {
    "alert.set_aside": Tell(("duty:responder", "channels"), "intake"),
    "alert.worse": Tell(COMMAND, "update"),
    "clock.over": Tell(COMMAND, "clock_over", urgent=True),
    "clock.soon": Tell(COMMAND, "clock_soon", urgent=True),
    "decision.ask": Tell(COMMAND, "asked"),
    "evidence.verify": Tell((*COMMAND, "channels"), "difference", when=_wrong),
    "group.worse": Tell(("duty:responder", "channels"), "group_again"),
    "halt.begin": Tell((*COMMAND, "channels"), "halted"),
    "halt.lift": Tell((*COMMAND, "channels"), "halted"),
    "incident.close": Tell(("roles", "channels"), "update"),
    "incident.declare": Tell(COMMAND, "page", urgent=True),
    "incident.reopen": Tell(("roles", "channels"), "update"),
    "incident.severity": Tell(("roles", "channels"), "severity", when=_raised),
    "ledger.verify": Tell((*COMMAND, "channels"), "difference", when=_damaged),
    "notice.fail": Tell((*COMMAND, "channels"), "undelivered"),
    "order.trip": Tell((*COMMAND, "channels"), "halted"),
    "readiness.ask": Tell(("duty:responder", "channels"), "readiness", when=_turned),
    "role.assign": Tell(("role",), "role"),
    "role.call_in": Tell(("role",), "role"),
    "role.propose": Tell(("person:to",), "yours"),
    "source.silent": Tell(("duty:responder", "channels"), "intake"),
    "step.break_glass": Tell(COMMAND, "broken_glass", urgent=True),
    "step.drift": Tell((*COMMAND, "channels"), "asked"),
    "step.hand_over": Tell(("person:owner",), "yours"),
    "step.notify": Tell(("duties:to",), "message"),
    "step.plan": Tell(COMMAND, "asked", when=_asked),
    "step.revoke": Tell(COMMAND, "asked", when=_asked),
    "step.undo": Tell(COMMAND, "asked", when=_asked),
    "task.give": Tell(("person:owner",), "yours"),
    "task.reassign": Tell(("person:owner",), "yours"),
}
"""Alphabetical."""

STOPS: Final[dict[str, tuple[str, ...]]] = {
    "clock.stop": ("clock_over", "clock_soon"),
    "incident.acknowledge": ("page",),
    "incident.close": ("broken_glass", "clock_over", "clock_soon", "page"),
    "incident.merge": ("broken_glass", "clock_over", "clock_soon", "page"),
    "step.glass_review": ("broken_glass",),
}
"""Which running escalations an entry ends, by their template. Of clocks only those of the entry's own clock, unless all end."""
