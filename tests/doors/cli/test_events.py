"""Logs as events, without a database."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from doors.cli.typed import Keyboard
from hikeshi.events.event import COLUMNS
from hikeshi.events.parsers import PARSERS

SAMPLES = Path(__file__).parents[2] / "samples"
TRAIL = SAMPLES / "cloudtrail" / "s3.json"
DAMAGED = SAMPLES / "vpcflow" / "damaged.log"


def test_each_event_is_one_line_with_the_names_of_the_schema(keyboard: Keyboard) -> None:
    typed = keyboard("events", "parse", TRAIL, "--json")
    assert typed.code == 0
    assert typed.lines
    for row in typed.lines:
        assert row.keys() <= set(COLUMNS)
        assert isinstance(row["ts"], int)
        assert len(row["event_uid"]) == 32
        assert isinstance(row.get("attrs", {}), dict)
        assert isinstance(json.loads(row["raw"]), dict)


def test_what_is_unreadable_is_counted_and_the_rest_is_there(keyboard: Keyboard) -> None:
    typed = keyboard("events", "parse", DAMAGED, "--json")
    assert typed.code == 5
    assert typed.lines
    assert "damaged.log" in typed.err
    assert "unreadable: " in typed.err


def test_people_see_a_table(keyboard: Keyboard) -> None:
    typed = keyboard("events", "parse", TRAIL, "--lang", "ja")
    assert "日時" in typed.out
    assert "JST" in typed.out


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_has_every_event_in_the_form_its_name_ends_with(keyboard: Keyboard, tmp_path: Path, ending: str) -> None:
    wanted = len(keyboard("events", "parse", TRAIL, "--json").lines)
    out = tmp_path / f"events.{ending}"
    told = keyboard.json("events", "parse", TRAIL, "--out", out)
    assert (told["events"], told["unreadable"]) == (wanted, 0)
    if ending == "parquet":
        assert pq.read_table(out).num_rows == wanted
    elif ending == "csv":
        with out.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert (len(rows), set(rows[0])) == (wanted, set(COLUMNS))
    else:
        assert len(out.read_text().splitlines()) == wanted
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_a_cell_is_never_a_formula(keyboard: Keyboard, tmp_path: Path) -> None:
    record = json.loads(TRAIL.read_text())["Records"][0] | {"userAgent": "=cmd|'/c calc'!A1"}
    log = tmp_path / "log.json"
    log.write_text(json.dumps({"Records": [record]}))
    keyboard.json("events", "parse", log, "--out", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["user_agent"].startswith("'=")


def test_wrong_words_are_wrong_usage_or_refused(keyboard: Keyboard, tmp_path: Path) -> None:
    assert keyboard("events", "parse", TRAIL, "--out", tmp_path / "x.docx").code == 2
    assert keyboard("events", "parse", TRAIL, "--as", "nope").code == 3
    assert keyboard("events", "parse", tmp_path / "nothing").code == 3
    assert not list(tmp_path.iterdir())


def test_all_parsers_are_listed_with_what_they_read(keyboard: Keyboard) -> None:
    rows = keyboard.json("events", "parsers")
    assert [row["name"] for row in rows] == list(PARSERS)
    assert all(row["what"] for row in rows)
