"""Collecting evidence on the responder's machine. The table below is the list of all ways; each is one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hikeshi.custody.acquire.acquisition import Acquisition
from hikeshi.custody.acquire.capture import Capture
from hikeshi.custody.acquire.imaging import Image
from hikeshi.custody.acquire.logical import Copy
from hikeshi.custody.acquire.logs import Logs
from hikeshi.custody.acquire.state import State
from hikeshi.errors import Refused

ACQUISITIONS: Final[dict[str, type[Acquisition]]] = {
    "capture": Capture,
    "copy": Copy,
    "image": Image,
    "logs": Logs,
    "state": State,
}


def acquisition(name: str, inputs: Mapping[str, Any]) -> Acquisition:
    """The acquisition `name` with these inputs, checked strictly. Raises `Refused` naming the input that is wrong."""
    kind = ACQUISITIONS[name]
    try:
        return msgspec.convert(dict(inputs), kind, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise Refused(
            f"An input of {name} is wrong: {error}", hint=f"Try --help; it takes {', '.join(kind.__struct_fields__)}."
        ) from None


def _path(kind: type, value: Any) -> Any:
    return kind(value)
