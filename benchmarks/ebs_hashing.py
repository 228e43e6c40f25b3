"""How fast a whole image is hashed through the EBS direct APIs: `python benchmarks/ebs_hashing.py --size 1024`.

Three sources of blocks: memory (the engine alone), a source that gives the published 1 000 blocks a second, each after 30 ms, and the
simulated account over HTTP. Beside ours stand the source alone (read by as many threads, nothing hashed) and SHA-256 alone (one thread,
one stream, the bytes in memory). The bar is 90 % of the slower of the two. Ours hashes every byte twice: once against its checksum, once in order.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from hikeshi.actions.aws.acquisition.image_hash import AT_ONCE, ImageHash, Listed, Read, ReadBlock, hash_blocks
from hikeshi.actions.aws.acquisition.snapshot_blocks import SnapshotBlocks
from hikeshi.actions.aws.recorder import NullRecorder
from hikeshi.actions.aws.world import AwsWorld

BLOCK = 512 * 1024
MIB = 2**20
LATENCY = 0.03
A_SECOND = 1000


class Source(NamedTuple):
    """`fetch` reads one block and checks nothing; `read` is what the engine uses."""

    name: str
    listed: list[Listed]
    fetch: Callable[[Listed], object]
    read: ReadBlock


def checked(index: int, data: bytes) -> Read:
    return Read(index, data, hashlib.sha256(data).digest())


def in_memory(count: int) -> Source:
    kept = [os.urandom(BLOCK) for _ in range(16)]
    listed = [Listed(index, "") for index in range(count)]
    return Source(
        "memory", listed, lambda one: kept[one.index % 16], lambda one: checked(one.index, kept[one.index % 16])
    )


def published(count: int) -> Source:
    """A block after 30 ms, and no more than 1 000 a second."""
    kept, lock, turn = os.urandom(BLOCK), threading.Lock(), [0.0]

    def fetch(_: Listed) -> bytes:
        with lock:
            turn[0] = max(turn[0], time.perf_counter()) + 1 / A_SECOND
            until = turn[0] + LATENCY
        time.sleep(max(0.0, until - time.perf_counter()))
        return kept

    listed = [Listed(index, "") for index in range(count)]
    return Source(f"{A_SECOND} blocks/s, 30 ms each", listed, fetch, lambda one: checked(one.index, fetch(one)))


def simulated(count: int, world: AwsWorld, snapshot: str) -> Source:
    blocks = SnapshotBlocks(world, snapshot)

    def fetch(one: Listed) -> object:
        asked = {"SnapshotId": snapshot, "BlockIndex": one.index, "BlockToken": one.token}
        return world.read("ebs", "GetSnapshotBlock", **asked)["BlockData"].read()

    there = list(blocks.listed(0, 2048))
    listed = [there[place % len(there)] for place in range(count)]
    return Source("simulated account, HTTP", listed, fetch, blocks.read)


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def alone(source: Source) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(source.fetch, source.listed):
            pass


def ours(source: Source) -> None:
    """In order of the list, whatever the indexes are: the same blocks may come again."""
    renamed = dict(enumerate(source.listed))

    def read(one: Listed) -> Read:
        return msgspec.structs.replace(source.read(renamed[one.index]), index=one.index)

    listed: Iterable[Listed] = (Listed(place, "") for place in renamed)
    hash_blocks(ImageHash(BLOCK), listed, read, until=len(renamed))


def sha256_alone(count: int) -> None:
    """Over as many different blocks as are in memory above: one alone would stay in the cache of the core, which no image does."""
    blocks, sha = [os.urandom(BLOCK) for _ in range(16)], hashlib.sha256()
    for place in range(count):
        sha.update(blocks[place % 16])


def measure(source: Source, runs: int) -> None:
    count = len(source.listed)
    plain, found, hashed = (
        sorted(seconds(run) for _ in range(runs))[runs // 2]
        for run in (lambda: alone(source), lambda: ours(source), lambda: sha256_alone(count))
    )
    rate = count * BLOCK / MIB
    share = max(plain, hashed) / found
    print(
        f"| {source.name} | {count} | {rate / plain:,.0f} | {rate / hashed:,.0f} | {rate / found:,.0f} | {share:.0%} |",
        flush=True,
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description="Measure the hash of a whole image beside its source and SHA-256 alone."
    )
    options.add_argument("--size", type=int, default=1024, help="MiB of the image")
    options.add_argument(
        "--http", type=int, default=64, help="MiB of the image that is read from the simulated account; 0: none"
    )
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, median of {chosen.runs} runs, {AT_ONCE} readers\n")
    print("| source | blocks | source alone MiB/s | SHA-256 alone MiB/s | ours MiB/s | of the slower (bar 90 %) |")
    print("|---|---|---|---|---|---|")
    for source in (in_memory(chosen.size * 2), published(chosen.size * 2)):
        measure(source, chosen.runs)
    if chosen.http:
        from hikeshi.simulation.cloud import SimulatedCloud  # only where moto is installed

        with SimulatedCloud() as cloud:
            ec2 = cloud.client("ec2")
            volume = ec2.create_volume(Size=1, AvailabilityZone="ap-northeast-1a")["VolumeId"]
            snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
            world = AwsWorld(
                incident="INC-2026-0001", step="bench", account="123456789012", region="ap-northeast-1", record=NullRecorder(),
                endpoint_url=cloud.endpoint_url,
            )  # fmt: skip
            measure(simulated(chosen.http * 2, world, snapshot), chosen.runs)


if __name__ == "__main__":
    main()
