"""What a shape of payload has to offer, written by hand or made of a mapping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from hikeshi.signals.signal import Signal
from hikeshi.text import Text


class Shape(Protocol):
    """One file of `shapes/`, or a mapping."""

    @property
    def NAME(self) -> str: ...  # noqa: N802  a constant of the module
    @property
    def ABOUT(self) -> Text: ...  # noqa: N802  a constant of the module

    def parts(self, document: Any) -> Iterator[tuple[str, Any]]:
        """What in a document is a signal of this shape, each with its place below the document; nothing when it is of another shape."""

    def signal(self, part: Any) -> Signal:
        """The signal of one part. Raises ValueError that says what is wrong with it."""
