from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hikeshi.custody.locker import Locker

ROOM = 4 * 1024 * 1024
"""Bytes that fit on a tiny disk."""


@pytest.fixture
def locker(tmp_path: Path) -> Locker:
    return Locker(tmp_path / "locker")


@pytest.fixture(params=["file system", "file size limit"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Locker]:
    """A locker on a disk that really ends after ROOM bytes: a mounted tmpfs for root, a kernel limit for everybody."""
    root = tmp_path / "tiny"
    root.mkdir()
    if request.param == "file system":
        mounted = (
            os.geteuid() == 0
            and not subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "hikeshi-test", str(root)],
                check=False,
                capture_output=True,
            ).returncode
        )
        if not mounted:
            pytest.skip("mounting needs root; the file size limit is tried instead")
        yield Locker(root)
        subprocess.run(["umount", str(root)], check=True)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    yield Locker(root)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
