"""What access logs of the web have in common: quoted fields, requests, statuses, ends of a connection."""

from __future__ import annotations

import re

from hikeshi.events.addresses import address

LONGEST = 1 << 18
"""Bytes of a line that can still be one request; longer ones are no access log's."""

_FIELDS = re.compile(r'"((?:[^"\\]++|\\.)*+)"(?=\s|$)|(\S+)')
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:([a-z0-9-]*):(\d{12})\b")


def fields(line: bytes) -> list[str]:
    """The fields of a line, divided by spaces, quoted where they hold some. Raises ValueError where the line is too long."""
    if len(line) > LONGEST:
        raise ValueError(f"a line of {len(line):,} bytes is no request")
    return [quoted or plain for quoted, plain in _FIELDS.findall(line.decode("utf-8", "backslashreplace"))]


def told(text: str) -> str | None:
    """The field, or None where the log has nothing to tell."""
    return None if text in ("", "-") else text


def request(text: str) -> tuple[str | None, str | None]:
    """Method and address of a request line; spaces may stand in the address."""
    method, _, more = text.partition(" ")
    url, _, version = more.rpartition(" ")
    if version and not version.startswith("HTTP/"):
        url = more
    return told(method), told(url.strip())


def end(text: str) -> tuple[str | None, int | None]:
    """Address and port of one end of a connection: 192.0.2.1:443 or [2001:db8::1]:443."""
    host, _, port = text.rpartition(":")
    if not host:
        return address(text), None
    return address(host.strip("[]")), number(port, 65535)


def number(text: str | None, most: int = 1 << 62) -> int | None:
    """A whole number from 0, or None where there is none that is possible."""
    if not text or len(text) > 19 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if value <= most else None


def seconds(text: str) -> float | None:
    """A duration in seconds, or None: also where it is -1, which means that it was never reached."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def status(text: str | None) -> int | None:
    """A status of HTTP."""
    return number(text, 999)


def outcome(code: int | None) -> str:
    """What a status means for whoever asked."""
    if not code:
        return "unknown"
    return "denied" if code in (401, 403) else "failure" if code >= 400 else "success"


def place(*arns: str) -> tuple[str | None, str | None]:
    """Region and account of the first ARN that names them."""
    for arn in arns:
        if found := _ARN.match(arn):
            return found[1] or None, found[2]
    return None, None


def host_of(url: str | None) -> str | None:
    """The host in an address, without its port."""
    _, slashes, more = (url or "").partition("://")
    host = more.partition("/")[0].rpartition("@")[2]
    return (host.rpartition(":")[0] if re.search(r":\d*$", host) else host) or None if slashes else None
