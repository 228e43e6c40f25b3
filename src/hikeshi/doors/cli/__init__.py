"""The command line's door: a responder's commands, equal to the console."""

from __future__ import annotations


def main() -> None:
    """The entry point of `hikeshi`."""
