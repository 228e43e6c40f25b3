r"""Web access logs of Apache and nginx in the common and combined formats, also with the virtual host in front.

The line is `client ident user [time] "request" status bytes "referer" "user agent"`; common ends after the bytes, and what a site
appends is kept as `more` in `attrs`. Both servers escape what could break a line (Apache as `\"` and `\xhh`, nginx as `\xhh`); other
writers do not, and some collections have every line in one more pair of quotes: a quote inside a field ends it only where what
follows fits. A request that is no request line - "-", the first bytes of a TLS handshake, a scanner's noise - is an event with the
action "malformed request": these are the interesting ones. Escapes are left as they are written.

Apache's time is when the request came, nginx's when it was answered; nothing in the line tells which server wrote it. A line without
a client, a time and a quoted request is unreadable. S3 access logs begin alike and have no quote behind the time.

References:
  https://httpd.apache.org/docs/2.4/logs.html#accesslog
  https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats
  https://nginx.org/en/docs/http/ngx_http_log_module.html
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.shape import most
from hikeshi.events.source import Line, Source
from hikeshi.events.times import EPOCH, MICROSECOND

NAME = "webaccess"
VERSION = "1"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"

_plain = re.compile(
    r'"?([^ "]+) ([^ "]+) ([^ "]+) \[([^\]]{26})\] "([A-Z]{3,16}) ([^ "]+) (HTTP/[\d.]{1,3})" (\d{3}) (\d{1,18}|-)'
    r'(?: "([^"]*)" "([^"]*)")?"?'
).fullmatch
_odd = re.compile(
    rf'"?(?:([\w.\-]+(?::\d+)?) )?([^\s"]+) (\S+) (\S.{{0,255}}?) {_TIME} '
    r'"(.*?)(?<!\\)" (\d{3}|-) (\d+|-)(?=[ "]|$)(.*)',
    re.DOTALL,
).fullmatch
_request = re.compile(r"([A-Za-z_-]{1,32}) (\S.*?)(?: (HTTP/\d(?:\.\d)?))?", re.DOTALL).fullmatch
_tail = re.compile(r' "(.*?)(?<!\\)"(?: "(.*?)(?<!\\)"(?= |"?$|$)|$)(.*)', re.DOTALL).fullmatch
_shape = re.compile(
    rb'"?(?:[\w.\-]+(?::\d+)? )?[^\s"]+ \S+ \S.{0,255}? \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "'
)


class Access(NamedTuple):
    """One line. Texts as they are written; an empty text and "-" mean that there is none."""

    client: str
    ident: str
    user: str
    time: str
    method: str
    url: str
    protocol: str
    status: str
    size: str
    referer: str | None
    user_agent: str | None
    server: str = ""
    more: str = ""


def recognises(head: bytes) -> bool:
    return most(head, _shape)


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every request, also what only tried to be one."""
    yield from of_lines(source.lines(), source)


def of_lines(lines: Iterable[Line], source: Source) -> Iterator[Event | Unreadable]:
    """The events of some lines of the source."""
    for line in lines:
        data = line.data
        text = data.decode("utf-8", "backslashreplace")
        found = _plain(text)
        if found is None:
            yield from _odd_event(text, line, source)
            continue
        client, ident, user, time, method, url, protocol, status, size, referer, user_agent = found.groups()
        at = instant(time)
        src_ip = address(client)
        if at is None or src_ip is None:
            yield from _odd_event(text, line, source)
            continue
        code, outcome = status_of(status)
        yield Event(  # nearly every line: spelled out, because a call for each costs
            ts=at,
            ts_desc="recorded",
            ts_basis="offset",
            ts_raw=time,
            seq=line.number,
            source_variant="common" if user_agent is None else "combined",
            offset=line.offset,
            raw=data,
            category="http",
            service="http",
            action=method,
            outcome=outcome,
            message=f"{client} {method} {url}: {status}",
            actor_name=None if user == "-" else user,
            src_ip=src_ip,
            user_agent=None if user_agent == "-" else user_agent,
            method=method,
            url=url,
            http_status=code,
            referer=None if referer == "-" else referer,
            bytes_out=None if size == "-" else int(size),
            attrs=attrs_of(protocol, ident, ""),
        )


def _odd_event(text: str, line: Line, source: Source) -> Iterator[Event | Unreadable]:
    access = _oddly(text)
    at = instant(access.time) if access else None
    if access is not None and at is not None:
        yield _event(access, at, line)
    elif text.strip():
        reason = "there is no such time" if access else "this is no line of an access log"
        yield source.unreadable(reason, f"line {line.number:,}")


def _oddly(text: str) -> Access | None:
    """A line with a virtual host, quotes in unexpected places, no request, or more behind it."""
    found = _odd(text)
    if found is None:
        return None
    server, client, ident, user, time, request, status, size, rest = found.groups()
    asked = _request(request)
    method, url, protocol = asked.groups("") if asked else ("", request, "")
    if text.startswith('"'):
        rest = rest.removesuffix('"')
    ends = _tail(rest)
    referer, user_agent, more = ends.groups() if ends else (None, None, rest)
    if ends is None and (parts := rest.split('" "', 1))[0].startswith(' "') and len(parts) == 2:
        referer, user_agent, more = parts[0][2:], parts[1].removesuffix('"'), ""  # cut off, or quotes nobody escaped
    return Access(
        client, ident, user, time, method, url, protocol, status, size, referer, user_agent, server or "", more.strip()
    )


@functools.lru_cache(maxsize=8192)  # many requests share a second
def instant(text: str) -> int | None:
    """UTC microseconds of 10/Oct/2000:13:55:36 -0700."""
    try:
        zone = timedelta(hours=int(text[22:24]), minutes=int(text[24:26]))
        tz = timezone(-zone if text[21] == "-" else zone) if zone else UTC
        clock = int(text[12:14]), int(text[15:17]), min(59, int(text[18:20]))  # 60 is a leap second
        return (
            datetime(int(text[7:11]), _MONTHS.index(text[3:6]) + 1, int(text[:2]), *clock, tzinfo=tz) - EPOCH
        ) // MICROSECOND
    except ValueError:
        return None


def _event(access: Access, at: int, line: Line) -> Event:
    client, ident, user, time, method, url, protocol, status, size, referer, user_agent, server, more = access
    src_ip = address(client)
    code, outcome = status_of(status)
    malformed = not protocol and not (method and url.startswith("/"))
    if malformed:
        message = f"{client} sent a malformed request: {f'{method} {url}'.strip() or '(nothing)'}: {status}"
    else:
        message = f"{client} {method} {url}: {status}"
    port = server.rpartition(":")[2] if ":" in server else ""
    return Event(
        ts=at,
        ts_desc="recorded",
        ts_basis="offset",
        ts_raw=time,
        seq=line.number,
        source_variant="common" if user_agent is None else "combined",
        offset=line.offset,
        raw=line.data,
        category="http",
        service="http",
        action="malformed request" if malformed else method,
        outcome=outcome,
        message=message,
        actor_name=None if user in {"-", '""'} else user,
        src_ip=src_ip,
        src_host=client if src_ip is None and client != "-" else None,
        user_agent=None if user_agent == "-" else user_agent,
        dst_host=server.partition(":")[0] or None,
        dst_port=int(port) if port and len(port) < 6 else None,
        method=method or None,
        url=url or None,
        http_status=code,
        referer=None if referer == "-" else referer,
        bytes_out=int(size) if size != "-" and len(size) < 19 else None,
        attrs=attrs_of(protocol, ident, more),
    )


@functools.lru_cache(maxsize=1024)
def attrs_of(protocol: str, ident: str, more: str) -> bytes | None:
    rest = {"protocol": protocol, "ident": "" if ident == "-" else ident, "more": more}
    kept = {name: value for name, value in rest.items() if value}
    return msgspec.json.encode(kept) if kept else None


@functools.cache  # at most a thousand
def status_of(text: str) -> tuple[int | None, str]:
    """The status and the outcome it tells."""
    if text in {"401", "403", "407"}:
        return int(text), "denied"
    outcome = {"2": "success", "3": "success", "4": "failure", "5": "failure"}.get(text[0], "unknown")
    return (int(text) if text.isascii() and text.isdigit() else None), outcome
