"""Evidence, timelines, the ledger, people and their rights, what a file or a setting has wrong."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, str]] = {}  # fmt: skip
"""Alphabetical."""
