"""What AWS offers under a signed address of its own (the code of a function, a layer of an image), read in pieces."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Failed, Refused

PIECE: Final = 1024 * 1024
"""Bytes read at once."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """A signed address leads to what it names, nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_Stay)


def downloaded(world: AwsWorld, address: str, most: int) -> Iterator[bytes]:
    """The bytes there, in pieces. The address is a secret and in no error.

    Raises `Refused` where it is neither HTTPS nor the simulator's, and beyond `most` bytes; `Failed` where it breaks off, to be tried again.
    """
    if not (address.startswith("https://") or (world.endpoint_url and address.startswith(f"{world.endpoint_url}/"))):
        raise Refused("AWS names a place for the download that is not HTTPS.", hint="Look at it in the console.")
    size = 0
    try:
        with _OPENER.open(address, timeout=world.settings.read_timeout_seconds) as answer:
            while piece := answer.read(PIECE):
                size += len(piece)
                if size > most:
                    raise Refused(f"The download is longer than {most} bytes.", hint="Fetch it by hand.")
                yield piece
    except (OSError, http.client.HTTPException) as problem:
        raise Failed(
            f"The download broke off after {size} bytes ({type(problem).__name__}).", hint="It is tried again."
        ) from None
