"""What moto's interfaces lack: idle timeouts, an automatic public address taken or given, and what ends with the instance.

EC2 API Reference, ModifyNetworkInterfaceAttribute (ConnectionTrackingSpecification, AssociatePublicIpAddress, Attachment) and
DetachNetworkInterface. moto accepts the first two and forgets them. Kept on moto's own interface, so forgotten with the account.
Simplified: timeouts that are all at their default are told as not set; a new automatic address is there at once; no packet flows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer

TIMEOUTS: Final = {"TcpEstablishedTimeout": 432_000, "UdpStreamTimeout": 180, "UdpTimeout": 30}
"""The defaults, in seconds."""
LIMITS: Final = {"TcpEstablishedTimeout": (60, 432_000), "UdpStreamTimeout": (60, 180), "UdpTimeout": (30, 60)}
ID: Final = re.compile(rb"<networkInterfaceId>(?P<id>eni-[0-9a-f]+)</networkInterfaceId>")
FORM: Final = "ConnectionTrackingSpecification."


def interfaces(region: str) -> dict[str, Any]:
    """Moto's interfaces of a region, by id."""
    from moto.ec2.models import ec2_backends  # moto is there only for drills and tests, and slow to import

    found: dict[str, Any] = ec2_backends[cast.ACCOUNT][region].enis
    return found


def modify(call: Call, pass_on: Callable[[], Answer]) -> Answer:
    asked = {name: int(call.params[FORM + name]) for name in TIMEOUTS if FORM + name in call.params}
    for name, seconds in asked.items():
        least, most = LIMITS[name]
        if not least <= seconds <= most:
            return error_answer(call, 400, "InvalidParameterValue", f"{name} is {seconds} (simulated).")
    answer = pass_on()
    eni = interfaces(call.region).get(call.params.get("NetworkInterfaceId", ""))
    if answer.status != 200 or eni is None:
        return answer
    if asked:
        eni.hikeshi_timeouts = {**getattr(eni, "hikeshi_timeouts", TIMEOUTS), **asked}
    if (public := call.params.get("AssociatePublicIpAddress")) is not None:
        eni.public_ip_auto_assign = public == "true"
        eni.public_ip = None
        eni.check_auto_public_ip()
    if (ends := call.params.get("Attachment.DeleteOnTermination")) is not None:
        eni.delete_on_termination = ends == "true"
    return answer


def describe(call: Call, answer: Answer) -> Answer:
    known = interfaces(call.region)

    def with_timeouts(found: re.Match[bytes]) -> bytes:
        timeouts = getattr(known.get(found["id"].decode()), "hikeshi_timeouts", TIMEOUTS)
        if timeouts == TIMEOUTS:
            return found[0]
        told = "".join(f"<{name[0].lower()}{name[1:]}>{seconds}</{name[0].lower()}{name[1:]}>" for name, seconds in timeouts.items())  # fmt: skip
        return found[0] + f"<connectionTrackingConfiguration>{told}</connectionTrackingConfiguration>".encode()

    return Answer(status=answer.status, headers=answer.headers, body=ID.sub(with_timeouts, answer.body))


def detach(call: Call, pass_on: Callable[[], Answer]) -> Answer:
    """An interface that is attached again later does not end with the instance until that is asked for."""
    detached = [eni for eni in interfaces(call.region).values() if eni.attachment_id == call.params.get("AttachmentId")]
    answer = pass_on()
    for eni in detached:
        eni.delete_on_termination = eni.attachment_id is not None and eni.delete_on_termination
    return answer
