"""Linux audit logs (/var/log/audit/audit.log), raw and enriched, also with `node=` in front.

One event is the records of one `audit(seconds:serial)`: SYSCALL, EXECVE, CWD, PATH, SOCKADDR and PROCTITLE together say who ran what
where; records of programs (those with `msg='...'`) stand alone. Records of several events may be mixed: `OPEN` events are gathered at
once. Values that are no plain text are written in hexadecimal and read back. Numbers of system calls mean what they do on x86-64,
where the log was not enriched; other machines keep the number.

References:
  https://github.com/linux-audit/audit-documentation/wiki/SPEC-Audit-Event-Enrichment
  https://github.com/linux-audit/audit-documentation/wiki/SPEC-Writing-Good-Events
  https://man7.org/linux/man-pages/man8/auditd.8.html
  https://github.com/linux-audit/audit-userspace/blob/master/lib/x86_64_table.h
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.shape import most
from hikeshi.events.source import Line, Source

NAME = "auditd"
VERSION = "1"

OPEN = 16
"""Events whose records are gathered at the same time."""
RECORDS = 256
"""Records of one event that are read; a longer one is cut in two."""

_record = re.compile(
    r"(?:node=(\S+) )?type=([A-Z][A-Z0-9_]*(?:\[\d+\])?) msg=audit\((\d{1,11})\.(\d{1,9}):(\d{1,20})\):\s?(.*)",
    re.DOTALL,
).fullmatch
_shape = re.compile(rb"(?:node=\S+ )?type=[A-Z][A-Z0-9_]*(?:\[\d+\])? msg=audit\(\d+\.\d+:\d+\):")
_field = re.compile(r"""(?<![\w.-])([A-Za-z][\w.-]{0,64}(?:\[\d+\])?)=("[^"]*"|'[^']*'|\{[^}]{0,1024}\}|[^\s\x1d]*)""")
_hexadecimal = re.compile(r"(?:[0-9A-F]{2})+").fullmatch
_denied = re.compile(r"avc:\s+denied\s+\{([^}]{0,256})\}")

ENCODED = frozenset({"acct", "cmd", "comm", "cwd", "data", "exe", "key", "name", "path", "proctitle", "vm"})
"""Fields that are hexadecimal where they hold a blank, a quote or no text."""

CALLS = {
    "2": "open", "41": "socket", "42": "connect", "43": "accept", "49": "bind", "59": "execve", "62": "kill", "76": "truncate",
    "82": "rename", "83": "mkdir", "84": "rmdir", "85": "creat", "86": "link", "87": "unlink", "88": "symlink", "90": "chmod",
    "91": "fchmod", "92": "chown", "101": "ptrace", "105": "setuid", "106": "setgid", "165": "mount", "175": "init_module",
    "176": "delete_module", "188": "setxattr", "227": "clock_settime", "257": "openat", "263": "unlinkat", "264": "renameat",
    "268": "fchmodat", "288": "accept4", "313": "finit_module", "316": "renameat2", "322": "execveat",
}  # fmt: skip

CATEGORIES = (
    (re.compile(r"USER_(LOGIN|AUTH|ACCT|START|END|LOGOUT|ERR)|CRED_|LOGIN$|ANOM_LOGIN"), "login"),
    (re.compile(r"(ADD|DEL|USER)_(USER|GROUP|MGMT)|USER_(CHAUTHTOK|MGMT)|ACCT_|GRP_|CHUSER_ID|CHGRP_ID"), "account"),
    (re.compile(r"USER_CMD|EXECVE"), "process"),
)
UNSET = frozenset({"", "?", "(null)", "(none)", "unset", "4294967295", "-1"})


class Gathered(NamedTuple):
    """The records of one event so far."""

    first: Line
    node: str | None
    seconds: str
    fraction: str
    types: list[str]
    texts: list[str]
    raws: list[bytes]


def recognises(head: bytes) -> bool:
    return most(head, _shape)


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Each event, as soon as its last record was read."""
    gathering: dict[tuple[str, ...], Gathered] = {}
    for line in source.lines():
        text = line.data.decode("utf-8", "backslashreplace")
        found = _record(text)
        if found is None:
            if text.strip():
                yield source.unreadable("this is no record of the audit log", f"line {line.number:,}")
            continue
        node, kind, seconds, fraction, serial, said = found.groups()
        if " msg='" in said or said.startswith("msg='"):
            yield _event(Gathered(line, node, seconds, fraction, [kind], [said], [line.data]))
            continue
        key = (node or "", seconds, fraction, serial)
        one = gathering.get(key)
        if one is None:
            one = gathering[key] = Gathered(line, node, seconds, fraction, [], [], [])
        one.types.append(kind)
        one.texts.append(said)
        one.raws.append(line.data)
        if kind in {"EOE", "PROCTITLE"} or len(one.types) >= RECORDS:
            yield _event(gathering.pop(key))
        elif len(gathering) > OPEN:
            yield _event(gathering.pop(next(iter(gathering))))
    for one in gathering.values():
        yield _event(one)


def _event(one: Gathered) -> Event:
    known, rest = _fields(one)
    get = known.get
    action = _action(one.types, known)
    command = _command(one, known)
    away = _socket(get("saddr"))
    src_ip = address(get("addr")) or (away[0] if action.startswith("accept") else None)
    outgoing = away[0] is not None and not action.startswith("accept")
    category = _category(one.types, command, connected=away[0] is not None)
    target = get("acct") if category == "account" else None
    actor = (None if target else get("acct")) or get("AUID") or get("UID")
    uid = get("auid") or get("uid")
    pid = get("pid", "")
    paths = [value for kind, name, value in rest if kind == "PATH" and name == "name"]
    fraction = one.fraction.ljust(3, "0")
    outcome = _outcome(one, known)
    return Event(
        ts=int(one.seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0")),
        ts_precision="ms" if len(fraction) < 4 else "us",
        ts_desc="recorded",
        ts_raw=f"{one.seconds}.{one.fraction}",
        seq=one.first.number,
        source_variant="enriched" if any("\x1d" in text for text in one.texts) else "raw",
        offset=one.first.offset,
        raw=b"\n".join(one.raws),
        category=category,
        service="auditd",
        action=action,
        outcome=outcome,
        error_code=get("exit") if outcome in {"failure", "denied"} else None,
        message=_message(
            action, actor or uid, target or command or get("exe") or (paths[0] if paths else None), src_ip, outcome
        ),
        actor_id=uid,
        actor_name=actor,
        session_name=get("ses"),
        src_ip=src_ip,
        src_host=get("hostname") if get("hostname") != get("addr") else None,
        dst_ip=away[0] if outgoing else None,
        dst_port=away[1] if outgoing else None,
        resource_type="user" if target else None,
        resource_ids=[target] if target else None,
        host=one.node,
        process=get("exe") or get("comm"),
        pid=int(pid) if pid.isascii() and pid.isdigit() and len(pid) < 12 else None,
        parent=get("ppid"),
        cmdline=command,
        file_path=paths[0] if paths else get("path"),
        attrs=msgspec.json.encode(_nested(rest)),
    )


def _fields(one: Gathered) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """The first value of each field that is set, and all of them with the type of their record."""
    known: dict[str, str] = {}
    found: list[tuple[str, str, str]] = []
    for kind, text in zip(one.types, one.texts, strict=True):
        for name, value in _pairs(text):
            if value in UNSET:
                continue
            arguments = kind == "EXECVE" and name[0] == "a" and name[1:2].isdigit()
            value = _plain(value, encoded=name in ENCODED or arguments)  # noqa: PLW2901  the value, read back
            found.append((kind, name, value))
            known.setdefault(f"EXECVE {name}" if arguments else name, value)
    return known, found


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for name, value in _field.findall(text):
        if name == "msg" and value[:1] == "'":
            yield from _field.findall(value.strip("'"))
        else:
            yield name, value


def _plain(value: str, *, encoded: bool) -> str:
    if value[:1] == '"':
        return value.strip('"')
    if encoded and len(value) > 1 and _hexadecimal(value):
        return bytes.fromhex(value).decode("utf-8", "backslashreplace").replace("\0", " ").rstrip()
    return value


def _nested(found: list[tuple[str, str, str]]) -> dict[str, list[dict[str, str]]]:
    """The fields by type of record, each record on its own."""
    nested: dict[str, list[dict[str, str]]] = {}
    for kind, name, value in found:
        records = nested.setdefault(kind, [{}])
        if name in records[-1]:
            records.append({})
        records[-1][name] = value
    return nested


def _action(types: list[str], known: dict[str, str]) -> str:
    if "SYSCALL" not in types:
        return types[0]
    number = known.get("syscall", "?")
    return (
        known.get("SYSCALL") or (CALLS.get(number) if known.get("arch") == "c000003e" else None) or f"syscall {number}"
    )


def _command(one: Gathered, known: dict[str, str]) -> str | None:
    """The command line as it was passed on; where only its title is known, that."""
    arguments = [(name[8:], value) for name, value in known.items() if name.startswith("EXECVE ")]
    if arguments:
        words: dict[str, str] = {}
        for name, value in arguments:
            number = name.partition("[")[0]
            words[number] = words.get(number, "") + value
        return " ".join(value for name, value in words.items() if not name.endswith("_len"))
    if "USER_CMD" in one.types:
        return known.get("cmd")
    return known.get("proctitle")


def _socket(saddr: str | None) -> tuple[str | None, int | None]:
    """Address and port of a socket address in hexadecimal."""
    if saddr is None or not _hexadecimal(saddr):
        return None, None
    data = bytes.fromhex(saddr)
    family = int.from_bytes(data[:2], "little")
    port = int.from_bytes(data[2:4], "big")
    if family == 2 and len(data) >= 8:
        return socket.inet_ntop(socket.AF_INET, data[4:8]), port
    if family == 10 and len(data) >= 24:
        return socket.inet_ntop(socket.AF_INET6, data[8:24]), port
    return None, None


def _outcome(one: Gathered, known: dict[str, str]) -> str | None:
    if "AVC" in one.types and any(_denied.search(text) for text in one.texts):
        return "denied"
    said = known.get("res") or known.get("success") or known.get("result")
    if said in {"no", "failed", "0", "fail"}:
        return "denied" if known.get("exit") in {"-1", "-13", "EPERM", "EACCES"} else "failure"
    return "success" if said in {"yes", "success", "1"} else None


def _category(types: list[str], command: str | None, *, connected: bool) -> str:
    for kind in types:
        for pattern, category in CATEGORIES:
            if pattern.match(kind):
                return "process" if "EXECVE" in types else category
    return "network" if connected else "process" if command and "SYSCALL" in types else "system"


def _message(action: str, actor: str | None, what: str | None, src_ip: str | None, outcome: str | None) -> str:
    parts = [action, f"by {actor}" if actor else "", f"from {src_ip}" if src_ip else "", f": {what}" if what else ""]
    text = " ".join(part for part in parts if part).replace(" : ", ": ")
    return f"{text} ({outcome})" if outcome in {"failure", "denied"} else text
