"""What a worker process asks of the system before it begins."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Names of mallopt(3)."""

KEEP = 64 << 20
"""Blocks up to so many bytes are used again by the process and not given back each time: asking for pages anew costs a fifth of the time."""

YOUNG = 50_000
"""New objects after which circles among them are looked for: records make none, and looking through them costs a twentieth of the time."""

PARENT_DEATH = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def settle(caller: int) -> None:
    """Keep memory, and end with the process `caller` that started this one: what is left behind must not write into a store of others."""
    gc.freeze()  # what is loaded stays
    gc.set_threshold(YOUNG, 20, 20)
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    for name, value in ((MMAP_THRESHOLD, KEEP // 2), (TRIM_THRESHOLD, KEEP)):
        getattr(libc, "mallopt", _absent)(name, value)
    libc.prctl(PARENT_DEATH, signal.SIGKILL)
    if os.getppid() != caller:  # it had ended before
        os._exit(1)


def _absent(_name: int, _value: int) -> int:
    """Musl has no mallopt."""
    return 0
