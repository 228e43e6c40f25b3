"""The shapes of payload that are understood: one file each, asked in this order until one finds something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hikeshi.signals.shapes import guardduty
from hikeshi.signals.signal import Signal

SHAPES: Final[dict[str, Callable[[Any, str], list[Signal]]]] = {
    guardduty.NAME: guardduty.signals,
}
