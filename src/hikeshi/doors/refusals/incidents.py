"""Incidents, deadlines, reports, reviews, assets."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, str]] = {}  # fmt: skip
"""Alphabetical."""
