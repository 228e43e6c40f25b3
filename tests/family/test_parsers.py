"""What every parser must keep to. A new one is in here as soon as it is in the table, with a folder of samples of its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events import parsers
from hikeshi.events.columns import batch, schema
from hikeshi.events.event import COLUMNS, Event
from hikeshi.events.parser import Parser
from hikeshi.events.parsers import PARSERS, recognise
from hikeshi.events.reading import read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[1] / "samples"

NAMED = frozenset({"cloudtrail_csv"})
"""Their first line names the columns."""

BINARY = frozenset({"evtx", "wtmp"})
"""Logs without lines, of which the raw record is made readable."""

every_parser = pytest.mark.parametrize("parser", PARSERS.values(), ids=list(PARSERS))
every_sample = pytest.mark.parametrize(
    ("name", "path"), [pytest.param(n, p, id=f"{n}/{p.name}") for n in PARSERS for p in sorted((SAMPLES / n).iterdir())]
)


def fragments() -> list[bytes]:
    """Pieces of real logs, so that arbitrary bytes come near to what parsers look for."""
    lines = [
        line for name in PARSERS for path in (SAMPLES / name).iterdir() for line in path.read_bytes().splitlines()[:3]
    ]
    return [
        *lines,
        b"\n",
        b"{",
        b"}",
        b"[",
        b'{"Records":[',
        b'"detail-type":',
        b'"CloudTrailEvent":"',
        b"-",
        b"\\ud800",
    ]


def all_of(parser: Parser, content: bytes) -> list[Event | Unreadable]:
    return list(read(Source.of(content), parser))


def test_the_table_is_alphabetical_and_names_every_file() -> None:
    files = sorted(path.stem for path in Path(parsers.__path__[0]).glob("*.py") if path.stem != "__init__")
    assert list(PARSERS) == files
    assert [parser.NAME for parser in PARSERS.values()] == files


@every_parser
def test_its_docstring_names_what_it_was_written_from(parser: Any) -> None:
    assert "References:" in parser.__doc__
    assert re.search(r"https://\S+", parser.__doc__)


@every_parser
def test_it_has_samples(parser: Parser) -> None:
    assert len(list((SAMPLES / parser.NAME).iterdir())) >= 3


@every_sample
def test_it_recognises_its_own_samples_and_nobody_else_does(name: str, path: Path) -> None:
    head = path.read_bytes()[: 64 * 1024]
    assert [parser.NAME for parser in PARSERS.values() if parser.recognises(head)] == [name]
    assert recognise(head, "whatever.txt") is PARSERS[name]


@every_sample
def test_events_have_what_a_timeline_needs(name: str, path: Path) -> None:
    for event in read(Source.of(path.read_bytes())):
        if isinstance(event, Event):
            assert event.source_kind == name
            assert event.message
            assert event.action
            assert event.raw
            assert event.seq
            assert len(event.event_uid) == 16


@every_sample
def test_events_fit_the_columns_and_the_record_is_untouched(name: str, path: Path) -> None:
    content = path.read_bytes()
    events = [event for event in read(Source.of(content)) if isinstance(event, Event)]
    stored = batch(events)
    assert stored.schema.equals(schema())
    assert stored.schema.names == list(COLUMNS)
    if not re.search("lookup|cloudwatch", path.name) and name not in BINARY:  # there it is text inside a record
        assert all(event.raw in content for event in events)


@every_sample
def test_reading_again_gives_the_same_events(name: str, path: Path) -> None:
    once, again = (list(read(Source.of(path.read_bytes()))) for _ in range(2))
    assert [str(one) if isinstance(one, Unreadable) else one for one in once] == [
        str(one) if isinstance(one, Unreadable) else one for one in again
    ]


@every_sample
def test_a_file_cut_off_anywhere_gives_its_whole_records(name: str, path: Path) -> None:
    content = path.read_bytes()
    whole = {event.raw for event in all_of(PARSERS[name], content) if isinstance(event, Event)}
    for cut in range(0, len(content), max(1, len(content) // 23)):
        found = all_of(PARSERS[name], content[:cut])
        assert all(  # of a line that was cut, the front can still be read
            event.raw in whole or any(one.startswith(event.raw) for one in whole)
            for event in found
            if isinstance(event, Event)
        )


@every_parser
@given(content=st.binary(max_size=400))
def test_arbitrary_bytes_never_raise(parser: Parser, content: bytes) -> None:
    parser.recognises(content)
    batch([event for event in all_of(parser, content) if isinstance(event, Event)])


@every_parser
@given(pieces=st.lists(st.sampled_from(fragments()) | st.binary(max_size=9), max_size=7))
def test_pieces_of_logs_in_any_order_never_raise(parser: Parser, pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    parser.recognises(content)
    batch([event for event in all_of(parser, content) if isinstance(event, Event)])


@pytest.mark.parametrize("parser", [pytest.param(p, id=n) for n, p in PARSERS.items() if n not in BINARY])
@given(good=st.lists(st.booleans(), max_size=12))
def test_every_line_is_an_event_or_unreadable(parser: Parser, good: list[bool]) -> None:
    first, *others = {
        "alb": (SAMPLES / "alb" / "access.log"),
        "auditd": (SAMPLES / "auditd" / "enriched.log"),
        "awsconfig": (SAMPLES / "awsconfig" / "eventbridge.jsonl"),
        "bodyfile": (SAMPLES / "bodyfile" / "fls.body"),
        "cloudfront": (SAMPLES / "cloudfront" / "no-header.log"),
        "cloudtrail": (SAMPLES / "cloudtrail" / "lines.jsonl"),
        "cloudtrail_csv": (SAMPLES / "cloudtrail_csv" / "columns.csv"),
        "guardduty": (SAMPLES / "guardduty" / "export.jsonl"),
        "journal": (SAMPLES / "journal" / "lines.json"),
        "kubernetes_audit": (SAMPLES / "kubernetes_audit" / "audit.jsonl"),
        "nlb": (SAMPLES / "nlb" / "v2.log"),
        "ocsf": (SAMPLES / "ocsf" / "lake.jsonl"),
        "plaso": (SAMPLES / "plaso" / "json_line.jsonl"),
        "resolver": (SAMPLES / "resolver" / "s3.jsonl"),
        "s3access": (SAMPLES / "s3access" / "access.log"),
        "securityhub": (SAMPLES / "securityhub" / "export.jsonl"),
        "suricata": (SAMPLES / "suricata" / "eve.json"),
        "syslog": (SAMPLES / "syslog" / "auth.log"),
        "timesketch": (SAMPLES / "timesketch" / "rows.jsonl"),
        "vpcflow": (SAMPLES / "vpcflow" / "v2-no-header.log"),
        "waf": (SAMPLES / "waf" / "s3.jsonl"),
        "webaccess": (SAMPLES / "webaccess" / "combined.log"),
        "weberror": (SAMPLES / "weberror" / "apache22.log"),
        "zeek": (SAMPLES / "zeek" / "http.json.log"),
    }[parser.NAME].read_bytes().splitlines()  # fmt: skip
    names, line = ([first], others[0]) if parser.NAME in NAMED else ([], first)
    content = b"\n".join([*names, line, *(line if one else b"so that nothing can be read" for one in good)])
    found = all_of(parser, content)
    assert len(found) == 1 + len(good)
    assert sum(isinstance(one, Event) for one in found) == 1 + sum(good)
