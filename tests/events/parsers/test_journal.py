"""The systemd journal: JSON and export, binary values, what logins say."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import journal
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Limits, Source

SAMPLES = Path(__file__).parents[2] / "samples" / "journal"
ENTRY = b"__CURSOR=%d\n__REALTIME_TIMESTAMP=1794061200000001\nSYSLOG_IDENTIFIER=app\n"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def of(content: bytes, limits: Limits | None = None) -> list[Event | Unreadable]:
    return list(read(Source.of(content, limits=limits), journal))


def test_a_login_means_the_same_as_in_syslog() -> None:
    login = sample("lines.json")[0]
    assert (login.action, login.outcome, login.actor_name) == ("login", "success", "alice")
    assert (login.src_ip, login.host, login.pid) == ("198.51.100.23", "web1", 2101)
    assert (login.ts, login.ts_precision, login.ts_basis) == (1794061201000001, "us", "utc")


def test_values_that_are_no_text_are_read_as_bytes() -> None:
    odd = sample("lines.json")[1]
    assert odd.message == "app: hi\x1b\\xff"
    assert odd.severity == 70.0
    assert msgspec.json.decode(odd.attrs or b"") == {"_SYSTEMD_UNIT": "app.service"}


def test_a_message_that_was_too_long_leaves_its_program() -> None:
    long = sample("lines.json")[2]
    assert (long.message, long.cmdline) == ("big", "/usr/bin/big --all")


def test_an_export_has_fields_with_lines_in_them() -> None:
    sudo, app = sample("export.bin")
    assert (sudo.action, sudo.actor_name, sudo.cmdline, sudo.resource_ids) == ("sudo", "alice", "/bin/bash", ["root"])
    assert app.message == "app: \x1b[31mred\nsecond line"
    assert (app.severity, app.seq) == (50.0, 2)
    content = (SAMPLES / "export.bin").read_bytes()
    assert all(event.offset is not None and content[event.offset :].startswith(event.raw) for event in (sudo, app))


def test_the_cursor_folds_copies_of_one_journal() -> None:
    once, again = sample("export.bin"), sample("damaged.bin")
    assert [event.event_uid for event in once] == [event.event_uid for event in again[:2]]


def test_entries_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.bin"]))
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["entry 3, byte 351", "byte 443"]
    assert isinstance(found[-1], Event)
    assert found[-1].message == "journal: kept"


def test_a_field_over_the_limit_is_passed_over() -> None:
    (trouble, event) = of(ENTRY % 1 + b"MESSAGE\n" + (1 << 40).to_bytes(8, "little") + b"\n\n", Limits(line=1 << 10))
    assert isinstance(trouble, Unreadable)
    assert "limit" in trouble.message
    assert isinstance(event, Event)


def test_entries_over_the_edge_of_a_piece_are_whole() -> None:
    one = ENTRY % 1 + b"MESSAGE\n" + (70_000).to_bytes(8, "little") + b"x" * 70_000 + b"\n\n"
    found = of(one * 40)
    assert len(found) == 40
    assert all(isinstance(event, Event) and len(event.message) == 70_005 for event in found)


def test_a_field_that_is_there_twice_keeps_both_values() -> None:
    (event,) = of(ENTRY % 1 + b"TAG=a\nTAG=b\nMESSAGE=x\n\n")
    assert isinstance(event, Event)
    assert msgspec.json.decode(event.attrs or b"") == {"TAG": "a\nb"}
