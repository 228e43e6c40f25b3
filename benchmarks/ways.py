"""Ways to handle logs, of which timeline.py runs each as a process of its own: `ways.py WAY LOGS STORE`.

What a way needs is imported by itself, so that the time of its process is its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


class Way(NamedTuple):
    """One way to handle the logs of a kind. `run` is done in a process of its own."""

    name: str
    logs: str
    run: Callable[[Path, Path], int]
    """From the folder of logs and an empty folder to what it found: events, or unpacked bytes."""


def unpack(path: Path) -> int:
    from isal import igzip

    unpacked: Any = igzip  # its functions are not typed
    return len(unpacked.decompress(path.read_bytes()))


def only_unpack(logs: Path, _: Path) -> int:
    return _by_all_cores(unpack, logs)


def decode(path: Path) -> int:
    """What nobody can do without who wants the fields: unpack, and decode those that have a column."""
    import msgspec
    from isal import igzip

    from hikeshi.events.parsers.cloudtrail import Call

    unpacked: Any = igzip
    wrapper: Any = msgspec.defstruct("Wrapper", [("Records", list[Call])])
    return len(msgspec.json.decode(unpacked.decompress(path.read_bytes()), type=wrapper).Records)


def columns(path: Path) -> int:
    """The same for lines of fields: unpack, and cut into columns of text."""
    import io

    from isal import igzip
    from pyarrow import csv

    unpacked: Any = igzip
    parse = csv.ParseOptions(delimiter=" ")
    empty = csv.ConvertOptions(null_values=["-"])
    text = io.BytesIO(unpacked.decompress(path.read_bytes()))
    return int(csv.read_csv(text, parse_options=parse, convert_options=empty).num_rows)


def only_decode(logs: Path, _: Path) -> int:
    return _by_all_cores(columns if logs.name == "vpcflow" else decode, logs)


def hikeshi(logs: Path, store: Path) -> int:
    from hikeshi.stores.duck import DuckStore

    report = DuckStore(store).build([logs])
    return report.events


DUCK_CLOUDTRAIL = """
CREATE TABLE events AS SELECT DISTINCT ON (r->>'eventID', r->>'recipientAccountId')
  CAST(r->>'eventTime' AS TIMESTAMP) AS ts, r->>'eventName' AS action, r->>'eventSource' AS service, r->>'sourceIPAddress' AS src_ip,
  r->>'$.userIdentity.arn' AS actor_id, r->>'$.userIdentity.accessKeyId' AS access_key, r->>'errorCode' AS error_code,
  r->>'recipientAccountId' AS account, CAST(r AS VARCHAR) AS raw
FROM (SELECT unnest(Records) AS r FROM read_json(?, columns = {Records: 'JSON[]'}, maximum_object_size = 67108864))
ORDER BY ts
"""
DUCK_VPCFLOW = """
CREATE TABLE events AS SELECT DISTINCT ON ("interface-id", srcaddr, dstaddr, srcport, dstport, "start", "end", "action") *
FROM read_csv(?, delim = ' ', header = true, nullstr = '-') ORDER BY "start"
"""


def _duck(sql: str, logs: Path, store: Path) -> int:
    import duckdb

    with duckdb.connect(str(store / "events.duckdb")) as con:
        con.execute(sql, [str(logs / "**" / "*.gz")])
        counted = con.execute("SELECT count(*) FROM events").fetchone()
    return int(counted[0]) if counted else 0


def duck_cloudtrail(logs: Path, store: Path) -> int:
    return _duck(DUCK_CLOUDTRAIL, logs, store)


def duck_vpcflow(logs: Path, store: Path) -> int:
    return _duck(DUCK_VPCFLOW, logs, store)


def only_match(logs: Path, _: Path) -> int:
    from benchmarks import text_logs

    return _by_all_cores(text_logs.matched, logs, at_once=1)


def _by_all_cores(count: Callable[[Path], int], logs: Path, at_once: int = 8) -> int:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        return sum(pool.map(count, sorted(logs.rglob("*.gz")), chunksize=at_once))


WAYS: dict[str, Way] = {
    "cloudtrail-decode": Way("gunzip and typed decode only", "cloudtrail", only_decode),
    "cloudtrail-duckdb": Way("DuckDB read_json, distinct, sorted table of 9 columns", "cloudtrail", duck_cloudtrail),
    "cloudtrail-hikeshi": Way("Hikeshi timeline build, all columns", "cloudtrail", hikeshi),
    "cloudtrail-unpack": Way("gunzip only (isal, all cores)", "cloudtrail", only_unpack),
    "syslog-hikeshi": Way("Hikeshi timeline build, all columns", "syslog", hikeshi),
    "syslog-regex": Way("gunzip and one regular expression in Python", "syslog", only_match),
    "tiny-hikeshi": Way("Hikeshi timeline build, all columns", "tiny", hikeshi),
    "tiny-unpack": Way("gunzip only (isal, all cores)", "tiny", only_unpack),
    "vpcflow-decode": Way("gunzip and cutting into columns only", "vpcflow", only_decode),
    "vpcflow-duckdb": Way("DuckDB read_csv, distinct, sorted table", "vpcflow", duck_vpcflow),
    "vpcflow-hikeshi": Way("Hikeshi timeline build, all columns", "vpcflow", hikeshi),
    "vpcflow-unpack": Way("gunzip only (isal, all cores)", "vpcflow", only_unpack),
    "webaccess-hikeshi": Way("Hikeshi timeline build, all columns", "webaccess", hikeshi),
    "webaccess-regex": Way("gunzip and one regular expression in Python", "webaccess", only_match),
}


if __name__ == "__main__":
    chosen, logs, store = WAYS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3])
    print(chosen.run(logs / chosen.logs, store))
