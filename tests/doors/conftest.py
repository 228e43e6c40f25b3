"""The simulated account for the doors' tests."""

from simulated import cloud, scene

__all__ = ["cloud", "scene"]
