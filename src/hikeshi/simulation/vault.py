"""Locks and second keys of snapshots, which moto lacks.

LockSnapshot, UnlockSnapshot and DescribeLockedSnapshots as the EC2 API reference has them, DeleteSnapshot refused while a lock stands;
AssociateKmsKeyId and DisassociateKmsKeyId, whose keys DescribeSnapshots then tells. Simplified: whether a key exists, and whether it is
of the right region, is not looked at; a lock runs from its making, also where the snapshot is pending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer

LONGEST_DAYS: Final = 36_500
LONGEST_COOL_OFF: Final = 72


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """One lock; `cool_off` is in hours, and only of compliance mode."""

    mode: str
    days: int
    made: datetime
    cool_off: int = 0

    @property
    def expires(self) -> datetime:
        return self.made + timedelta(days=self.days)

    def state(self, now: datetime) -> str:
        if now >= self.expires:
            return "expired"
        cooling = self.mode == "compliance" and now < self.made + timedelta(hours=self.cool_off)
        return "compliance-cooloff" if cooling else self.mode


class Vault:
    """The locks and the keys. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._mutex = threading.Lock()
        self._locks: dict[str, Lock] = {}
        self._keys: dict[str, set[str]] = {}

    def forget(self) -> None:
        with self._mutex:
            self._locks.clear()
            self._keys.clear()

    def lock(self, call: Call) -> Answer:
        name = call.params.get("SnapshotId", "")
        if _snapshot(call) is None:
            return _unknown(call)
        wanted = Lock(
            mode=call.params.get("LockMode", ""), days=int(call.params.get("LockDuration", 0)), made=self._clock(),
            cool_off=int(call.params.get("CoolOffPeriod", 0)),
        )  # fmt: skip
        with self._mutex:
            if reason := _wrong(wanted, self._locks.get(name), self._clock()):
                return error_answer(call, 400, "InvalidParameterCombination", reason)
            self._locks[name] = wanted
        return _answer("LockSnapshot", _told(name, wanted, self._clock()))

    def unlock(self, call: Call) -> Answer:
        name = call.params.get("SnapshotId", "")
        with self._mutex:
            found = self._locks.get(name)
            if found is None:
                return error_answer(call, 400, "SnapshotLockNotFound", "The snapshot is not locked.")
            if found.state(self._clock()) == "compliance":
                return error_answer(call, 400, "SnapshotLocked", "A lock in compliance mode cannot be taken off.")
            del self._locks[name]
        return _answer("UnlockSnapshot", f"<snapshotId>{escape(name)}</snapshotId>")

    def describe(self, call: Call) -> Answer:
        asked = {value for key, value in call.params.items() if key.startswith("SnapshotId.")}
        with self._mutex:
            found = {name: lock for name, lock in sorted(self._locks.items()) if not asked or name in asked}
        items = "".join(f"<item>{_told(name, lock, self._clock())}</item>" for name, lock in found.items())
        return _answer("DescribeLockedSnapshots", f"<snapshotSet>{items}</snapshotSet>")

    def delete(self, call: Call, pass_on: Callable[[], Answer]) -> Answer:
        """DeleteSnapshot: refused while a lock stands."""
        with self._mutex:
            found = self._locks.get(call.params.get("SnapshotId", ""))
        if found is not None and found.state(self._clock()) != "expired":
            return error_answer(call, 400, "SnapshotLocked", "The snapshot is locked and cannot be deleted.")
        return pass_on()

    def associate(self, call: Call) -> Answer:
        snapshot = _snapshot(call)
        if snapshot is None:
            return _unknown(call)
        if not snapshot.encrypted:
            return error_answer(call, 400, "InvalidParameterValue", "The snapshot is not encrypted.")
        with self._mutex:
            self._keys.setdefault(snapshot.id, set()).add(call.params["KmsKeyId"])
        return _answer("AssociateKmsKeyId", "<return>true</return>")

    def disassociate(self, call: Call) -> Answer:
        with self._mutex:
            self._keys.get(call.params.get("SnapshotId", ""), set()).discard(call.params["KmsKeyId"])
        return _answer("DisassociateKmsKeyId", "<return>true</return>")

    def with_keys(self, answer: Answer) -> Answer:
        """DescribeSnapshots: an answer that tells the second keys as well."""
        body = answer.body
        with self._mutex:
            for name, keys in ((name, keys) for name, keys in self._keys.items() if keys):
                items = "".join(f"<item><kmsKeyId>{escape(key)}</kmsKeyId></item>" for key in sorted(keys))
                told = f"<snapshotId>{name}</snapshotId>"
                body = body.replace(told.encode(), f"{told}<associatedKmsKeySet>{items}</associatedKmsKeySet>".encode())
        return msgspec.structs.replace(answer, body=body)


def _wrong(wanted: Lock, there: Lock | None, now: datetime) -> str:
    """Why EC2 would refuse; "" where it would not."""
    if wanted.mode not in ("compliance", "governance") or not 1 <= wanted.days <= LONGEST_DAYS:
        return "A lock needs a mode, and a duration of 1 to 36500 days."
    if wanted.cool_off and (wanted.mode == "governance" or not 1 <= wanted.cool_off <= LONGEST_COOL_OFF):
        return "A cool-off period of 1 to 72 hours goes with compliance mode only."
    if there is not None and there.state(now) == "compliance":
        longer = wanted.mode == "compliance" and not wanted.cool_off and wanted.expires >= there.expires
        return "" if longer else "A lock in compliance mode can only be made longer."
    return ""


def _told(name: str, lock: Lock, now: datetime) -> str:
    told: Mapping[str, Any] = {
        "ownerId": cast.ACCOUNT, "snapshotId": name, "lockState": lock.state(now), "lockDuration": lock.days,
        "lockCreatedOn": _time(lock.made), "lockDurationStartTime": _time(lock.made), "lockExpiresOn": _time(lock.expires),
        **({"coolOffPeriod": lock.cool_off, "coolOffPeriodExpiresOn": _time(lock.made + timedelta(hours=lock.cool_off))} if lock.cool_off else {}),
    }  # fmt: skip
    return "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in told.items())


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _snapshot(call: Call) -> Any:
    from moto.ec2.models import ec2_backends  # after SETTINGS: moto reads them when it is imported

    backend: Any = ec2_backends[cast.ACCOUNT][call.region]
    return backend.snapshots.get(call.params.get("SnapshotId", ""))


def _unknown(call: Call) -> Answer:
    return error_answer(call, 400, "InvalidSnapshot.NotFound", "The snapshot does not exist.")


def _answer(operation: str, inner: str) -> Answer:
    body = (
        f'<{operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>simulated</requestId>'
        f"{inner}</{operation}Response>"
    )
    return Answer(status=200, headers=(("Content-Type", "text/xml"),), body=body.encode())
