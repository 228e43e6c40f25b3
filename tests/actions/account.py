"""The simulated cloud, served in this process behind a layer that can fail, and what tests build in its account."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec
from werkzeug.serving import make_server

from actions.short_cut import APPS, quick
from actions.worlds import WatchedWorld
from hikeshi.actions.action import Plan
from hikeshi.actions.aws.recorder import ListRecorder
from hikeshi.actions.aws.world import AwsSettings
from hikeshi.aws.clients import client
from hikeshi.simulation import cast, layer as simulation
from hikeshi.simulation.server import SETTINGS, application, instances

REGION = "ap-northeast-1"
ACCOUNT = cast.ACCOUNT
IMAGE = "ami-0a1b2c3d4e5f60718"  # simulation/images.json
BUCKET = "example-evidence"

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
    os.environ.update(SETTINGS)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    layer = Layer(simulation.Layer(application(), instances))
    server = make_server("127.0.0.1", 0, layer, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    if quickly:
        APPS[url] = layer
    yield Cloud(url, layer)
    APPS.pop(url, None)
    server.shutdown()


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of a test account, with the groups each of its interfaces has."""

    id: str
    vpc: str
    subnet: str
    groups: dict[str, list[str]]


class Cloud:
    """A moto server and what tests build in it."""

    def __init__(self, url: str, layer: Layer) -> None:
        self.url = url
        self.layer = layer
        self.ec2 = self.client("ec2")

    def reset(self) -> None:
        """A fresh account."""
        self.layer.reset()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()

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

    def bucket(self) -> Any:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        return s3

    def client(self, service: str) -> Any:
        return quick(client(service, REGION, self.url, 20.0))

    def group(self, vpc: str, name: str) -> str:
        return str(self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"])

    def network(self) -> tuple[str, str]:
        vpc = self.ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
        return vpc, subnet

    def machine(self, interfaces: int = 2, **more: Any) -> Machine:
        """An instance launched with explicit interface specifications, each with two groups of its own."""
        vpc, subnet = self.network()
        groups = [[self.group(vpc, f"web-{n}"), self.group(vpc, f"app-{n}")] for n in range(interfaces)]
        specs = [
            {"DeviceIndex": n, "SubnetId": subnet, "Groups": listed, "DeleteOnTermination": True}
            for n, listed in enumerate(groups)
        ]
        return self._run(vpc, subnet, NetworkInterfaces=specs, **more)

    def plain_machine(self) -> Machine:
        """An instance launched with group ids: one interface, and moto's view of groups is the union of both lists."""
        vpc, subnet = self.network()
        return self._run(
            vpc, subnet, SubnetId=subnet, SecurityGroupIds=[self.group(vpc, "web"), self.group(vpc, "app")]
        )

    def _run(self, vpc: str, subnet: str, **params: Any) -> Machine:
        params = {"InstanceType": "t3.micro", **params}
        told = self.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **params)["Instances"][0]
        return Machine(id=told["InstanceId"], vpc=vpc, subnet=subnet, groups=self.groups_of(told["InstanceId"]))

    def groups_of(self, instance: str) -> dict[str, list[str]]:
        only = [{"Name": "attachment.instance-id", "Values": [instance]}]
        told = self.ec2.describe_network_interfaces(Filters=only)["NetworkInterfaces"]
        return {one["NetworkInterfaceId"]: sorted(g["GroupId"] for g in one["Groups"]) for one in told}

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
