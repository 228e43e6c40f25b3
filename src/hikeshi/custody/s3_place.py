"""Which bucket is meant. Apart from the locker in it, which takes half a second to load."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket and how to keep things there. `mode` is governance or compliance, for `days`; empty: no lock is asked for."""

    bucket: str
    prefix: str = ""
    region: str = ""
    endpoint_url: str | None = None
    mode: str = ""
    days: int = 0
    kms_key: str = ""
