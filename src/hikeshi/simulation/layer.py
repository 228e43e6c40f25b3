"""The thin layer around moto's WSGI application: what moto lacks and a drill needs, one small function each.

    ADDITIONS   (service, operation): a function that answers instead of moto, or changes moto's answer
    faults      switched on and off by POST to /hikeshi-sim/faults (`faults.py`); GET shows them
    weather     buckets, latency, missing permissions, late sight, by POST to /hikeshi-sim/weather (`weather.py`); GET shows it
    records     that CloudTrail's API answers with, by POST to /hikeshi-sim/trail (`lookups.py`)

Every answer carries `x-hikeshi-simulated: 1`. `POST /moto-api/reset` empties the account and everything kept here.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final

import msgspec

from hikeshi.aws.kubernetes import OPERATIONS
from hikeshi.simulation import (
    access_entries,
    block_public,
    blocks,
    clusters,
    code,
    dns_firewall,
    guardduty_findings,
    guardduty_lists,
    iam,
    interfaces,
    kubernetes,
    lookups,
    network_firewall,
    policies,
    query_logs,
    queues,
    rolesanywhere,
    root,
    serial_console,
    sharing,
    snapshots,
    sso,
    stacks,
    vault,
    weather,
)
from hikeshi.simulation.agent import Agents, Machine
from hikeshi.simulation.console import Consoles
from hikeshi.simulation.faults import Fault, Faults, fault_answer
from hikeshi.simulation.refreshes import Refreshes
from hikeshi.simulation.roles import Sessions
from hikeshi.simulation.shells import Shells
from hikeshi.simulation.wire import Answer, Call, joined, json_answer, read_call, signer

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PassOn = Callable[[], Answer]
Addition = Callable[["Layer", Call, PassOn], Answer]

CONTROL: Final = "/hikeshi-sim/faults"
SIMULATED: Final = ("x-hikeshi-simulated", "1")


def _all(service: str, operations: Mapping[str, Callable[[Call], Answer]]) -> dict[tuple[str, str], Addition]:
    """Operations that only look at the call."""
    return {(service, name): _alone(answer) for name, answer in operations.items()}


def _alone(answer: Callable[[Call], Answer]) -> Addition:
    return lambda _layer, call, _pass_on: answer(call)


ADDITIONS: Final[Mapping[tuple[str, str], Addition]] = {
    **{("iam", one): lambda layer, call, pass_on: layer.root.answer(call, pass_on) for one in root.CALLS},
    ("autoscaling", "CancelInstanceRefresh"): lambda layer, call, _: layer.refreshes.cancel(call),
    ("autoscaling", "DescribeInstanceRefreshes"): lambda layer, call, _: layer.refreshes.describe(call),
    ("autoscaling", "StartInstanceRefresh"): lambda layer, call, _: layer.refreshes.start(call),
    **{("cloudformation", one): lambda layer, call, pass_on: layer.stacks.answer(call, pass_on) for one in stacks.TOLD},
    ("cloudtrail", "LookupEvents"): lambda layer, call, _: layer.lookups.look_up(call),
    ("ebs", "GetSnapshotBlock"): lambda _layer, call, _: blocks.get_block(call),
    ("ebs", "ListSnapshotBlocks"): lambda _layer, call, _: blocks.list_blocks(call),
    ("ec2", "AssociateKmsKeyId"): lambda layer, call, _: layer.vault.associate(call),
    ("ec2", "DeleteSnapshot"): lambda layer, call, pass_on: layer.vault.delete(call, pass_on),
    ("ec2", "DescribeLockedSnapshots"): lambda layer, call, _: layer.vault.describe(call),
    ("ec2", "DescribeNetworkInterfaces"): lambda _layer, call, pass_on: interfaces.describe(call, pass_on()),
    ("ec2", "DescribeSnapshots"): lambda layer, call, pass_on: layer.vault.with_keys(
        snapshots.describe(layer.faults, call, pass_on())
    ),
    ("ec2", "DescribeVpcBlockPublicAccessExclusions"): lambda _layer, call, _: block_public.exclusions(call),
    ("ec2", "DescribeVpcBlockPublicAccessOptions"): lambda _layer, call, _: block_public.describe(call),
    ("ec2", "DetachNetworkInterface"): lambda _layer, call, pass_on: interfaces.detach(call, pass_on),
    ("ec2", "DisassociateKmsKeyId"): lambda layer, call, _: layer.vault.disassociate(call),
    ("ec2", "GetConsoleOutput"): lambda layer, call, pass_on: layer.consoles.output(call, pass_on()),
    ("ec2", "GetConsoleScreenshot"): lambda layer, call, _: layer.consoles.screenshot(call),
    ("ec2", "LockSnapshot"): lambda layer, call, _: layer.vault.lock(call),
    ("ec2", "ModifyNetworkInterfaceAttribute"): lambda _layer, call, pass_on: interfaces.modify(call, pass_on),
    ("ec2", "ModifyVpcBlockPublicAccessOptions"): lambda _layer, call, _: block_public.modify(call),
    ("ec2", "SendDiagnosticInterrupt"): lambda layer, call, _: layer.consoles.interrupt(call),
    ("ec2", "UnlockSnapshot"): lambda layer, call, _: layer.vault.unlock(call),
    ("ecr", "CompleteLayerUpload"): lambda _layer, call, pass_on: code.complete_layer_upload(call, pass_on),
    ("ecr", "GetDownloadUrlForLayer"): lambda _layer, call, _: code.get_layer(call),
    ("eks", "DescribeCluster"): lambda _layer, call, pass_on: clusters.describe(call, pass_on),
    ("eks", "UpdateClusterConfig"): lambda _layer, call, pass_on: clusters.update(call, pass_on),
    ("iam", "AttachUserPolicy"): lambda _layer, call, pass_on: iam.attach_user_policy(call, pass_on),
    ("iam", "CreateAccessKey"): lambda layer, call, pass_on: layer.root.answer(
        call, lambda: iam.create_access_key(call, pass_on)
    ),
    ("iam", "DeleteUserPermissionsBoundary"): lambda _layer, call, _: iam.delete_user_boundary(call),
    ("iam", "PutUserPermissionsBoundary"): lambda _layer, call, _: iam.put_user_boundary(call),
    ("iam", "SimulatePrincipalPolicy"): lambda _layer, call, _: policies.simulate(call),
    ("identitystore", "DescribeUser"): lambda layer, call, pass_on: layer.center.describe_user(call, pass_on),
    ("identitystore", "UpdateUser"): lambda layer, call, _: layer.center.update_user(call),
    ("lambda", "GetFunction"): lambda _layer, call, pass_on: code.get_function(call, pass_on()),
    ("lambda", "GetLayerVersionByArn"): lambda _layer, call, _: code.get_layer_version(call),
    ("rolesanywhere", "CreateTrustAnchor"): lambda layer, call, _: layer.anchors.create(call),
    ("rolesanywhere", "DisableTrustAnchor"): lambda layer, call, _: layer.anchors.switch(call, on=False),
    ("rolesanywhere", "EnableTrustAnchor"): lambda layer, call, _: layer.anchors.switch(call, on=True),
    ("rolesanywhere", "GetTrustAnchor"): lambda layer, call, _: layer.anchors.told(call),
    ("rolesanywhere", "ListTrustAnchors"): lambda layer, _call, _: layer.anchors.listed(),
    ("ssm", "CancelCommand"): lambda layer, call, pass_on: layer.agents.cancel_command(call, pass_on),
    ("ssm", "DescribeDocument"): lambda layer, call, pass_on: layer.agents.describe_document(call, pass_on),
    ("ssm", "DescribeInstanceInformation"): lambda layer, call, pass_on: layer.agents.describe_instance_information(
        call, pass_on
    ),
    ("ssm", "DescribeSessions"): lambda layer, call, _: layer.shells.describe(call),
    ("ssm", "GetCommandInvocation"): lambda layer, call, pass_on: layer.agents.get_command_invocation(call, pass_on),
    ("ssm", "SendCommand"): lambda layer, call, pass_on: layer.agents.send_command(call, pass_on),
    ("ssm", "StartSession"): lambda layer, call, _: layer.shells.start(call),
    ("ssm", "TerminateSession"): lambda layer, call, _: layer.shells.terminate(call),
    ("sso", "DeleteInlinePolicyFromPermissionSet"): lambda layer, call, pass_on: layer.center.change_policy(
        call, pass_on
    ),
    ("sso", "ListAccountsForProvisionedPermissionSet"): lambda layer, call, pass_on: layer.center.accounts(
        call, pass_on
    ),
    ("sso", "ProvisionPermissionSet"): lambda layer, call, pass_on: layer.center.provision(call, pass_on),
    ("sso", "PutInlinePolicyToPermissionSet"): lambda layer, call, pass_on: layer.center.change_policy(call, pass_on),
    ("sts", "AssumeRole"): lambda layer, call, pass_on: layer.sessions.assume(call, pass_on),
    ("sts", "AssumeRoot"): lambda layer, call, _: layer.root.assume(call),
    **{("sqs", one): lambda _layer, call, pass_on: queues.answer(call, pass_on) for one in queues.OPERATIONS},
    **_all("ec2", serial_console.OPERATIONS),
    **_all("ec2", sharing.OPERATIONS),
    **_all("route53resolver", dns_firewall.OPERATIONS),
    **_all("route53resolver", query_logs.OPERATIONS),
    **_all("network-firewall", network_firewall.OPERATIONS),
    **_all("eks", access_entries.OPERATIONS),
    **_all("kubernetes", dict.fromkeys(OPERATIONS, kubernetes.answer)),
    **_all("guardduty", guardduty_findings.OPERATIONS),
    **_all("guardduty", guardduty_lists.OPERATIONS),
}


class Layer:
    """A WSGI application around another one. `machines` lists the instances of a region, for the agents."""

    faults: Faults
    agents: Agents
    lookups: lookups.Lookups
    vault: vault.Vault
    anchors: rolesanywhere.Anchors
    center: sso.Center
    root: root.Root
    climate: weather.Climate
    refreshes: Refreshes
    sessions: Sessions
    shells: Shells
    consoles: Consoles
    stacks: stacks.Stacks
    ahead: float = 0.0
    """Seconds by which the Date of its answers is ahead: simulations of playbooks wait without waiting."""

    def __init__(self, moto: WSGI, machines: Callable[[str], Mapping[str, Machine]]) -> None:
        self._moto = moto
        self.faults = Faults()
        self.agents = Agents(machines)
        self.lookups = lookups.Lookups()
        self.vault = vault.Vault()
        self.anchors = rolesanywhere.Anchors()
        self.center = sso.Center()
        self.root = root.Root()
        self.climate = weather.Climate()
        self.refreshes = Refreshes()
        self.sessions = Sessions()
        self.shells = Shells()
        self.consoles = Consoles(machines)
        self.stacks = stacks.Stacks()

    def forget(self) -> None:
        """Everything that is kept here, and not by moto."""
        self.faults.replace(b"[]")
        self.lookups.replace(b"[]")
        self.climate.replace(b"{}")
        for kept in (
            self.agents, self.anchors, self.center, self.consoles, self.refreshes, self.root, self.sessions, self.shells,
            self.stacks, self.vault,
        ):  # fmt: skip
            kept.forget()

    def reset(self) -> None:
        """A fresh account, as `POST /moto-api/reset` makes it."""
        from moto.moto_api._internal.models import moto_api_backend  # after the settings, see `server.py`

        self.forget()
        moto_api_backend.reset()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        controls = {CONTROL: self._control, weather.CONTROL: self._weather, lookups.CONTROL: self._recorded}
        if path in controls:
            return self._send(controls[path](environ), start_response)
        if path == code.DOWNLOADS:
            return self._send(code.download(environ.get("QUERY_STRING", "")), start_response)
        if path == "/moto-api/reset":
            self.forget()
        if path.startswith("/moto-api/"):
            return self._moto(environ, self._marked(start_response))
        inside = path.startswith(kubernetes.PREFIX)
        call = kubernetes.read(environ) if inside else read_call(environ)
        key = signer(environ)
        stopped = self.sessions.denies(key, call) or (
            None if self.climate.good else self.climate.stops(call, self.sessions.account(key))
        )
        if stopped is not None:
            _drain(environ)
            return self._send(stopped, start_response)
        fault = self.faults.take(call)
        addition = ADDITIONS.get((call.service, call.operation))
        if fault is None and addition is None and self.climate.good:
            return self._moto(environ, self._marked(start_response))
        return self._send(self._answer(environ, call, fault, addition), start_response)

    def _marked(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *self._dated(headers), SIMULATED], *rest)

        return start

    def _dated(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The Date header, as AWS sends it with every answer, where there is none yet."""
        known = any(name.lower() == "date" for name, _ in headers)
        return [] if known else [("Date", formatdate(time.time() + self.ahead, usegmt=True))]

    def _send(self, answer: Answer, start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = ("Content-Length", str(len(answer.body)))
        headers = [*answer.headers, length, *self._dated(answer.headers), SIMULATED]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    def _answer(self, environ: dict[str, Any], call: Call, fault: Fault | None, addition: Addition | None) -> Answer:
        if fault is not None and fault.error != "timeout":
            time.sleep(fault.seconds)
            broken = fault_answer(fault, call)
            if broken is not None:
                _drain(environ)
                return broken

        def pass_on() -> Answer:
            return _ask(self._moto, environ)

        answer = self.climate.passed(call, addition(self, call, pass_on) if addition else pass_on())
        if fault is not None and fault.error == "timeout":
            time.sleep(fault.seconds)
            _hang_up(environ)
        return answer

    def _control(self, environ: dict[str, Any]) -> Answer:
        if environ["REQUEST_METHOD"] == "POST":
            try:
                self.faults.replace(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
            except msgspec.MsgspecError as reason:
                return json_answer({"message": f"not a list of faults: {reason}"}, status=400)
        return json_answer(self.faults.current())

    def _weather(self, environ: dict[str, Any]) -> Answer:
        if environ["REQUEST_METHOD"] == "POST":
            try:
                self.climate.replace(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
            except msgspec.MsgspecError as reason:
                return json_answer({"message": f"no weather: {reason}"}, status=400)
        return json_answer({**msgspec.to_builtins(self.climate.now), "refused": self.climate.refused})

    def _recorded(self, environ: dict[str, Any]) -> Answer:
        try:
            self.lookups.replace(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        except (msgspec.MsgspecError, KeyError) as reason:
            return json_answer({"message": f"not a list of CloudTrail records: {reason}"}, status=400)
        return json_answer({})


def _ask(app: WSGI, environ: dict[str, Any]) -> Answer:
    """Call an application and hold its answer, so that it can be changed."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body = joined(app(environ, lambda status, headers, *_: started.append((status, headers))))
    status, headers = started[0]
    kept = tuple((name, value) for name, value in headers if name.lower() != "content-length")
    return Answer(status=int(status.split(" ", 1)[0]), headers=kept, body=body)


def _drain(environ: dict[str, Any]) -> None:
    """Read what is left of the body: on a connection that is kept, it would be taken for the next request."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        stream.read()
    else:
        stream.read(int(environ.get("CONTENT_LENGTH") or 0))


def _hang_up(environ: dict[str, Any]) -> None:
    """Cut the connection: the call was carried out and its answer is lost. Always raises; the server expects this kind."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("simulated: the answer is lost")
