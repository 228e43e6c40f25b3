"""How fast evidence is acquired, beside the tools of Debian: `python benchmarks/acquire.py --size 2147483648 --files 20000`.

In one run, on one disk: a raw image with two hashes, verified (ours, read back) and by `dd` with sha256sum and by dc3dd, which hashes on the
way; and a copy of many small files with times and hashes beside `cp -a` followed by sha256sum of the copies. A third part makes a disk
with unreadable sectors (needs root, FUSE and loop devices) and images it. What is absent is left out, and this says so.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from custody.acquire.faulty_disk import faulty_disk
from hikeshi.custody.acquire.acquisition import Acquisition, perform
from hikeshi.custody.acquire.imaging import Image
from hikeshi.custody.acquire.logical import Copy
from hikeshi.custody.acquire.record import Person, Reading

MEBIBYTE = 1024 * 1024


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def shell(text: str) -> Callable[[], object]:
    return lambda: subprocess.run(["bash", "-c", text], check=True, capture_output=True)


def ours(what: Acquisition, out: Path) -> Callable[[], object]:
    return lambda: perform(what, out, person=Person(collector="benchmark"), clock=Reading(), command="")


def say(name: str, took: float, amount: float, unit: str) -> None:
    print(json.dumps({"what": name, "seconds": round(took, 3), f"{unit}/s": round(amount / took, 1)}), flush=True)


def images(folder: Path, size: int) -> None:
    source = folder / "disk"
    with source.open("wb") as file:
        for _ in range(size // MEBIBYTE):
            file.write(os.urandom(MEBIBYTE))
    mib = size / MEBIBYTE
    say("image, SHA-256 and SHA-512, read back", seconds(ours(Image(path=source), folder / "out")), mib, "MiB")
    text = (
        f"dd if={source} of={folder}/dd.img bs=1M conv=fsync && sha256sum {folder}/dd.img && sha512sum {folder}/dd.img"
    )
    say("dd, sha256sum and sha512sum of the copy", seconds(shell(text)), mib, "MiB")
    if shutil.which("dc3dd"):
        text = f"dc3dd if={source} hof={folder}/dc3dd.img hash=sha256 hash=sha512"
        say("dc3dd, both hashes, read back", seconds(shell(text)), mib, "MiB")


def copies(folder: Path, files: int) -> None:
    tree = folder / "tree"
    for number in range(files):
        place = tree / f"{number // 1000}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"file-{number}").write_bytes(f"{number}\n".encode() * 200)
    say(
        "copy with manifest, hashes and bodyfile", seconds(ours(Copy(paths=(tree,)), folder / "copied")), files, "files"
    )
    text = f"cp -a {tree} {folder}/cp && find {folder}/cp -type f -print0 | xargs -0 sha256sum > {folder}/sums && sync -f {folder}"
    say("cp -a, then sha256sum", seconds(shell(text)), files, "files")


def faults(folder: Path) -> None:
    """16 MiB with an unreadable sector in every eighth block of 64 KiB."""
    content = folder / "content"
    content.write_bytes(os.urandom(16 * MEBIBYTE))
    bad = [(start, start + 512) for start in range(0, 16 * MEBIBYTE, 8 * 65536)]
    try:
        with faulty_disk(folder / "fuse", content, bad) as disk:
            say(
                f"image of a disk with {len(bad)} bad sectors",
                seconds(ours(Image(path=disk), folder / "rescued")),
                16,
                "MiB",
            )
    except OSError as problem:
        print(json.dumps({"what": "disk with bad sectors", "left out": str(problem)}))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--size", type=int, default=256 * MEBIBYTE, help="bytes of the disk")
    asked.add_argument("--files", type=int, default=5000, help="small files to copy")
    asked.add_argument("--folder", type=Path, default=None, help="where; the disk that is measured")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        for part in (lambda one: images(one, given.size), lambda one: copies(one, given.files), faults):
            with tempfile.TemporaryDirectory(dir=name) as place:
                part(Path(place))


if __name__ == "__main__":
    main()
