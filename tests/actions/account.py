"""The simulated cloud, served in this process behind a layer that can fail, and what tests build in its account."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

from actions.worlds import WatchedWorld
from hikeshi.actions.action import Plan
from hikeshi.actions.aws.recorder import ListRecorder
from hikeshi.actions.aws.world import AwsSettings
from hikeshi.simulation.account import ACCOUNT, BUCKET, IMAGE, REGION, Account, Machine, served, simulated_account

__all__ = ["ACCOUNT", "BUCKET", "IMAGE", "REGION", "Cloud", "Machine", "running_cloud", "stored"]

Fault = Literal["denied", "throttled", "lost before", "lost after", "html", "internal"]
"""`lost`: the connection is cut without an answer, before or after the call was carried out."""

_CODES = {
    "denied": ("UnauthorizedOperation", 403),
    "throttled": ("RequestLimitExceeded", 503),
    "internal": ("InternalError", 500),
}


class Layer:
    """In front of moto, on real HTTP: makes chosen operations fail (once per fault, always with `refusals`), or answers them itself.

    `answers` are for services that speak JSON.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.reset()

    def reset(self) -> None:
        self.faults: list[tuple[str, Fault]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.refusals: dict[str, str] = {}
        self.seen: list[tuple[str, bytes]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        operation = _operation(environ, body)
        self.seen.append((operation, body))
        fault = next((fault for fault in self.faults if fault[0] == operation), None)
        if fault:
            self.faults.remove(fault)
            return self._fail(fault[1], environ, start_response)
        if operation in self.refusals:
            return _error(self.refusals[operation], 400, environ, start_response)
        if operation in self.answers:
            start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
            return [json.dumps(self.answers[operation]).encode()]
        return list(self.app(environ, start_response))

    def _fail(self, kind: Fault, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if kind == "lost after":
            list(self.app(environ, lambda *_: None))
        if kind.startswith("lost"):
            environ["werkzeug.socket"].shutdown(2)
            return []
        if kind == "html":
            start_response("200 OK", [("Content-Type", "text/html")])
            return [b"<html><body>The method has not been implemented"]
        return _error(*_CODES[kind], environ, start_response)


def _error(code: str, status: int, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if "HTTP_X_AMZ_TARGET" in environ:
        start_response(f"{status} Error", [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps({"__type": code, "message": "made up"}).encode()]
    start_response(f"{status} Error", [("Content-Type", "text/xml")])
    text = f"<Response><Errors><Error><Code>{code}</Code><Message>made up</Message></Error></Errors></Response>"
    return [text.encode()]


def _operation(environ: dict[str, Any], body: bytes) -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    found = re.search(rb"(?:^|&)Action=(\w+)", body)
    return found[1].decode() if found else f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


@contextmanager
def running_cloud(*, quickly: bool = False) -> Iterator[Cloud]:
    """A server on a free port, stopped at the end; `quickly`: this process asks it without a socket (`short_cut.py`)."""
    layer = Layer(simulated_account())
    with served(layer, quickly=quickly) as url:
        yield Cloud(url, layer)


class Cloud(Account):
    """The account with a layer in front that can fail, and what only tests ask."""

    def __init__(self, url: str, layer: Layer) -> None:
        super().__init__(url, layer.app)
        self.layer = layer

    def reset(self) -> None:
        self.layer.reset()
        super().reset()

    def world(self, *, protected: tuple[str, ...] = (), **changes: Any) -> WatchedWorld:
        """A world on this cloud that does not wait."""
        given: dict[str, Any] = {
            "incident": "INC-2026-0001",
            "step": "INC-2026-0001/2.1",
            "account": ACCOUNT,
            "region": REGION,
            "record": ListRecorder(),
            "endpoint_url": self.url,
            "settings": AwsSettings(evidence_bucket=BUCKET, protected=protected),
            "sleep": lambda _: None,
        }
        return WatchedWorld(**{**given, **changes})

    def rules_of(self, group: str) -> list[dict[str, Any]]:
        only = [{"Name": "group-id", "Values": [group]}]
        return list(self.ec2.describe_security_group_rules(Filters=only)["SecurityGroupRules"])

    def snapshots_of(self, step: str) -> list[dict[str, Any]]:
        only = [{"Name": "tag:hikeshi:step", "Values": [step]}]
        return list(self.ec2.describe_snapshots(OwnerIds=["self"], Filters=only)["Snapshots"])

    def add_rule(self, group: str) -> None:
        anywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}]
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=anywhere)


def stored(plan: Plan) -> Plan:
    """The plan as it comes back from storage."""
    return msgspec.json.decode(msgspec.json.encode(plan), type=Plan)


WorldMaker = Callable[..., WatchedWorld]
