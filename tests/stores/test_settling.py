"""A worker that has settled does not outlive who started it."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os, signal
from hikeshi.stores.settling import settle
ready, said = os.pipe()
caller = os.getpid()
if os.fork() == 0:
    settle(caller)
    os.write(said, b".")
    signal.pause()
os.read(ready, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_ends_with_the_process_that_started_it() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, timeout=120, check=False)
    assert run.returncode == -9  # and what it wrote to has been closed by the worker too, or this would not return
