"""A simulated AWS account in a child process, for drills, the demo and tests.

    with SimulatedCloud() as cloud:
        ec2 = cloud.client("ec2")

Reached over HTTP on 127.0.0.1, so several workers may use it at once. It is empty at first (`story.build_account` fills it) and gone
when it stops or when this process ends.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from hikeshi.errors import Failed
from hikeshi.simulation import cast
from hikeshi.simulation.faults import Fault
from hikeshi.simulation.layer import CONTROL
from hikeshi.simulation.lookups import CONTROL as TRAIL
from hikeshi.simulation.weather import CONTROL as WEATHER, Weather

START_SECONDS: Final = 60.0
"""A busy machine is no defect; a child that has died is noticed at once."""
STOP_SECONDS: Final = 3.0
CONTROL_SECONDS: Final = 10.0


class SimulatedCloud:
    """The child process and how to reach it. Raises `Failed` when moto is missing or the child does not answer in a minute."""

    def __init__(self) -> None:
        if importlib.util.find_spec("moto") is None:
            raise Failed("The simulated cloud needs moto, which is not installed.", hint="Install hikeshi[drill].")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the child, closed in stop()
        # We listen before the child exists: its port is known and nobody else's, and early calls wait instead of failing.
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
            self.endpoint_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            self._child = subprocess.Popen(
                [sys.executable, "-m", "hikeshi.simulation.server", str(listening.fileno())],
                stdin=subprocess.PIPE,
                stdout=self._said,
                stderr=self._said,
                pass_fds=[listening.fileno()],
                env=_environment(),
            )
        # Imported while the child starts: both take about a second.
        import boto3

        self._session: Any = boto3.Session()
        self._clients: dict[tuple[str, str], Any] = {}
        self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def client(self, service: str, region: str = cast.REGION) -> Any:
        """A boto3 client with dummy keys for the simulated account; the same one each time, safe to share between threads."""
        if (service, region) not in self._clients:
            self._clients[service, region] = self._connect(service, region)
        return self._clients[service, region]

    def _connect(self, service: str, region: str) -> Any:
        from botocore.config import Config  # with boto3, see __init__

        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id="simulated",
            aws_secret_access_key="simulated",  # noqa: S106 -- no secret: the simulated cloud checks none
            config=Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3}),
        )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def switch(self, faults: Sequence[Fault]) -> None:
        """Replace the faults that are switched on; an empty list means good weather."""
        self._post(CONTROL, msgspec.json.encode(list(faults)))

    def weather(self, **now: Any) -> None:
        """Replace the weather (`weather.Weather`); without arguments it is good."""
        self._post(WEATHER, msgspec.json.encode(Weather(**now)))

    def refused(self) -> int:
        """How many calls have found their bucket empty since the weather was last set."""
        with urllib.request.urlopen(self.endpoint_url + WEATHER, timeout=CONTROL_SECONDS) as told:  # noqa: S310 -- our own child
            return int(msgspec.json.decode(told.read())["refused"])

    def record(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Replace the CloudTrail records that LookupEvents answers with."""
        self._post(TRAIL, msgspec.json.encode(list(records)))

    def reset(self) -> None:
        """Empty the account and switch all faults off."""
        self._post("/moto-api/reset", b"")

    def stop(self) -> None:
        """End the child. Safe to call twice."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._said.close()

    def _wait(self) -> None:
        """The first call is answered as soon as the child serves; a child that has died closes the socket."""
        try:
            urllib.request.urlopen(self.endpoint_url + CONTROL, timeout=START_SECONDS).close()  # noqa: S310 -- our own child
        except OSError as reason:
            self._child.kill()
            self._child.wait()
            self._said.seek(0)
            said = self._said.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
            self.stop()
            raise Failed(
                f"The simulated cloud did not start: {said or reason}",
                permanent=False,
                hint="Install hikeshi[drill] again, or try again when the machine is less busy.",
            ) from reason

    def _post(self, path: str, body: bytes) -> None:
        request = urllib.request.Request(self.endpoint_url + path, data=body, method="POST")  # noqa: S310 -- our own child
        try:
            urllib.request.urlopen(request, timeout=CONTROL_SECONDS).close()  # noqa: S310 -- as above
        except OSError as reason:
            raise Failed(f"The simulated cloud did not take {path}: {reason}", permanent=False) from reason


def _environment() -> dict[str, str]:
    """The child's environment: none of the caller's AWS settings, so that nothing can reach a real account by mistake."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
