"""Which AWS is meant. Apart from the clients, which take half a second to load."""

from __future__ import annotations

import msgspec


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """A region (empty: the SDK's own setting), and the address of a simulated AWS where it is one."""

    region: str = ""
    endpoint_url: str | None = None
