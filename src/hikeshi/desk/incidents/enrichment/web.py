"""One service outside, asked over HTTPS at the address an administrator has set. It learns what we look at: PAP green or clear only.

The address is checked before anything is sent: a name must not lead to a private address, and no redirect is followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import stat
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from django.conf import settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.enrichment.enricher import Enricher, Said
from hikeshi.errors import Failed, Refused
from hikeshi.signals.signal import Observable
from hikeshi.text import Text

SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 10.0
LIMIT: Final = 64 * 1024
SHOWN: Final = 2000
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


def ask(one: Observable, actor: Actor) -> list[Said]:
    """What the service answers, cut to what people read. Raises `Refused` and `Failed`; never inside a transaction."""
    del actor
    template = settings.ENVIRONMENT.lookup_url
    if not template:
        raise Refused("No service is set up.", hint="HIKESHI_LOOKUP_URL names one.")
    text = fetch(template, one)
    return [Said(Text(text, text))] if text else []


def fetch(template: str, one: Observable) -> str:
    parts = urlsplit(template)
    host = parts.hostname or ""
    if "{" in parts.netloc or "@" in parts.netloc or not host:
        raise Refused(
            "HIKESHI_LOOKUP_URL may have {kind} and {value} only after the host.", hint="Correct the setting."
        )
    if parts.scheme != "https" and host not in LOOPBACK:
        raise Refused("The service is not asked without TLS.", hint="Use https://.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = target.replace("{kind}", quote(one.kind, safe="")).replace("{value}", quote(one.value, safe=""))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = checked(host, port)
    try:
        return _get(parts.scheme, host, address, port, target)
    except (OSError, http.client.HTTPException) as problem:
        raise Failed(f"{host} cannot be asked: {problem}", permanent=False, hint="Try again later.") from problem


def checked(host: str, port: int) -> str:
    """An address of the host that may be connected to. Raises `Refused` where a name leads into a private network.

    An administrator who writes an address instead of a name means exactly that one.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as problem:
        raise Failed(f"{host} is not known: {problem}", permanent=False, hint="Check the name.") from problem
    wrong = [one for one in found if not ipaddress.ip_address(one.partition("%")[0]).is_global]
    if wrong or not found:
        raise Refused(
            f"{host} leads to {', '.join(wrong)[:100]}, which is not public.", hint="Check who answers for the name."
        )
    return found[0]


def _get(scheme: str, host: str, address: str, port: int, target: str) -> str:
    """One GET to exactly the address that was checked, the certificate checked against the name."""
    until = time.monotonic() + TOTAL_SECONDS
    raw = socket.create_connection((address, port), timeout=SECONDS)
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    connection.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=host) if scheme == "https" else raw
    try:
        connection.request("GET", target, headers={"Accept": "application/json, text/plain", **_key()})
        answer = connection.getresponse()
        if 300 <= answer.status < 400:
            raise Refused(f"{host} redirects elsewhere, which is not followed.", hint="Name the final address.")
        if answer.status == 404:
            return ""
        if answer.status != 200:
            raise Failed(f"{host} answered with HTTP {answer.status}.", permanent=answer.status < 500)
        content = b""
        while piece := answer.read1(16 * 1024):
            content += piece
            if len(content) > LIMIT or time.monotonic() > until:
                raise Failed(f"{host} answers too much or too slowly.", hint=f"At most {LIMIT} bytes.")
        return content.decode("utf-8", errors="replace")[:SHOWN]
    finally:
        connection.close()


def _key() -> dict[str, str]:
    path: Path | None = settings.ENVIRONMENT.lookup_key_file
    if path is None:
        return {}
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Refused(f"{path} can be read by others.", hint="chmod 600 it.")
    name, _, value = path.read_text().strip().partition(":")
    return {name.strip(): value.strip()}


ENRICHER = Enricher(
    Text("service outside", "外部サービス"),
    "green",
    Text("the service learns what we look at", "調べている対象が外部に伝わる"),
    ask,
    outside=True,
)
