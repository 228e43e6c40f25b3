"""Instance refreshes of Auto Scaling groups, which moto does not know: started, listed, cancelled. They replace nothing here.

Amazon EC2 Auto Scaling API Reference: StartInstanceRefresh, DescribeInstanceRefreshes, CancelInstanceRefresh.
"""

from __future__ import annotations

from typing import Final

from hikeshi.simulation.wire import Answer, Call, error_answer

SPACE: Final = "http://autoscaling.amazonaws.com/doc/2011-01-01/"


class Refreshes:
    """The refreshes of every group, newest last: (id, group, status)."""

    def __init__(self) -> None:
        self._refreshes: list[tuple[str, str, str]] = []

    def forget(self) -> None:
        self._refreshes.clear()

    def start(self, call: Call) -> Answer:
        refresh = f"08b91cf7-8fa6-48af-b6a6-{len(self._refreshes):012x}"
        self._refreshes.append((refresh, call.params["AutoScalingGroupName"], "InProgress"))
        return _answer(call, f"<InstanceRefreshId>{refresh}</InstanceRefreshId>")

    def describe(self, call: Call) -> Answer:
        group = call.params["AutoScalingGroupName"]
        members = "".join(
            f"<member><InstanceRefreshId>{refresh}</InstanceRefreshId><AutoScalingGroupName>{owner}</AutoScalingGroupName>"
            f"<Status>{status}</Status></member>"
            for refresh, owner, status in reversed(self._refreshes)
            if owner == group
        )
        return _answer(call, f"<InstanceRefreshes>{members}</InstanceRefreshes>")

    def cancel(self, call: Call) -> Answer:
        group = call.params["AutoScalingGroupName"]
        for place, (refresh, owner, status) in enumerate(self._refreshes):
            if (owner, status) == (group, "InProgress"):
                self._refreshes[place] = (refresh, owner, "Cancelled")
                return _answer(call, f"<InstanceRefreshId>{refresh}</InstanceRefreshId>")
        return error_answer(call, 400, "ActiveInstanceRefreshNotFound", "No refresh is under way")


def _answer(call: Call, result: str) -> Answer:
    name = call.operation
    body = f'<{name}Response xmlns="{SPACE}"><{name}Result>{result}</{name}Result></{name}Response>'
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())
