"""Logs in Parquet: the same events as in text and JSON, whatever the file claims about itself."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events import parquet_rows
from hikeshi.events.event import Event
from hikeshi.events.reading import parse
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

SAMPLES = Path(__file__).parents[1] / "samples"
NUMBERS = {"version", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end"}
ELSEWHERE = {"path", "evidence_sha256", "offset", "raw", "seq", "event_uid", "attrs"}


def flows(folder: Path, *, hyphens: bool = False) -> Path:
    """The lines of our sample as AWS writes them in Parquet: numbers are numbers, and zero where there is none."""
    names, *lines = [line.split() for line in (SAMPLES / "vpcflow" / "v2-header.log").read_text().splitlines()]
    rows = [
        {
            name if hyphens else name.replace("-", "_"): int(value.replace("-", "0")) if name in NUMBERS else value
            for name, value in zip(names, line, strict=True)
        }
        for line in lines
    ]
    return written(folder / "region=ap-northeast-1" / "flows.parquet", rows)


def lake(folder: Path) -> Path:
    rows = [json.loads(line) for line in (SAMPLES / "ocsf" / "lake.jsonl").read_text().splitlines()]
    return written(folder / "lake.parquet", rows)


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, _schema(rows)), path, row_group_size=3)
    return path


def _schema(rows: list[dict[str, Any]]) -> pa.Schema:
    return pa.unify_schemas([pa.Table.from_pylist([row]).schema for row in rows], promote_options="permissive")


def said(path: Path) -> list[dict[str, Any]]:
    found = list(parse([path]))
    assert not [one for one in found if isinstance(one, Unreadable)]
    return [
        {name: value for name, value in msgspec.structs.asdict(one).items() if name not in ELSEWHERE}
        for one in found
        if isinstance(one, Event)
    ]


@pytest.mark.parametrize("hyphens", [False, True])
def test_flows_are_the_same_events_as_in_text(tmp_path: Path, *, hyphens: bool) -> None:
    assert said(flows(tmp_path, hyphens=hyphens)) == said(SAMPLES / "vpcflow" / "v2-header.log")


def test_ocsf_events_are_the_same_as_in_json(tmp_path: Path) -> None:
    assert said(lake(tmp_path)) == said(SAMPLES / "ocsf" / "lake.jsonl")


def test_the_raw_record_is_the_row_as_json(tmp_path: Path) -> None:
    event = next(one for one in parse([flows(tmp_path)]) if isinstance(one, Event))
    assert json.loads(event.raw)["interface_id"] == event.interface
    assert (event.seq, event.offset) == (1, None)


def test_a_timeline_of_a_folder_has_them_once_whatever_they_came_in(tmp_path: Path) -> None:
    flows(tmp_path / "logs")
    lake(tmp_path / "logs")
    (tmp_path / "logs" / "flows.log").write_bytes((SAMPLES / "vpcflow" / "v2-header.log").read_bytes())
    (tmp_path / "logs" / "packed.gz").write_bytes(gzip.compress(lake(tmp_path / "other").read_bytes()))
    store = DuckStore(tmp_path / "store")
    report = store.build([tmp_path / "logs"])
    assert (report.files, report.unreadable_count, report.not_recognised_count) == (4, 0, 0)
    assert {row.parser for row in store.sources()} == {"vpcflow", "ocsf"}
    assert store.count(Query(where={"source_kind": "vpcflow"})) == 4
    assert store.build([tmp_path / "logs"]).built == 0


def test_a_cut_off_file_is_named(tmp_path: Path) -> None:
    whole = flows(tmp_path)
    whole.write_bytes(whole.read_bytes()[:-20])
    (trouble,) = parse([whole])
    assert isinstance(trouble, Unreadable)
    assert "footer" in str(trouble)


def test_damage_is_named_with_its_row_and_what_came_before_is_kept(tmp_path: Path) -> None:
    path = flows(tmp_path)
    place = pq.read_metadata(path).row_group(1).column(3).data_page_offset
    content = bytearray(path.read_bytes())
    content[place : place + 8] = b"\xff" * 8
    path.write_bytes(content)
    *events, trouble = parse([path])
    assert len(events) <= 3
    assert isinstance(trouble, Unreadable)
    assert "row" in str(trouble)


def test_parquet_that_is_no_log_is_named(tmp_path: Path) -> None:
    (trouble,) = parse([written(tmp_path / "x.parquet", [{"a": 1}])])
    assert "no log that is known" in str(trouble)


@pytest.mark.parametrize("bound", ["COLUMNS", "GROUP", "MOST", "FOOTER"])
def test_a_file_that_announces_too_much_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(parquet_rows, bound, 1)
    (trouble,) = parse([flows(tmp_path)])
    assert "more than" in str(trouble) or "longer than" in str(trouble)


def test_one_long_text_in_many_rows_is_not_multiplied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "class_uid": 4001,
        "metadata": {"uid": "1", "note": "x" * 400_000},
        "type_uid": 400101,
        "time": 1793974800000,
    }
    path = written(tmp_path / "long.parquet", [row | {"text": "y" * 400_000}] * 100)
    monkeypatch.setattr(parquet_rows, "NESTED", 1 << 20)
    monkeypatch.setattr(parquet_rows, "TOGETHER", 1 << 20)
    pieces = [len(piece) for piece in parquet_rows._texts(pq.ParquetFile(path, read_dictionary=["text"]))]
    assert (len(pieces), max(pieces) < 2 << 20) == (100, True)
    assert len([one for one in parse([path]) if isinstance(one, Event)]) == 100


def test_a_column_of_many_different_texts_is_read(tmp_path: Path) -> None:
    rows = [
        {
            "class_uid": 4001,
            "metadata": {"uid": f"{n}-{'u' * 600}"},
            "type_uid": 400101,
            "time": n,
            "text": f"{n}-{'t' * 600}",
        }
        for n in range(1, 5001)
    ]
    path = tmp_path / "many.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert [one.seq for one in parse([path]) if isinstance(one, Event)] == list(range(1, 5001))


@pytest.mark.parametrize("seed", range(60))
def test_damage_anywhere_never_raises(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = chance.choice([flows, lake])(tmp_path)
    content = bytearray(path.read_bytes())
    for _ in range(6):
        content[chance.randrange(4, len(content))] = chance.randrange(256)
    path.write_bytes(content)
    assert list(parse([path]))
