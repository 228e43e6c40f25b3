"""CloudTrail records as CloudTrail writes them.

Shape: "CloudTrail record contents" in the CloudTrail user guide, event version 1.09. Times have whole seconds.
"""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hikeshi.simulation import cast

GLOBAL_REGION: Final = "us-east-1"
GLOBAL_SERVICES: Final = frozenset({"iam", "signin"})
"""Their events are recorded in us-east-1, whatever region the caller works in."""
READS: Final = ("AssumeRole", "BatchCheck", "Describe", "Get", "List", "Lookup")


class Who(msgspec.Struct, frozen=True):
    """A caller: the record's `userIdentity`, where it calls from (an address or a service) and with what."""

    identity: Mapping[str, Any]
    address: str
    agent: str

    @property
    def arn(self) -> str:
        return str(self.identity.get("arn", self.identity.get("invokedBy", "")))


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One call: when (epoch seconds), who, which service and operation, and how it went. `error` is (code, message) or empty."""

    at: int
    who: Who
    service: str
    name: str
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None
    error: tuple[str, str] | tuple[()] = ()
    region: str = cast.REGION
    more: Mapping[str, Any] = {}


def user(name: str, key: str, address: str, agent: str) -> Who:
    """An IAM user with a long-term key, or without one when the key is empty, as at a sign-in."""
    identity = {
        "type": "IAMUser",
        "principalId": unique_id("AIDA", name),
        "arn": f"arn:aws:iam::{cast.ACCOUNT}:user/{name}",
        "accountId": cast.ACCOUNT,
        **({"accessKeyId": key} if key else {}),
        "userName": name,
    }
    return Who(identity, address, agent)


def assumed(
    role: str, session: str, address: str, agent: str, *, key: str = "", role_id: str = "", mfa: bool = False
) -> Who:
    """A session of a role. Made-up ids are the same for the same names."""
    principal = role_id or unique_id("AROA", role)
    identity = {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::{cast.ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": cast.ACCOUNT,
        "accessKeyId": key or unique_id("ASIA", f"{role} {session}"),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": f"arn:aws:iam::{cast.ACCOUNT}:role/{role}",
                "accountId": cast.ACCOUNT,
                "userName": role,
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": "2025-01-01T00:00:00Z", "mfaAuthenticated": str(mfa).lower()},
        },
    }
    return Who(identity, address, agent)


def service(host: str) -> Who:
    """An AWS service acting for itself: no address, the service's name stands everywhere."""
    return Who({"type": "AWSService", "invokedBy": host}, host, host)


def unique_id(prefix: str, name: str) -> str:
    """A made-up id of IAM's shape that ends in EXAMPLE, so that no secret scanner and no reader takes it for a real one."""
    return f"{prefix}{hashlib.sha256(name.encode()).hexdigest()[:9].upper()}EXAMPLE"


def denied(who: Who, service_name: str, name: str) -> tuple[str, str]:
    """The error of a call that no policy allows, with the code the service uses."""
    code = "Client.UnauthorizedOperation" if service_name == "ec2" else "AccessDenied"
    reason = f"because no identity-based policy allows the {service_name}:{name} action"
    return code, f"User: {who.arn} is not authorized to perform: {service_name}:{name} on resource: * {reason}"


def iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def region_of(act: Act) -> str:
    return GLOBAL_REGION if act.service in GLOBAL_SERVICES else act.region


def record(act: Act, chance: random.Random) -> dict[str, Any]:
    """The record CloudTrail would write of this call."""
    region = region_of(act)
    is_login = act.name == "ConsoleLogin"
    written: dict[str, Any] = {
        "eventVersion": "1.09",
        "userIdentity": _identity(act),
        "eventTime": iso(act.at),
        "eventSource": f"{act.service}.amazonaws.com",
        "eventName": act.name,
        "awsRegion": region,
        "sourceIPAddress": act.who.address,
        "userAgent": act.who.agent,
    }
    if act.error:
        written |= {"errorCode": act.error[0], "errorMessage": act.error[1]}
    written |= {
        "requestParameters": act.request,
        "responseElements": act.response,
        **act.more,
        "requestID": _uuid(chance),
        "eventID": _uuid(chance),
        "readOnly": act.name.startswith(READS),
        "eventType": "AwsConsoleSignIn" if is_login else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": cast.ACCOUNT,
        "eventCategory": "Management",
    }
    if "." in act.who.address and not act.who.address.endswith(".amazonaws.com"):
        host = (
            f"{act.service}.amazonaws.com"
            if act.service in GLOBAL_SERVICES
            else f"{act.service}.{region}.amazonaws.com"
        )
        cipher = "TLS_AES_128_GCM_SHA256"
        written["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": cipher, "clientProvidedHostHeader": host}
    return written


def _identity(act: Act) -> dict[str, Any]:
    """The identity with the session's beginning: sessions last an hour and are counted from the full hour before the call."""
    identity = dict(act.who.identity)
    context = identity.get("sessionContext")
    if context is not None:
        attributes = {**context["attributes"], "creationDate": iso(act.at // 3600 * 3600)}
        identity["sessionContext"] = {**context, "attributes": attributes}
    return identity


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
