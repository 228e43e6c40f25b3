"""Hikeshi: incident response from the alert to the post-mortem."""

__version__ = "0.1.0"
