"""Error logs of Apache (2.2 and 2.4) and nginx.

Apache: `[Wed Oct 11 14:32:52.123456 2026] [core:error] [pid 35:tid 43] [client 192.0.2.1:40022] AH00124: text, referer: ...`; older
ones have neither pid nor module. nginx: `2026/10/11 14:32:52 [error] 35#0: *17 text, client: 192.0.2.1, server: ..., request: "..."`.
Neither has a zone: the time is taken as UTC and `ts_basis` says zone_assumed. Lines without a time (what a CGI program or a crash
wrote there) follow a line that has one and belong to it, where they begin with a blank; otherwise they are unreadable.

References:
  https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat
  https://httpd.apache.org/docs/2.4/logs.html#errorlog
  https://nginx.org/en/docs/ngx_core_module.html#error_log
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.shape import most
from hikeshi.events.source import Line, Source
from hikeshi.events.times import EPOCH, MICROSECOND
from hikeshi.events.years import MONTHS

NAME = "weberror"
VERSION = "1"

FOLLOWING = 64 * 1024
"""Bytes of lines that are taken to belong to the line before them."""

_apache = re.compile(
    r"\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))? (\d{4})\] "
    r"\[(?:([\w.-]*):)?([a-z]+\d?)\] ?(?:\[pid (\d{1,10})(?::tid (\d{1,20}))?\] ?)?(?:\[(?:client|remote) ([^\]]*)\] ?)?(.*)",
    re.DOTALL,
).fullmatch
_nginx = re.compile(
    r"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d) \[([a-z]+)\] (\d{1,10})#(\d{1,20}): (?:\*(\d{1,20}) )?(.*)", re.DOTALL
).fullmatch
_shape = re.compile(
    rb"\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4}\] \[[\w.:-]+\]"
    rb"|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(?:debug|info|notice|warn|error|crit|alert|emerg)\] \d+#\d+: "
)
_code = re.compile(r"(?:\(\d+\)[^:]{1,80}: )?(AH\d{5}):")
_context = re.compile(r', (client|server|request|subrequest|upstream|host|referrer): ("(?:[^"\\]|\\.)*"|[^,]*)')
_request = re.compile(r'"?([A-Z]{3,16}) (\S+)')

SEVERITIES = {
    "emerg": 100.0,
    "alert": 95.0,
    "crit": 90.0,
    "error": 70.0,
    "warn": 50.0,
    "notice": 30.0,
    "info": 10.0,
    "debug": 0.0,
}


class Fault(NamedTuple):
    """One line."""

    at: int
    precision: str
    level: str
    module: str
    pid: str | None
    client: str
    text: str
    rest: dict[str, str]


def recognises(head: bytes) -> bool:
    return most(head, _shape)


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every line that has a time, with the lines that belong to it."""
    held: Event | None = None
    for line in source.lines():
        text = line.data.decode("utf-8", "backslashreplace")
        if text[:1] in {" ", "\t"} and held is not None and len(held.raw) + len(text) < FOLLOWING:
            held.raw += b"\n" + line.data
            held.message += "\n" + text
            continue
        fault = _of_apache(text) or _of_nginx(text)
        if fault is None:
            if text.strip():
                yield source.unreadable("this is no line of an error log", f"line {line.number:,}")
            continue
        if held is not None:
            yield held
        held = _event(fault, line)
    if held is not None:
        yield held


def _of_apache(text: str) -> Fault | None:
    found = _apache(text)
    if found is None:
        return None
    month, day, hour, minute, second, fraction, year, module, level, pid, thread, client, said = found.groups("")
    at = _instant(int(year), MONTHS.get(month, 0), int(day), int(hour), int(minute), int(second))
    if at is None:
        return None
    said, _, referer = said.partition(", referer: ")
    code = _code.match(said)
    rest = {"module": module, "thread": thread, "referer": referer, "code": code[1] if code else ""}
    precision = "us" if fraction else "s"
    return Fault(at + int((fraction or "0").ljust(6, "0")), precision, level, "apache", pid or None, client, said, rest)


def _of_nginx(text: str) -> Fault | None:
    found = _nginx(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, level, pid, thread, connection, said = found.groups("")
    at = _instant(int(year), int(month), int(day), int(hour), int(minute), int(second))
    if at is None:
        return None
    rest = {name: value.strip('"') for name, value in _context.findall(said)}
    rest |= {"connection": connection, "thread": thread, "referer": rest.pop("referrer", "")}
    return Fault(at, "s", level, "nginx", pid, rest.pop("client", ""), said, rest)


@functools.lru_cache(maxsize=8192)
def _instant(*parts: int) -> int | None:
    try:
        year, month, day, hour, minute, second = parts
        read = datetime(year, month, day, hour, minute, min(59, second), tzinfo=UTC)  # 60 is a leap second
    except ValueError:
        return None
    return (read - EPOCH) // MICROSECOND


def _client(text: str) -> tuple[str | None, int | None]:
    """Address and port of 192.0.2.1, 192.0.2.1:40022, [2001:db8::1]:40022 or 2001:db8::1."""
    if whole := address(text.strip("[]")):
        return whole, None
    host, _, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else None
    return address(host.strip("[]")), number if number is not None and number < 65536 else None


def _event(fault: Fault, line: Line) -> Event:
    rest = {name: value for name, value in fault.rest.items() if value}
    src_ip, src_port = _client(fault.client)
    asked = _request.match(rest.get("request", ""))
    denied = "denied" in fault.text or "forbidden" in fault.text
    return Event(
        ts=fault.at,
        ts_precision=fault.precision,
        ts_desc="recorded",
        ts_basis="zone_assumed",
        ts_raw=line.data[: 40 if fault.module == "apache" else 19]
        .partition(b"]")[0]
        .lstrip(b"[")
        .decode("ascii", "replace"),
        seq=line.number,
        source_variant=fault.module,
        offset=line.offset,
        raw=line.data,
        category="http" if src_ip else "system",
        service=fault.module,
        action=fault.level,
        outcome="denied" if denied else "failure" if SEVERITIES.get(fault.level, 0.0) >= 70 else None,
        severity=SEVERITIES.get(fault.level),
        error_code=rest.pop("code", None),
        message=f"{fault.module} {fault.level}: {fault.text}",
        src_ip=src_ip,
        src_port=src_port,
        src_host=fault.client or None if src_ip is None else None,
        dst_host=rest.pop("host", None) or rest.pop("server", None),
        method=asked[1] if asked else None,
        url=asked[2] if asked else None,
        referer=rest.pop("referer", None),
        process=fault.module,
        pid=int(fault.pid) if fault.pid else None,
        attrs=msgspec.json.encode(rest) if rest else None,
    )
