"""Windows event logs (.evtx), also carved chunks: what was written before and behind damage is kept, the rest counted by record id.

The raw record of an event is the JSON that the library makes of the binary XML; `offset` points to the binary record. The texts of
messages are not in the file but with the program that wrote them, so `message` is made from the fields. A record is one event, known
again in other copies (shadow copies, forwarded logs) by computer, channel, record id, provider and time: record ids begin anew when a
log is cleared. A record of which the end is zero (a torn write) is unreadable, although other tools show half of it.

References:
  https://github.com/libyal/libevtx/blob/main/documentation/Windows%20XML%20Event%20Log%20(EVTX).asciidoc
  https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-even6/18000371-ae6d-45f7-95f3-249cbe2be39b
  https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-systempropertiestype-complextype
  https://learn.microsoft.com/en-us/sysinternals/downloads/sysmon
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.evtx_chunks import CHUNK_MAGIC, FILE_MAGIC, Written, written
from hikeshi.events.source import Source
from hikeshi.events.times import instant

NAME = "evtx"
VERSION = "1"

BETWEEN = 11_644_473_600_000_000
"""Microseconds from 1601, where FILETIME begins, to 1970."""

AUDIT_FAILURE, AUDIT_SUCCESS = 1 << 52, 1 << 53
SEVERITY = {1: 90.0, 2: 60.0, 3: 40.0, 4: 10.0}
"""By level: critical, error, warning, information."""

LOGON = frozenset({"4624", "4625", "4634", "4647", "4648", "4672", "4768", "4769", "4771", "4776", "4778", "4779"})
PROCESS = frozenset({"4688", "4689"})
SYSMON_PROCESS = frozenset({"1", "5"})

NOTHING = frozenset({"", "-", "S-1-0-0", "LOCAL", "NULL SID"})
"""What stands for no value."""

TEXTS: dict[str, tuple[str, ...]] = {
    "actor_id": ("SubjectUserSid", "UserSid"),
    "actor_name": ("SubjectUserName", "User", "UserName", "Username"),
    "actor_account": ("SubjectDomainName",),
    "src_host": ("WorkstationName", "Workstation", "SourceHostname", "ClientName"),
    "dst_host": ("DestinationHostname", "TargetServerName"),
    "process": ("NewProcessName", "Image", "ProcessName", "Application", "SourceImage"),
    "parent": ("ParentProcessName", "ParentImage"),
    "cmdline": ("CommandLine", "ProcessCommandLine", "ImagePath"),
    "file_path": ("TargetFilename", "ImageLoaded"),
    "registry_key": ("TargetObject",),
}
"""Columns and the fields they are taken from; the first that says something counts."""

ADDRESSES = {
    "src_ip": ("IpAddress", "SourceAddress", "SourceIp", "ClientAddress", "ClientIP", "Address"),
    "dst_ip": ("DestAddress", "DestinationIp"),
}
NUMBERS = {
    "src_port": ("IpPort", "SourcePort"),
    "dst_port": ("DestPort", "DestinationPort"),
    "pid": ("NewProcessId", "ProcessId", "ProcessID"),
}
HASHES = re.compile(r"\b(MD5|SHA1|SHA256)=([0-9A-Fa-f]{32,64})\b")
LENGTHS = {"MD5": 32, "SHA1": 40, "SHA256": 64}
SHOWN = (
    "TargetUserName", "SubjectUserName", "User", "IpAddress", "NewProcessName", "Image", "CommandLine", "ServiceName",
    "ObjectName", "TargetFilename", "TargetObject", "ShareName", "RelativeTargetName", "DestinationIp", "QueryName",
)  # fmt: skip
"""Fields a message begins with."""

Fields = Mapping[str, Any]


def recognises(head: bytes) -> bool:
    return head.startswith((FILE_MAGIC, CHUNK_MAGIC))


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every record, in the order of the file."""
    for seq, record in enumerate(written(source), 1):
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            yield _event(record, seq)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            yield source.unreadable(f"the record has an unknown form ({error})", f"record id {record.number:,}")


def _event(record: Written, seq: int) -> Event:
    content = msgspec.json.decode(record.json)["Event"]
    system, fields = content["System"], _fields(content)
    number, provider = _text(system.get("EventID")), _attribute(system, "Provider", "Name")
    computer, channel = _text(system.get("Computer")), _text(system.get("Channel"))
    us, sub, raw_time = _time(_attribute(system, "TimeCreated", "SystemTime"), record)
    identity = _text(system.get("EventRecordID")) or str(record.number)
    outcome = _outcome(_text(system.get("Keywords")))
    target = _account(fields, "TargetDomainName", "TargetUserName")
    return Event(
        dedup_key=f"evtx:{computer}:{channel}:{identity}:{provider}:{us}:{sub}",
        ts=us,
        ts_sub=sub,
        ts_precision="100ns",
        ts_raw=raw_time or None,
        seq=seq,
        source_variant=channel or None,
        offset=record.offset,
        raw=record.json.encode("utf-8", "surrogatepass"),
        category=_category(number, provider),
        provider="windows",
        service=provider or None,
        action=number or "unknown",
        outcome=outcome,
        severity=SEVERITY.get(_number(system.get("Level")) or 0),
        error_code=_first(fields, ("SubStatus", "Status")) if outcome == "failure" else None,
        message=_message(provider, number, fields),
        resource_type="user" if target else None,
        resource_ids=[target] if target else None,
        host=computer or None,
        attrs=msgspec.json.encode({**fields, "System": system}),
        **_columns(fields, system),
    )


def _fields(content: Fields) -> dict[str, Any]:
    """The fields of EventData, or of the element inside UserData."""
    data = content.get("EventData")
    if data is None and isinstance(user := content.get("UserData"), dict):
        data = next((inner for name, inner in user.items() if name != "#attributes"), None)
    if not isinstance(data, dict):
        return {} if data is None else {"Data": data}
    return {name: value for name, value in data.items() if name != "#attributes"}


def _time(text: str, record: Written) -> tuple[int, int, str]:
    """Microseconds, the 100 ns below as nanoseconds, and the text. Where that cannot be read: when the record was written."""
    at = instant(text)
    if at is None:
        return record.filetime // 10 - BETWEEN, record.filetime % 10 * 100, text
    ticks = (at.us + BETWEEN) * 10
    if ticks <= record.filetime < ticks + 10:
        return at.us, record.filetime % 10 * 100, text
    for digit in range(10):  # the library shows microseconds; the whole time stands in the record
        if 0 <= ticks < 1 << 63 and struct.pack("<Q", ticks + digit) in record.binary:
            return at.us, digit * 100, text
    return at.us, 0, text


def _columns(fields: Fields, system: Fields) -> dict[str, Any]:
    values: dict[str, Any] = {column: _first(fields, names) for column, names in TEXTS.items()}
    for column, names in ADDRESSES.items():
        values[column] = next((found for name in names if name in fields and (found := _address(fields[name]))), None)
    for column, names in NUMBERS.items():
        read = (_number(fields[name]) for name in names if name in fields)
        values[column] = next((number for number in read if number is not None), None)
    for column in ("src_port", "dst_port"):
        values[column] = values[column] if 0 < (values[column] or 0) < 65536 else None
    for name, value in HASHES.findall(_first(fields, ("Hashes", "Hash")) or ""):
        if len(value) == LENGTHS[name]:
            values[f"hash_{name.lower()}"] = value.lower()
    values["pid"] = values["pid"] or None
    protocol = _first(fields, ("Protocol",))
    values["proto"] = {"6": "tcp", "17": "udp", "1": "icmp"}.get(protocol, protocol.lower()) if protocol else None
    return _object(fields, _actor(fields, system, values))


def _actor(fields: Fields, system: Fields, values: dict[str, Any]) -> dict[str, Any]:
    """Who did it: the subject; who logs on where the record names no subject; else the account that the log names."""
    if not values["actor_name"] and "SubjectUserSid" in fields:
        values["actor_id"] = _first(fields, ("TargetUserSid",))
        values["actor_name"] = _first(fields, ("TargetUserName",))
        values["actor_account"] = _first(fields, ("TargetDomainName",))
    values["actor_id"] = values["actor_id"] or _attribute(system, "Security", "UserID") or None
    domain, backslash, name = (values["actor_name"] or "").partition("\\")
    if backslash:
        values["actor_name"], values["actor_account"] = name, domain
    return values


def _object(fields: Fields, values: dict[str, Any]) -> dict[str, Any]:
    kind, name = _first(fields, ("ObjectType",)), _first(fields, ("ObjectName",))
    if kind == "File":
        values["file_path"] = values["file_path"] or name
    elif kind == "Key":
        values["registry_key"] = values["registry_key"] or name
    return values


def _outcome(keywords: str) -> str | None:
    bits = _bits(keywords) or 0
    if bits & AUDIT_FAILURE:
        return "failure"
    return "success" if bits & AUDIT_SUCCESS else None


def _category(number: str, provider: str) -> str | None:
    if provider == "Microsoft-Windows-Security-Auditing":
        return "login" if number in LOGON else "process" if number in PROCESS else None
    return "process" if provider == "Microsoft-Windows-Sysmon" and number in SYSMON_PROCESS else None


def _message(provider: str, number: str, fields: Fields) -> str:
    said = [name for name in SHOWN if name in fields] or list(fields)
    shown = (f"{name}={value}" for name in said[:6] if (value := _text(fields.get(name))) not in NOTHING)
    return f"{provider.removeprefix('Microsoft-Windows-') or 'Windows'} {number}: {', '.join(shown)}"[:500].rstrip(": ")


def _account(fields: Fields, domain: str, name: str) -> str | None:
    user, where = _first(fields, (name,)), _first(fields, (domain,))
    return f"{where}\\{user}" if user and where else user


def _first(fields: Fields, names: tuple[str, ...]) -> str | None:
    for name in names:
        if name in fields and (text := _text(fields[name])) not in NOTHING:
            return text
    return None


def _address(value: Any) -> str | None:
    return address(_text(value).removeprefix("::ffff:").strip())


def _number(value: Any) -> int | None:
    """A number, or its decimal or hexadecimal text; None where it is none or too large for a column."""
    found = _bits(value)
    return found if found is not None and 0 <= found < 1 << 63 else None


def _bits(value: Any) -> int | None:
    try:
        return int(_text(value), 0)
    except ValueError:
        return None


def _attribute(system: Fields, element: str, name: str) -> str:
    inner = system.get(element)
    attributes = inner.get("#attributes") if isinstance(inner, dict) else None
    return _text(attributes.get(name)) if isinstance(attributes, dict) else ""


def _text(value: Any) -> str:
    """A value as text: of an element with attributes its own, of several of the same name all."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        value = value.get("#text")
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return "" if value is None else str(value).strip()
