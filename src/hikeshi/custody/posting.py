"""One HTTP POST to somebody outside, with limits: what time-stamp authorities and webhooks are reached by.

No redirect is followed: the address that was configured is the one that is believed. Proxies of the environment are used.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from hikeshi.errors import Failed

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""This machine: the only other side that may be spoken to without TLS where secrets or believing are at stake."""

SECONDS: Final = 15.0
"""For connecting, and between two pieces of the answer."""
TOTAL_SECONDS: Final = 30.0
"""For the whole answer: a peer that sends one byte now and then is not waited for."""
PIECE: Final = 16 * 1024
AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP answers after which trying again can help."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        del arguments


_opener = urllib.request.build_opener(_Stay)


def post(
    url: str, body: bytes, *, headers: Mapping[str, str], limit: int, seconds: float = SECONDS
) -> tuple[int, str, bytes]:
    """The status (200 to 299), content type and body of the answer, of at most `limit` bytes.

    Raises `Failed`, naming only the host: the rest of an address can be a secret. It is not permanent where trying again can help.
    """
    host = urlsplit(url).hostname or "?"
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - callers check the scheme
    try:
        with _opener.open(request, timeout=seconds) as answer:
            content = _read(answer, limit, host)
            return answer.status, answer.headers.get("Content-Type", ""), content
    except urllib.error.HTTPError as error:
        with error:
            raise Failed(
                f"{host} answered with HTTP {error.code}.",
                permanent=error.code not in AGAIN,
                hint="Check the address, and what the other side's log says.",
            ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        why = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise Failed(
            f"{host} cannot be reached: {why}.",
            permanent=False,
            hint="Check the network and the proxy; it is tried again.",
        ) from error


def _read(answer: Any, limit: int, host: str) -> bytes:
    until, content = time.monotonic() + TOTAL_SECONDS, b""
    while piece := answer.read1(PIECE):
        content += piece
        if len(content) > limit:
            raise Failed(f"{host} answered with more than {limit} bytes.", hint="Is this the right address?")
        if time.monotonic() > until:
            raise Failed(f"{host} took more than {TOTAL_SECONDS:.0f} s to answer.", permanent=False)
    return content
