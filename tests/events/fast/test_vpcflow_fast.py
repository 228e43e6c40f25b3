"""The shortcut for VPC flow logs gives what the parser gives, whatever the lines are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from events.fast import comparing
from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.fast import FAST, vpcflow as fast
from hikeshi.events.fast.blocks import Block, blocks
from hikeshi.events.parsers import PARSERS, vpcflow
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples"
LINES = sorted({line for path in (SAMPLES / "vpcflow").iterdir() for line in path.read_text().splitlines()})
LINE = "2 111122223333 eni-0a1b 192.0.2.7 10.0.0.1 {} 22 6 1 40 1794061200 1794061260 ACCEPT OK"
PARTS = [
    "2",
    "eni-0a1b",
    "198.51.100.23",
    "2001:DB8::1",
    "no-address",
    "22",
    "99999",
    "255",
    "256",
    "06",
    "tcp",
    "-5",
    "0x10",
    "+5",
    "1794061200",
    "ACCEPT",
    "REJECT",
    "DENIED",
    "DROP",
    "unknown",
    "OK",
    "NODATA",
    "-",
    "é",
    '"',
    "\\",
    "9" * 19,
]


def by_parser(content: bytes) -> comparing.Found:
    return comparing.by_parser("vpcflow", content)


def by_columns(content: bytes) -> comparing.Found:
    return comparing.by_columns("vpcflow", content)


def test_every_shortcut_is_of_a_parser() -> None:
    assert list(FAST) == sorted(FAST)
    assert set(FAST) <= set(PARSERS)


@pytest.mark.parametrize("path", sorted((SAMPLES / "vpcflow").iterdir()), ids=lambda path: path.name)
def test_samples_come_out_the_same(path: Path) -> None:
    assert by_columns(path.read_bytes()) == by_parser(path.read_bytes())


def test_real_samples_come_out_the_same(shared_data: Path) -> None:
    if not (shared_data / "vpcflow-samples").is_dir():
        pytest.skip("../shared/data/vpcflow-samples is not here")
    for path in (shared_data / "vpcflow-samples").glob("*.log"):
        assert by_columns(path.read_bytes()) == by_parser(path.read_bytes())


def test_many_blocks_keep_their_numbers() -> None:
    content = "\n".join(
        f"2 111122223333 eni-0a1b 192.0.2.{n % 256} 10.0.0.1 {n % 65536} 22 6 1 40 {1794061200 + n} {1794061260 + n} ACCEPT OK"
        for n in range(20_000)
    )
    rows, troubles = by_columns(content.encode())
    assert troubles == []
    assert [row["seq"] for row in rows] == list(range(1, 20_001))
    assert all(content.split("\n")[row["seq"] - 1] == row["raw"] for row in rows[::997])


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(LINES) | st.lists(st.sampled_from(PARTS), min_size=13, max_size=15).map(" ".join), max_size=12
    )
)
def test_lines_in_any_order_come_out_the_same(lines: list[str]) -> None:
    content = "\n".join(lines).encode()
    assert by_columns(content) == by_parser(content)


@settings(deadline=None)
@given(st.sampled_from(LINES), st.integers(0, 30), st.sampled_from(PARTS))
def test_one_changed_field_comes_out_the_same(line: str, at: int, part: str) -> None:
    words = line.split(" ")
    words[at % len(words)] = part
    content = f"{line}\n{' '.join(words)}\n".encode()
    assert by_columns(content) == by_parser(content)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(LINES) | st.lists(st.sampled_from(PARTS), min_size=13, max_size=15).map(" ".join), max_size=40
    ),
    st.sampled_from([40, 400, 4000]),
)
def test_wherever_blocks_are_cut_the_events_are_the_same(lines: list[str], size: int) -> None:
    content = "\n".join(lines).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "BLOCK", size)
        patch.setattr(fast, "SMALL", 2)
        patch.setattr(Source, "pieces", lambda self: (content[at : at + size] for at in range(0, len(content), size)))
        assert by_columns(content) == by_parser(content)


def test_an_empty_piece_behind_the_last_line_is_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    content = "".join(f"{LINE.format(n)}\n" for n in range(600)).encode()
    monkeypatch.setattr(Source, "pieces", lambda _: iter([content, b""]))
    (block,) = blocks(Source.of(content), len(content) * 2)
    assert isinstance(block, Block)
    assert (block.text, block.count) == (content.removesuffix(b"\n"), 600)


def test_what_other_columns_tell_is_left_empty() -> None:
    content = "\n".join(LINE.format(n) for n in range(600)).encode()
    found: Any = next(FAST["vpcflow"](Source.of(content)))
    told = {"dedup_key", "event_uid", "flow_action", "message", "raw", "ts_raw"}
    assert all(found[name].null_count == 600 for name in told)
    assert by_columns(content) == by_parser(content)


def test_lines_without_any_of_the_fields_that_have_no_column_are_plain_too() -> None:
    lines = [f"{LINE.format(n)} {'-' if n % 3 else '192.0.2.9'} {'-' if n % 5 else 'a,b,'}" for n in range(600)]
    content = "\n".join([" ".join([*vpcflow.DOCUMENTED[:14], "pkt-srcaddr", "traffic-path"]), *lines]).encode()
    assert not any(isinstance(one, Event) for one in FAST["vpcflow"](Source.of(content)))
    assert by_columns(content) == by_parser(content)


GAP = "2 111122223333 eni-0a1b - - - - - - - 1794061200 1794061260 - {}"


@pytest.mark.parametrize("layout", ["", " ".join(["action", *vpcflow.DOCUMENTED[:12], "log-status"])])
def test_gaps_among_flows_are_columns_too(layout: str) -> None:
    lines = [GAP.format("NODATA" if n % 2 else "SKIPDATA") if n % 9 == 0 else LINE.format(n) for n in range(600)]
    if layout:
        lines = [layout, *(f"{line.split()[12]} {' '.join(line.split()[:12])} {line.split()[13]}" for line in lines)]
    content = "\n".join(lines).encode()
    if not layout:
        found: Any = next(FAST["vpcflow"](Source.of(content)))
        assert found["event_uid"].null_count == found["message"].null_count == 600
    rows, _ = by_columns(content)
    assert {row["action"] for row in rows if row["category"] == "gap"} == {"NODATA", "SKIPDATA"}
    assert by_columns(content) == by_parser(content)


@pytest.mark.parametrize(
    "odd",
    [
        GAP.format("OK"),
        GAP.format("-"),
        GAP.format("NODATA").replace(" 1794061260 ", " - "),
        GAP.format("NODATA").replace("eni-0a1b", "-"),
        GAP.format("NODATA").replace(" - NODATA", " ACCEPT NODATA"),
        GAP.format("NODATA").replace("eni-0a1b - - -", "eni-0a1b - - 22"),
        LINE.format(1).replace("192.0.2.7", "-"),
        LINE.format(1).replace("ACCEPT OK", "OK OK"),
    ],
)
def test_a_line_that_is_neither_a_flow_nor_a_gap_is_the_parser_s(odd: str) -> None:
    lines = [GAP.format("NODATA"), *(LINE.format(n) for n in range(1, 600)), odd, GAP.format("SKIPDATA")]
    content = "\n".join(lines).encode()
    assert by_columns(content) == by_parser(content)


def test_a_line_that_is_spelled_in_another_way_is_kept() -> None:
    lines = [LINE.format(n) for n in range(2000)]
    lines[1500] = lines[1500].replace(" 40 ", " 040 ")
    found = [one for one in FAST["vpcflow"](Source.of("\n".join(lines).encode())) if isinstance(one, Event)]
    assert lines[1500].encode() in {event.raw for event in found}
    assert len(found) < 700
    assert by_columns("\n".join(lines).encode()) == by_parser("\n".join(lines).encode())


@pytest.mark.parametrize("number", ["0x6AEE0A0B", "0X6AEE0A0B", "0x0000001f"])
def test_a_number_that_only_arrow_reads_is_the_parser_s(number: str) -> None:
    content = LINE.format(443).replace("1794061260", number).encode()
    assert by_columns(content) == by_parser(content)


@pytest.mark.parametrize(
    "part", ["tcp", "017", "2001:DB8::1", "2001:db8::1", "0", "00", "-", "255.255.255.255", "no-address"]
)
def test_a_field_that_is_spelled_in_another_way_keeps_its_words(part: str) -> None:
    for at in range(14):
        words = LINE.format(443).split()
        words[at] = part
        content = f"{LINE.format(1)}\n{' '.join(words)}\n".encode()
        assert by_columns(content) == by_parser(content)


def test_odd_lines_among_many_cost_only_themselves() -> None:
    lines = [LINE.format(n) for n in range(5000)]
    lines[100] += " more"
    lines[200] = lines[200].replace("ACCEPT", "-")
    lines[300] = "so that nothing can be read"
    found = list(FAST["vpcflow"](Source.of("\n".join(lines).encode())))
    assert sum(one.num_rows for one in found if not isinstance(one, (Event, Unreadable))) > 4000
    troubles = [str(one) for one in found if isinstance(one, Unreadable)]
    assert ["line 101" in troubles[0], "line 301" in troubles[1]] == [True, True]
    assert by_columns("\n".join(lines).encode()) == by_parser("\n".join(lines).encode())


@pytest.mark.parametrize(
    "odd",
    [
        "version account-id interface-id srcaddr dstaddr start end action log-status",
        LINE.format(443).replace(" 22 ", "  "),
        LINE.format("") + " more",
        LINE.format(443).replace(" OK", "  "),
        "  " + LINE.format(443),
        LINE.format(443) + " ",
        "",
        "- " + LINE.format(443)[2:],
    ],
)
def test_one_odd_line_among_many_comes_out_as_the_parser_has_it(odd: str) -> None:
    lines = [" ".join(vpcflow.DOCUMENTED[:14]), *(LINE.format(port) for port in range(1, 700)), odd]
    content = "\n".join([*lines, *(LINE.format(port) for port in range(700, 1400))]).encode()
    assert by_columns(content) == by_parser(content)
