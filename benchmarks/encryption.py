"""What encryption at rest costs: one file sealed, checked and read, in a plain locker and in an encrypted one.

    python benchmarks/encryption.py [MiB]

Prints MiB/s, the best of three. The file is in the page cache, so that the disk is measured only where it is written.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hikeshi.custody.encrypting_locker import EncryptingLocker
from hikeshi.custody.encryption import Keys, make_key
from hikeshi.custody.locker import Locker

MEBIBYTE = 1024 * 1024
ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def drain(locker: Locker, sha256: str) -> None:
    with locker.open(sha256) as stream:
        while stream.read(MEBIBYTE):
            pass


def main(size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        source = home / "source"
        with source.open("wb") as file:
            for _ in range(size):
                file.write(os.urandom(MEBIBYTE))
        make_key(home / "key")
        print(f"{size} MiB\n{'locker':10} {'seal':>8} {'verify':>8} {'open':>8}  MiB/s")
        for name in ("plain", "encrypted"):
            best = [0.0, 0.0, 0.0]
            for number in range(ROUNDS):
                root = home / f"{name}-{number}"
                locker = Locker(root) if name == "plain" else EncryptingLocker(root, Keys(home / "key"))
                sealing = seconds(lambda: locker.seal(source))  # noqa: B023 - called at once
                sha256 = next(path.stem for path in root.glob("??/*"))
                checking = seconds(lambda: locker.verify(sha256))  # noqa: B023 - as above
                reading = seconds(lambda: drain(locker, sha256))  # noqa: B023 - as above
                best = [max(most, size / took) for most, took in zip(best, (sealing, checking, reading), strict=True)]
            print(f"{name:10} " + " ".join(f"{rate:8.0f}" for rate in best))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 512)
