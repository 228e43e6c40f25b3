"""Logs without a parser in a store: read by the mapping that was told, told in the manifest, read again by another one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hikeshi.errors import Refused, Unreadable
from hikeshi.events import assumed
from hikeshi.stores.apart import ApartStore
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

MAPPING = "name: shop\nformat: csv\ntime: {field: when}\nfields: {src_ip: client}\n"
OTHER = MAPPING + "values: {provider: acme}\n"
ROWS = "when,client\n2026-11-07T02:31:07,192.0.2.7\nyesterday,192.0.2.7\n"
SYSLOG = Path(__file__).parents[1] / "samples" / "syslog" / "auth.log"


@pytest.fixture
def logs(tmp_path: Path) -> list[Path]:
    (tmp_path / "shop.csv").write_text(ROWS)
    return [tmp_path / "shop.csv", SYSLOG]


@pytest.fixture
def store(tmp_path: Path) -> DuckStore:
    return DuckStore(tmp_path / "store")


def test_a_log_without_a_parser_is_read_by_its_mapping_and_no_other_is(store: DuckStore, logs: list[Path]) -> None:
    told = [assumed.mapping("shop.csv", MAPPING)]
    report = store.build(logs, assumed=told)
    assert (report.built, report.not_recognised, report.unreadable_count) == (2, (), 1)
    rows = {row.parser: row for row in store.sources()}
    assert (rows["shop"].events, rows["shop"].unreadable[0].place) == (1, "line 3")
    assert (rows["shop"].assumed[0].mapping, rows["syslog"].assumed) == (MAPPING, ())
    assert str(rows["shop"].assumed[0]) == f"*=mapping sha256:{hashlib.sha256(MAPPING.encode()).hexdigest()}"
    (event,) = store.events(Query(where={"source_kind": "shop"}))
    assert event["src_ip"] == "192.0.2.7"
    assert store.build(logs, assumed=told).built == 0


def test_another_mapping_reads_that_source_again(store: DuckStore, logs: list[Path]) -> None:
    store.build(logs, assumed=[assumed.mapping("shop.csv", MAPPING)])
    report = store.build(logs, assumed=[assumed.mapping("shop.csv", OTHER)])
    assert (report.built, report.unchanged) == (1, 1)
    assert [row["provider"] for row in store.events(Query(where={"source_kind": "shop"}))] == ["acme"]


def test_without_the_mapping_its_events_are_gone_and_the_source_says_why(store: DuckStore, logs: list[Path]) -> None:
    store.build(logs, assumed=[assumed.mapping("shop.csv", MAPPING)])
    store.build(logs)
    assert store.count(Query(where={"source_kind": "shop"})) == 0
    (row,) = [row for row in store.sources() if not row.parser]
    assert (row.assumed, row.unreadable_count) == ((), 1)
    assert "no log that is known" in row.unreadable[0].reason
    assert store.build(logs).built == 0


def test_a_mapping_is_stronger_than_what_a_log_looks_like(store: DuckStore, tmp_path: Path) -> None:
    path = tmp_path / "trail.json"
    path.write_bytes((SYSLOG.parents[1] / "cloudtrail" / "s3.json").read_bytes())
    store.build([path])
    store.build([path], assumed=[assumed.mapping("trail.json", "name: mine\nformat: json\ntime: {field: eventTime}\n")])
    assert store.count(Query(where={"source_kind": "mine"})) == store.count(Query()) > 0


def test_a_mapped_source_has_a_clock_by_its_kind(store: DuckStore, logs: list[Path]) -> None:
    told = [assumed.mapping("shop.csv", MAPPING), assumed.skew("shop=+1s"), assumed.zone("shop=Asia/Tokyo")]
    store.build(logs, assumed=told)
    (event,) = store.events(Query(where={"source_kind": "shop"}))
    assert (event["ts_skew_us"], event["ts_basis"]) == (1_000_000, "zone_given")
    assert store.build(logs, assumed=told).built == 0


def test_a_mapping_goes_to_a_builder_of_its_own_and_to_its_workers(tmp_path: Path) -> None:
    for number in range(3):
        row = "2026-11-07T02:31:07,192.0.2.7" + f" {number}" * 200_000 + "\n"
        (tmp_path / f"{number}.csv").write_text("when,client\n" + row * 20)
    store = ApartStore(tmp_path / "store")
    report = store.build([tmp_path / "*.csv"], workers=2, assumed=[assumed.mapping("*.csv", MAPPING)])
    assert (report.built, {row.parser for row in store.sources()}) == (3, {"shop"})


@pytest.mark.parametrize(
    ("source", "text", "error"),
    [
        ("shop.csv", MAPPING + "valeus: {}\n", Unreadable),
        ("shop.csv", MAPPING.replace("shop", "syslog"), Refused),
        ("shop.csv", " ", Refused),
        ("", MAPPING, Refused),
        ("shop.csv", MAPPING + "#" * 20_000, Refused),
    ],
)
def test_a_wrong_mapping_is_refused_as_soon_as_it_is_said(source: str, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        assumed.mapping(source, text)


@pytest.mark.parametrize("source", ["nobody.csv", "syslog"])
def test_a_mapping_for_no_path_is_refused_before_anything_is_read(
    store: DuckStore, logs: list[Path], source: str
) -> None:
    with pytest.raises(Refused, match=source):
        store.build(logs, assumed=[assumed.mapping(source, MAPPING)])
    assert store.sources() == []
