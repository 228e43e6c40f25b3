"""How fast evidence is sealed, beside the tools of Debian: `python benchmarks/sealing.py --size 2G --files 64 --each 32M --small 100000`.

Three sources: one large file, many files of the same size, many small files. All are read once first, so the page cache is warm for
everybody. Hashing tools only read; dc3dd, cp and we also write, and wait until the disk has it. So the rate of the disk alone, of our
sealing into memory (no disk) and of our hashing without writing (verify) stand beside it. Tools that are not installed are left out.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from hikeshi.custody.locker import Locker
from hikeshi.custody.tree import AT_ONCE

MIB = 1024 * 1024
UNITS = {"K": 1024, "M": MIB, "G": 1024 * MIB}


class Way(NamedTuple):
    """One way of doing it. `bar` is the share of openssl's rate that ours has to reach."""

    name: str
    run: Callable[[], object]
    bar: float = 0.0


def amount(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1].upper()] if text[-1].upper() in UNITS else int(text)


def tool(*command: str) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measured(ways: list[Way], runs: int, clear: Callable[[], None]) -> Iterator[tuple[Way, float, float]]:
    """Each way with its median seconds, and the processor seconds of that run. The runs take turns, so that all have the same weather."""
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(runs):
        for way in ways:
            clear()
            before, began = os.times(), time.perf_counter()
            way.run()
            seconds, after = time.perf_counter() - began, os.times()
            times.setdefault(way.name, []).append((seconds, sum(after[:4]) - sum(before[:4])))
    for way in ways:
        yield way, *sorted(times[way.name])[runs // 2]


def report(title: str, size: int, count: int, found: list[tuple[Way, float, float]]) -> None:
    print(
        f"\n{title}\n\n| way | s | processor s | MB/s | files/s | against openssl | bar |\n|---|---|---|---|---|---|---|"
    )
    openssl = next((seconds for way, seconds, _ in found if way.name.startswith("openssl")), None)
    for way, seconds, processor in found:
        ratio = f"{openssl / seconds:.2f}" if openssl else ""
        bar = f"{way.bar:.2f}" if way.bar else ""
        print(
            f"| {way.name} | {seconds:.2f} | {processor:.2f} | {size / seconds / 1e6:,.0f} | {count / seconds:,.0f} | {ratio} | {bar} |"
        )


def of_debian(files: list[Path], copy: Path) -> list[Way]:
    """Tools that are installed, on the same files. Only dc3dd and dd write."""
    names = [str(path) for path in files]
    ways = {
        "openssl": Way("openssl dgst -sha256, one stream", tool("openssl", "dgst", "-sha256", *names)),
        "sha256sum": Way("sha256sum, one stream", tool("sha256sum", *names)),
        "hashdeep": Way("hashdeep -c sha256, all cores", tool("hashdeep", "-c", "sha256", *names)),
    }
    if len(files) == 1:
        ways["dc3dd"] = Way(
            "dc3dd hash=sha256, writes a copy", tool("dc3dd", f"if={names[0]}", f"of={copy}", "hash=sha256")
        )
        ways["dd"] = Way(
            "dd oflag=direct conv=fsync: the disk alone", tool("dd", f"if={names[0]}", f"of={copy}", "bs=4M", "oflag=direct", "conv=fsync")
        )  # fmt: skip
    return [way for name, way in ways.items() if shutil.which(name)]


def ours(source: Path, place: Path, memory: Path | None, bar: float) -> list[Way]:
    def seal(root: Path) -> Callable[[], object]:
        if source.is_dir():
            return lambda: Locker(root).seal_tree(source)
        return lambda: Locker(root).seal(source)

    ways = [Way("**Hikeshi: sealed, durable**", seal(place / "locker"), bar)]
    if memory:
        ways.append(Way("**Hikeshi: sealed into memory, no disk**", seal(memory / "locker"), bar))
    return ways


def verified(source: Path, kept: Path, bar: float) -> Way:
    """Our hashing without writing: of a locker that is there."""
    box = Locker(kept)
    names = [entry.sha256 for entry in box.seal_tree(source)[1].entries]

    def run() -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            wrong = [one for one in pool.map(box.verify, names) if one != "match"]
        if wrong:
            raise SystemExit("The locker is damaged.")

    return Way("**Hikeshi: verified, nothing written**", run, bar)


def make(folder: Path, count: int, size: Callable[[int], int]) -> list[Path]:
    """Files of random bytes, a thousand to a folder."""
    made = random.Random(5)
    files: list[Path] = []
    for number in range(count):
        path = folder / f"{number // 1000:03d}" / f"{number:06d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            left = size(number)
            while left:
                stream.write(made.randbytes(min(left, MIB)))
                left -= min(left, MIB)
        files.append(path)
    os.sync()
    return files


def warm(files: list[Path]) -> int:
    """Read everything once; the bytes."""
    total = 0
    for path in files:
        with path.open("rb", buffering=0) as stream:
            while chunk := stream.read(MIB):
                total += len(chunk)
    return total


def compare(title: str, source: Path, files: list[Path], chosen: argparse.Namespace, place: Path, bar: float) -> None:
    lockers = [place / "locker"]
    memory = None
    size = warm(files)
    if chosen.memory and shutil.disk_usage(chosen.memory).free > 2 * size:
        memory = Path(tempfile.mkdtemp(dir=chosen.memory))
        lockers.append(memory / "locker")

    def clear() -> None:
        (place / "copy").unlink(missing_ok=True)
        for root in lockers:
            shutil.rmtree(root, ignore_errors=True)
        os.sync()

    few = len(files) <= 1000  # more names do not fit into one command
    ways = [*(of_debian(files, place / "copy") if few else []), *ours(source, place, memory, bar)]
    ways.append(verified(source, place / "kept", bar))
    report(title, size, len(files), list(measured(ways, chosen.runs, clear)))
    clear()
    for folder in (place / "kept", *([memory] if memory else [])):
        shutil.rmtree(folder)


def main() -> None:
    options = argparse.ArgumentParser(description="Measure sealing beside openssl, sha256sum, hashdeep and dc3dd.")
    options.add_argument("--size", type=amount, default=2 * UNITS["G"], help="of the one large file")
    options.add_argument("--files", type=int, default=64, help="how many files of the same size")
    options.add_argument("--each", type=amount, default=32 * MIB, help="the size of each of them")
    options.add_argument("--small", type=int, default=100_000, help="how many small files, of 0.2 to 4 KB")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--place", type=Path, help="a folder on the disk to measure")
    options.add_argument(
        "--memory", type=Path, default=Path("/dev/shm"), help="a folder in memory, for sealing without a disk"
    )
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.place) as folder:
        place = Path(folder)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, page cache warm, median of {chosen.runs} runs")
        for name, title, count, size, bar in (
            ("large", "One file", 1, lambda _: chosen.size, 0.9),
            ("many", "Many files", chosen.files, lambda _: chosen.each, 1.8),
            (
                "small",
                "Small files (the bar is 3,000 files/s)",
                chosen.small,
                lambda number: 200 + number * 37 % 3800,
                0.0,
            ),
        ):
            files = make(place / name, count, size)
            compare(title, files[0] if count == 1 else place / name, files, chosen, place, bar)
            shutil.rmtree(place / name)


if __name__ == "__main__":
    main()
