"""The root user of a member account, which moto lacks: AssumeRoot, and what root has.

AWS STS API Reference, AssumeRoot; the operations of IAM without a user name are root's. Simplified: it is the root user of the account that
AssumeRoot was last called for, its task is not looked at, and what root has is made through the ordinary calls without a user name.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.sax.saxutils import escape

from hikeshi.simulation.wire import Answer, Call, error_answer

PassOn = Callable[[], Answer]

SPACES: Final = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
KEY: Final = "AKIASIMULATEDROOT001"


class Root:
    """What the root users have, by account: names of keys and devices, and "password"."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._has: dict[str, set[str]] = {}
        self._account = ""

    def assume(self, call: Call) -> Answer:
        self._account = str(call.params["TargetPrincipal"])
        until = (datetime.now(UTC) + timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {
            "AccessKeyId": "ASIASIMULATEDROOT001",
            "SecretAccessKey": "simulated",
            "SessionToken": "simulated",
            "Expiration": until,
        }
        return _told(call, f"<Credentials>{_tags(told)}</Credentials>")

    def answer(self, call: Call, pass_on: PassOn) -> Answer:
        """A call of IAM: root's where it names no user, otherwise moto's."""
        if "UserName" in call.params:
            return pass_on()
        has = self._has.setdefault(self._account, set())
        return CALLS[call.operation](call, has)


def _create_key(call: Call, has: set[str]) -> Answer:
    has.add(KEY)
    told = {"UserName": "root", "AccessKeyId": KEY, "Status": "Active", "SecretAccessKey": "simulated"}
    return _told(call, f"<AccessKey>{_tags(told)}</AccessKey>")


def _list_keys(call: Call, has: set[str]) -> Answer:
    told = {"AccessKeyId": KEY, "Status": "Active", "CreateDate": _MADE}
    return _list(call, "AccessKeyMetadata", [told] if KEY in has else [])


def _create_password(call: Call, has: set[str]) -> Answer:
    has.add("password")
    return _password(call, has)


def _password(call: Call, has: set[str]) -> Answer:
    if "password" not in has:
        return error_answer(call, 404, "NoSuchEntity", "Root has no password (simulated).")
    told = {"UserName": "root", "CreateDate": _MADE, "PasswordResetRequired": "false"}
    return _told(call, f"<LoginProfile>{_tags(told)}</LoginProfile>")


def _delete_password(call: Call, has: set[str]) -> Answer:
    return _remove(call, has, "password")


def _delete_key(call: Call, has: set[str]) -> Answer:
    return _remove(call, has, str(call.params.get("AccessKeyId")))


def _remove(call: Call, has: set[str], name: str) -> Answer:
    if name not in has:
        return error_answer(call, 404, "NoSuchEntity", "Root has no such thing (simulated).")
    has.remove(name)
    return _told(call, "")


def _no_devices(call: Call, has: set[str]) -> Answer:
    del has
    return _list(call, "MFADevices", [])


def _no_certificates(call: Call, has: set[str]) -> Answer:
    del has
    return _list(call, "Certificates", [])


CALLS: Final[dict[str, Callable[[Call, set[str]], Answer]]] = {
    "CreateAccessKey": _create_key,
    "CreateLoginProfile": _create_password,
    "DeleteAccessKey": _delete_key,
    "DeleteLoginProfile": _delete_password,
    "GetLoginProfile": _password,
    "ListAccessKeys": _list_keys,
    "ListMFADevices": _no_devices,
    "ListSigningCertificates": _no_certificates,
}
_MADE: Final = "2024-01-01T00:00:00Z"


def _tags(told: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())


def _list(call: Call, items: str, listed: list[dict[str, str]]) -> Answer:
    members = "".join(f"<member>{_tags(one)}</member>" for one in listed)
    return _told(call, f"<{items}>{members}</{items}><IsTruncated>false</IsTruncated>")


def _told(call: Call, inner: str) -> Answer:
    meta = "<ResponseMetadata><RequestId>simulated</RequestId></ResponseMetadata>"
    result = f"<{call.operation}Result>{inner}</{call.operation}Result>"
    space = SPACES[call.service]
    body = f'<{call.operation}Response xmlns="{space}">{result}{meta}</{call.operation}Response>'
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())
