from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.errors import Refused, Unreadable
from hikeshi.events.columns import batch
from hikeshi.events.event import Event
from hikeshi.events.mapped import Mapped, parser_of
from hikeshi.events.mapping import parse
from hikeshi.events.reading import read
from hikeshi.events.source import Source

NOON = 1_794_018_667_000_000  # 2026-11-07 02:31:07 UTC
CSV = """
name: shop
format: csv
separator: ";"
time: {field: when, form: "%d/%b/%Y:%H:%M:%S", zone: Asia/Tokyo, says: recorded}
message: "{client} bought {thing}"
fields: {src_ip: client, actor_name: user, bytes: size}
values: {provider: acme, service: shop}
"""
ROWS = b"""when;client;user;size;thing
07/Nov/2026:11:31:07;192.0.2.7;alice;12;"a; b"
yesterday;192.0.2.7;alice;12;c
07/Nov/2026:11:31:08;nobody;;many;
07/Nov/2026:11:31:09;1;2;3;4;5
"""
JSON = """
name: api
format: json
time: {field: meta.at}
fields: {src_ip: client.ip, action: verb, user_agent: agent}
"""


def found(mapping: str, content: bytes) -> tuple[list[Event], list[Unreadable]]:
    both = list(read(Source.of(content), Mapped(parse(mapping.encode()))))
    return [e for e in both if isinstance(e, Event)], [u for u in both if isinstance(u, Unreadable)]


def test_rows_become_events_as_the_mapping_says() -> None:
    first = found(CSV, ROWS)[0][0]
    assert (first.ts, first.ts_basis, first.ts_desc, first.ts_precision) == (NOON, "offset", "recorded", "s")
    assert (first.src_ip, first.actor_name, first.bytes) == ("192.0.2.7", "alice", 12)
    assert (first.provider, first.service, first.source_kind) == ("acme", "shop", "shop")
    assert first.message == "192.0.2.7 bought a; b"
    assert json.loads(first.attrs or b"") == {"thing": "a; b"}


def test_a_value_that_does_not_fit_its_column_is_kept_all_the_same() -> None:
    second = found(CSV, ROWS)[0][1]
    assert (second.src_ip, second.bytes) == (None, None)
    assert json.loads(second.attrs or b"") == {"client": "nobody", "size": "many"}


def test_rows_that_do_not_fit_are_unreadable_with_their_line() -> None:
    assert [str(one) for one in found(CSV, ROWS)[1]] == [
        "memory, line 3: 'when' has no time of that form: 'yesterday'",
        "memory, line 5: the row has 6 values for 5 columns",
    ]


def test_dots_lead_into_json() -> None:
    content = (
        b'{"meta": {"at": "2026-11-07T02:31:07Z"}, "client": {"ip": "192.0.2.7"}, "verb": "get"}\n{"meta": 1}\n[]\n'
    )
    (event,), bad = found(JSON, content)
    assert (event.ts, event.src_ip, event.action) == (NOON, "192.0.2.7", "get")
    assert len(bad) == 1


@pytest.mark.parametrize(
    ("time", "text", "us", "basis"),
    [
        ("{field: t}", "2026-11-07 02:31:07", NOON, "zone_assumed"),
        ("{field: t, zone: Asia/Tokyo}", "2026-11-07 11:31:07", NOON, "offset"),
        ("{field: t, zone: Asia/Tokyo}", "2026-11-07T02:31:07Z", NOON, "utc"),
        ("{field: t, form: number}", "1794018667", NOON, "utc"),
        ('{field: t, form: "%Y-%m-%d %I:%M:%S %p %z"}', "2026-11-07 11:31:07 AM +0900", NOON, "offset"),
        ('{field: t, form: "%m/%d/%y %H:%M:%S.%f"}', "11/07/26 02:31:07.5", NOON + 500_000, "zone_assumed"),
    ],
)
def test_times_are_read_in_the_form_that_is_given(time: str, text: str, us: int, basis: str) -> None:
    (event,), bad = found(f"name: x\nformat: json\ntime: {time}\n", json.dumps({"t": text}).encode())
    assert not bad
    assert (event.ts, event.ts_basis) == (us, basis)


def test_csv_without_the_column_of_the_time_says_so_once() -> None:
    assert [str(one) for one in found(CSV, b"a;b\n1;2\n3;4\n")[1]] == ["memory, line 1: there is no column 'when'"]


def test_a_file_names_the_mapping_and_another_mapping_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CSV)
    (tmp_path / "again.yaml").write_text(CSV.replace("recorded", "completed"))
    (tmp_path / "log.csv").write_bytes(ROWS)
    one, other = parser_of(tmp_path / "shop.yaml"), parser_of(tmp_path / "again.yaml")
    assert one.VERSION != other.VERSION
    assert pickle.loads(pickle.dumps(one)).VERSION == one.VERSION


def test_the_name_of_a_parser_is_taken() -> None:
    with pytest.raises(Refused, match="There is a parser 'evtx' already"):
        Mapped(parse(CSV.replace("shop\nformat", "evtx\nformat").encode()))


@settings(deadline=None)
@given(content=st.binary(max_size=200) | st.text('{}"[];,\n:abc07/Nov2026when', max_size=80).map(str.encode))
def test_arbitrary_bytes_never_raise(content: bytes) -> None:
    for mapping in (CSV, JSON):
        batch(found(mapping, content)[0])
        found(mapping, ROWS[:28] + content)
