"""The Systems Manager agent of the simulated instances: it receives commands and really carries out the memory script.

moto accepts every command for every instance and says "Success" with empty output. Here an instance that is unknown or not running is
refused, and so is one whose document does not hash to what was named; one tagged `sim:agent=offline`, or without a path (no interface with a group that lets HTTPS out), does not pick its command up
while that is so, and the command times out; the others carry it out: the command is `Pending`, then `InProgress`, then `Success` or
`Failed`, as on AWS. Triage and the firewall of a host are played by `host.py`; `sim:platform=Windows` makes it Windows.

The contract with the memory script: a line of the command text reads

    # hikeshi-memory list=<presigned URL>

The list is JSON, `{"parts": [url, ...], "part_bytes": n}`. The memory image is cut into parts of `part_bytes` bytes, each is PUT to its
URL, and the last line of the output is one JSON object: `tool`, `tool_sha256`, `bytes`, `sha256` (of the whole image), `parts`
(`number` from 1, `etag` as the server answered it) and `kernel`.

API: SendCommand, GetCommandInvocation, CancelCommand, DescribeDocument and DescribeInstanceInformation in the Systems Manager API reference.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec

from hikeshi.simulation.host import Host, carry_out
from hikeshi.simulation.memory import image_of
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

MEMORY_LIST: Final = re.compile(r"^\s*# hikeshi-memory list=(\S+)\s*$", re.MULTILINE)
TOOL: Final = "avml (simulated)"
KERNEL: Final = "6.1.115-126.197.amzn2023.x86_64"
UPLOAD_SECONDS: Final = 30.0
DOCUMENTS: Final = {
    name: hashlib.sha256(name.encode()).hexdigest() for name in ("AWS-RunPowerShellScript", "AWS-RunShellScript")
}
"""AWS's own, which moto does not have, and what they hash to here."""
OVER: Final = frozenset({"Cancelled", "Failed", "Success"})


class Machine(msgspec.Struct, frozen=True):
    """What the agent must know of an instance."""

    id: str
    state: str
    tags: Mapping[str, str]
    reachable: bool = True
    """Whether a group of an interface lets the agent reach Systems Manager. Connections that are tracked already are not simulated."""

    @property
    def answers(self) -> bool:
        return self.reachable and self.tags.get("sim:agent") != "offline"


class Waiting(msgspec.Struct, frozen=True):
    """A command no agent has picked up yet: its text, and until when it may (seconds since the epoch)."""

    text: str
    until: float


class Agents:
    """All agents of the account. `machines` lists the instances of a region; `pass_on` hands a call on to moto."""

    def __init__(self, machines: Callable[[str], Mapping[str, Machine]]) -> None:
        self._machines = machines
        self._lock = threading.Lock()
        self._invocations: dict[tuple[str, str], dict[str, Any]] = {}
        self._waiting: dict[tuple[str, str], Waiting] = {}
        self._results: dict[tuple[str, str], dict[str, Any]] = {}
        self._hosts: dict[str, Host] = {}

    def forget(self) -> None:
        with self._lock:
            for kept in (self._invocations, self._waiting, self._results, self._hosts):
                kept.clear()

    def send_command(self, call: Call, pass_on: Callable[[], Answer]) -> Answer:
        """Refuse what no agent could receive, let moto keep the books, and let the agents begin."""
        machines = self._machines(call.region)
        ids = list(call.params.get("InstanceIds", []))
        lost = [one for one in ids if one not in machines or machines[one].state != "running"]
        if lost:
            return error_answer(
                call, 400, "InvalidInstanceId", f"Instances [[{', '.join(lost)}]] not in a valid state for account"
            )
        document = str(call.params.get("DocumentName", ""))
        if call.params.get("DocumentHash", DOCUMENTS.get(document)) != DOCUMENTS.get(document):
            return error_answer(call, 400, "InvalidDocument", f"{document} does not have that hash (simulated).")
        answer = pass_on()
        if answer.status != 200:
            return answer
        accepted = answer.json()
        command = accepted["Command"]
        command.update(Status="Pending", StatusDetails="Pending", CompletedCount=0)
        for one in ids:
            self._deliver(command["CommandId"], machines[one], call.params)
        return json_answer(accepted)

    def describe_document(self, call: Call, pass_on: Callable[[], Answer]) -> Answer:
        name = str(call.params.get("Name", ""))
        if name not in DOCUMENTS:
            return pass_on()
        told = {"Name": name, "Hash": DOCUMENTS[name], "HashType": "Sha256", "DocumentVersion": "1", "Status": "Active"}
        return json_answer({"Document": told})

    def _deliver(self, command_id: str, machine: Machine, params: Mapping[str, Any]) -> None:
        invocation = {
            "CommandId": command_id,
            "InstanceId": machine.id,
            "DocumentName": params.get("DocumentName", ""),
            "Comment": params.get("Comment", ""),
            "PluginName": "aws:runShellScript",
            "ResponseCode": -1,
            "Status": "Pending",
            "StatusDetails": "Pending",
            "StandardOutputContent": "",
            "StandardErrorContent": "",
        }
        text = "\n".join(line for value in params.get("Parameters", {}).values() for line in value)
        until = time.time() + int(params.get("TimeoutSeconds") or 3600)
        key = command_id, machine.id
        with self._lock:
            self._invocations[key] = invocation
            self._waiting[key] = Waiting(text, until)
        if machine.answers:
            self._start(key)

    def _start(self, key: tuple[str, str]) -> None:
        """The agent has picked the command up. A memory capture takes its time; the rest is done at once, and told at the second look."""
        with self._lock:
            waiting, invocation = self._waiting.pop(key, None), self._invocations[key]
            host = self._hosts.setdefault(key[1], Host(key[1]))
        if waiting is None:
            return
        if MEMORY_LIST.search(waiting.text):
            threading.Thread(target=self._carry_out, args=(invocation, waiting.text), daemon=True).start()
            return
        code, output = carry_out(host, waiting.text)
        self._note(
            invocation, Status="InProgress", StatusDetails="InProgress", ExecutionStartDateTime=_iso(time.time())
        )
        status = "Failed" if code else "Success"
        ended = {"Status": status, "StatusDetails": status, "ResponseCode": code, "StandardOutputContent": output}
        with self._lock:
            self._results[key] = ended

    def _carry_out(self, invocation: dict[str, Any], text: str) -> None:
        started = time.time()
        self._note(invocation, Status="InProgress", StatusDetails="InProgress", ExecutionStartDateTime=_iso(started))
        code, output, error = 0, "", ""
        try:
            output = run_script(text, invocation["InstanceId"])
        except ScriptEnded as ended:
            code, error = ended.code, f"hikeshi: {ended}\n"
        status = "Failed" if code else "Success"
        self._note(
            invocation,
            Status=status,
            StatusDetails=status,
            ResponseCode=code,
            StandardOutputContent=output,
            StandardErrorContent=error,
            ExecutionElapsedTime=f"PT{time.time() - started:.3f}S",
            ExecutionEndDateTime=_iso(time.time()),
        )

    def _note(self, invocation: dict[str, Any], **fields: Any) -> None:
        with self._lock:
            if invocation["Status"] not in OVER:
                invocation.update(fields)

    def get_command_invocation(self, call: Call, _pass_on: Callable[[], Answer]) -> Answer:
        key = (call.params.get("CommandId", ""), call.params.get("InstanceId", ""))
        if key not in self._invocations:
            return error_answer(call, 400, "InvocationDoesNotExist", f"No invocation of {key[0]} on {key[1]}")
        if waiting := self._waiting.get(key):
            machine = self._machines(call.region).get(key[1])
            if time.time() > waiting.until:
                self._waiting.pop(key, None)
                self._note(self._invocations[key], Status="TimedOut", StatusDetails="DeliveryTimedOut")
            elif machine is not None and machine.state == "running" and machine.answers:
                self._start(key)
        with self._lock:
            told = dict(self._invocations[key])
            if key in self._results:  # told at the next look
                self._invocations[key].update(self._results.pop(key))
        return json_answer(told)

    def cancel_command(self, call: Call, _pass_on: Callable[[], Answer]) -> Answer:
        with self._lock:
            mine = [
                it for (command_id, _), it in self._invocations.items() if command_id == call.params.get("CommandId")
            ]
        if not mine:
            return error_answer(call, 400, "InvalidCommandId", "No such command")
        for invocation in mine:
            self._note(invocation, Status="Cancelled", StatusDetails="Cancelled")
        return json_answer({})

    def describe_instance_information(self, call: Call, _pass_on: Callable[[], Answer]) -> Answer:
        wanted = _wanted_ids(call.params)
        machines = self._machines(call.region).values()
        return json_answer(
            {
                "InstanceInformationList": [
                    _information(machine)
                    for machine in machines
                    if machine.state == "running" and (wanted is None or machine.id in wanted)
                ]
            }
        )


def _wanted_ids(params: Mapping[str, Any]) -> set[str] | None:
    """The instance ids asked for, in either of the two spellings the API has; None for all."""
    for item in params.get("Filters", []):
        if item["Key"] == "InstanceIds":
            return set(item["Values"])
    for item in params.get("InstanceInformationFilterList", []):
        if item["key"] == "InstanceIds":
            return set(item["valueSet"])
    return None


def _information(machine: Machine) -> dict[str, Any]:
    windows = machine.tags.get("sim:platform") == "Windows"
    return {
        "InstanceId": machine.id,
        "PingStatus": "Online" if machine.answers else "ConnectionLost",
        "LastPingDateTime": time.time() - (20 if machine.answers else 7200),
        "AgentVersion": "3.3.1345.0",
        "IsLatestVersion": True,
        "PlatformType": "Windows" if windows else "Linux",
        "PlatformName": "Microsoft Windows Server 2022 Datacenter" if windows else "Amazon Linux",
        "PlatformVersion": "10.0.20348" if windows else "2023",
        "ResourceType": "EC2Instance",
    }


class PartList(msgspec.Struct, frozen=True):
    """Where the parts of a memory image go: one presigned URL a part, each of `part_bytes` bytes except the last."""

    parts: list[str]
    part_bytes: Annotated[int, msgspec.Meta(ge=1)]


class ScriptEnded(Exception):
    """The script ended with `code`, numbered as the real one does: 5 image larger than planned, 6 a part, 8 the list."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def run_script(text: str, instance_id: str) -> str:
    """Carry out a command's text. Only the memory script does anything; its output is one JSON line, others have none.

    Raises `ScriptEnded` where the real script would end with a code other than 0.
    """
    found = MEMORY_LIST.search(text)
    if found is None:
        return ""
    wanted = _fetch_list(found[1])
    image = image_of(instance_id)
    chunks = [image[start : start + wanted.part_bytes] for start in range(0, len(image), wanted.part_bytes)]
    if len(chunks) > len(wanted.parts):
        raise ScriptEnded(5, f"the image is larger than planned ({len(image)} bytes)")
    pairs = zip(wanted.parts, chunks, strict=False)
    parts = [{"number": number, "etag": _put(number, url, chunk)} for number, (url, chunk) in enumerate(pairs, start=1)]
    result = {
        "tool": TOOL,
        "tool_sha256": hashlib.sha256(TOOL.encode()).hexdigest(),
        "bytes": len(image),
        "sha256": hashlib.sha256(image).hexdigest(),
        "parts": parts,
        "kernel": KERNEL,
    }
    return msgspec.json.encode(result).decode() + "\n"


def _fetch_list(url: str) -> PartList:
    try:
        with urllib.request.urlopen(url, timeout=UPLOAD_SECONDS) as reply:  # noqa: S310 -- the URL is the drill's own
            return msgspec.json.decode(reply.read(), type=PartList)
    except (OSError, ValueError) as reason:  # a URL that is none and a list that is none are both ValueErrors
        raise ScriptEnded(8, f"the list of part addresses could not be fetched: {reason}") from reason


def _put(number: int, url: str, chunk: bytes) -> str:
    try:
        request = urllib.request.Request(url, data=chunk, method="PUT")  # noqa: S310 -- as above
        # Without a type urllib says "form", which is not what was signed and not what this is.
        request.add_header("Content-Type", "")
        with urllib.request.urlopen(request, timeout=UPLOAD_SECONDS) as reply:  # noqa: S310 -- as above
            return str(reply.headers["ETag"]).strip('"')
    except (OSError, ValueError) as reason:
        raise ScriptEnded(6, f"part {number} could not be stored: {reason}") from reason


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))
