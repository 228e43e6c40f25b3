"""What is an address and what only stands in its place."""

from __future__ import annotations

import functools
import ipaddress


@functools.lru_cache(maxsize=65536)  # few addresses make most lines
def address(text: str | None) -> str | None:
    """The address in its usual form, or None where the text is not one (a service's name, "-", a host)."""
    if not text:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
