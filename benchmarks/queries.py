"""How long a person waits for an answer of a large timeline: `python benchmarks/queries.py --events 100000000 --keep DIR`.

Builds a small store of CloudTrail records and flows (those of timeline.py, fixed seed), merges it as a build does, and repeats its merged parts with later
times and other ids until there are as many events as asked: the same Parquet that building so many logs leaves, in minutes instead of
an hour. Then each question is asked in a process of its own and, as the console does, in one that has asked before.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # as mypy and pytest have it

from benchmarks.timeline import corpus, make_file  # noqa: E402  after the path

from hikeshi.stores import few, layout  # noqa: E402
from hikeshi.stores.duck import DuckStore  # noqa: E402
from hikeshi.stores.entity import entity  # noqa: E402
from hikeshi.stores.layout import Layout, Span, merged  # noqa: E402
from hikeshi.stores.store import Query  # noqa: E402

BASE = {"cloudtrail": 600_000, "vpcflow": 1_400_000}
"""Records of the small store: three of ten events are calls."""

DAY = 86_400_000_000


def small(folder: Path, base: Mapping[str, int]) -> Path:
    """The folder of the small store, merged."""
    store = folder / "small"
    if not store.exists():
        logs = folder / "logs"
        with ProcessPoolExecutor() as pool:
            for kind, count in base.items():
                list(pool.map(make_file, corpus(logs, kind, count), chunksize=4))
        layout.MANY = 0
        DuckStore(folder / "building").build([logs])
        (folder / "building").rename(store)
        shutil.rmtree(logs)
    return store


def many(folder: Path, events: int, start: Mapping[str, int] = BASE) -> Path:
    """The folder of a store with at least so many events, made of `start`: records of each kind. Made where it is not there."""
    store = folder / f"store-{events}"
    if store.exists():
        return store
    from benchmarks.multiplying import again  # NumPy is not there for the processes of a build, which load this file

    base = Layout(small(folder, start))
    batch = merged(base.batches())
    if batch is None:
        raise SystemExit("The small store was not merged.")
    first, last = batch.spans[0].first_us, batch.spans[-1].last_us
    period, size = (last - first) // 1_000_000 * 1_000_000 + 1_000_000, sum(span.rows for span in batch.spans)
    later = [part for part in batch.parts if part not in batch.once]
    twice = sum(pq.read_metadata(base.parts / part).num_rows for part in later)
    target = Layout(folder / "multiplying")
    target.make()
    copies = -(-events // size)
    moves = [
        (part, f"{batch.number:06d}-{kind}-{number * len(some) + at:04d}.parquet", number, rows)
        for kind, some, step, behind in (("once", batch.once, size, 0), ("later", later, twice, (copies - 1) * size))
        for number in range(copies) for rows in [behind + number * step] for at, part in enumerate(some)
    ]  # fmt: skip
    with ProcessPoolExecutor() as pool:
        made = [
            pool.submit(again, base.parts / part, target.parts / new, later_us=number * period, rows=rows, number=number)
            for part, new, number, rows in moves
        ]  # fmt: skip
        for done, copy in enumerate(made):
            copy.result()
            print(f"\r{done + 1:,} of {len(made):,} parts", end="", file=sys.stderr)
    spans = [
        Span(s.first_us + n * period, s.last_us + n * period, s.rows, s.part + n * len(batch.once))
        for n in range(copies) for s in batch.spans
    ]  # fmt: skip
    names = tuple(new for _, new, _, _ in moves)
    once = names[: copies * len(batch.once)]
    told = msgspec.structs.replace(batch, parts=names, once=once, spans=tuple(spans))
    target.commit(told)
    made_folds = DuckStore(target.folder)
    made_folds._keep_folds(target.batches(), lambda path: folds(base, path, copies, size, twice))  # noqa: SLF001  it stands in for a build
    made_folds._answer_usual()  # noqa: SLF001  as above
    target.folder.rename(store)
    print(file=sys.stderr)
    return store


def folds(base: Layout, path: str, copies: int, size: int, twice: int) -> None:
    """Which rows are the same event, of all copies: what merging writes."""
    import numpy as np  # as above
    from benchmarks.multiplying import salt

    once = pq.read_table(next(base.folds.glob("*.parquet")))
    uids = np.frombuffer(b"".join(once["event_uid"].to_pylist()), np.uint64).reshape(-1, 2)
    keep = once["keep"].to_numpy()
    with pq.ParquetWriter(path, once.schema) as out:
        for part, step, behind in ((keep, size, 0), (~keep, twice, (copies - 1) * size)):
            rows = once.filter(pa.array(part))
            for number in range(copies):
                ids = pc.add(rows["row_id"], behind + number * step)
                mixed = [uid.tobytes() for uid in uids[part] ^ salt(number)]
                out.write_table(
                    rows.set_column(0, "row_id", ids).set_column(3, "event_uid", pa.array(mixed, pa.binary()))
                )


def questions(store: DuckStore) -> dict[str, Callable[[], Any]]:
    """What the issue's figures are about, by name."""
    once = merged(store._layout.batches())  # noqa: SLF001  what it was made as
    if once is None:
        raise SystemExit("The store is not merged.")
    first, last = (store.events(Query(limit=1, descending=way))[0]["ts"] for way in (False, True))
    middle = (first + last) // 2
    hour = {"start_us": middle, "end_us": middle + DAY // 24}
    somebody = store.events(Query(limit=1, where={"source_kind": "cloudtrail"}, **hour))[0]["actor_name"]
    day = {"start_us": middle, "end_us": middle + DAY}
    return {
        "filter: an hour and a principal": lambda: store.events(Query(where={"actor_name": somebody}, **hour)),
        "histogram: everything": lambda: store.histogram(Query()),
        "histogram: everything, not kept": lambda: store._by_blocks(once, Query(), 60),  # noqa: SLF001  as first asked
        "facet: top 10 actions of everything": lambda: store.facet("action", Query()),
        "facet: top 10 actions of everything, not kept": lambda: store._most_frequent("action", Query(), 10),  # noqa: SLF001  as first asked
        "full text: one day": lambda: store.count(Query(search="example-7/never", **day)),
        "full text: one day, first page of a text in every hundredth call": lambda: store.events(
            Query(search="198.51.100.77", limit=50, **day)
        ),
        "full text: one day, everything the explorer shows": lambda: explored(
            store, Query(search="198.51.100.77", limit=50, **day)
        ),
        "first page of the explorer": lambda: store.events(Query(limit=50)),
        "page in the middle": lambda: store.events(Query(limit=50, start_us=middle)),
        "count: everything": lambda: store.count(Query()),
        "one name: everything it did in a day": lambda: entity(store, somebody, Query(**day)),
    }


def explored(store: DuckStore, query: Query) -> None:
    """What the page of the explorer asks: events, how many, how many of each time, who and what is most frequent."""
    store.events(query)
    store.count(query)
    store.histogram(query, 76)
    for field in ("source_kind", "action", "actor_name", "src_ip", "outcome"):
        store.facet(field, query, 8)


def asked(folder: Path) -> dict[str, list[float]]:
    """Milliseconds of each question, asked six times in a process that has asked before; the first asking is left out."""
    store = DuckStore(folder)
    found: dict[str, list[float]] = {}
    for name, ask in questions(store).items():
        for turn in range(6):
            few.known.forget()  # each turn asks what nobody asked before
            few.sums.forget()
            began = time.perf_counter()
            ask()
            if turn:
                found.setdefault(name, []).append(round((time.perf_counter() - began) * 1000, 1))
    return found


def main() -> None:
    options = argparse.ArgumentParser(description="Measure questions to a large store.")
    options.add_argument("--events", type=int, default=10_000_000)
    options.add_argument("--keep", type=Path, help="folder for the store; it is made only where it is not there")
    options.add_argument("--make-only", action="store_true", help="make the store and ask nothing")
    options.add_argument("--run", type=Path, metavar="STORE", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.run:
        print(json.dumps(asked(chosen.run)))
        return
    folder = chosen.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    store = many(folder, chosen.events)
    if chosen.make_only:
        print(store)
        return
    output = subprocess.check_output([sys.executable, __file__, "--run", str(store)], text=True)
    size = sum(path.stat().st_size for path in (store / "parts").iterdir())
    print(f"{DuckStore(store).count(Query()):,} events, {size / 1e9:.1f} GB, {multiprocessing.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")  # fmt: skip
    print("| question | median ms | range |\n|---|---|---|")
    for name, times in json.loads(output).items():
        print(f"| {name} | {statistics.median(times):.0f} | {min(times):.0f} to {max(times):.0f} |")
    if not chosen.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
