"""Login records: logins, boots, failures, damaged records."""

from __future__ import annotations

from pathlib import Path

import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import recognise, wtmp
from hikeshi.events.reading import parse

SAMPLES = Path(__file__).parents[2] / "samples" / "wtmp"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_login_has_who_and_from_where() -> None:
    _, alice, bob, _ = sample("wtmp")
    assert (alice.action, alice.outcome, alice.actor_name, alice.src_ip) == (
        "login",
        "success",
        "alice",
        "198.51.100.23",
    )
    assert (alice.ts, alice.ts_precision, alice.pid) == (1794061205_000120, "us", 2101)
    assert (bob.src_ip, bob.src_host) == ("2001:db8::17", None)
    assert alice.message == "login: alice on pts/0 from 198.51.100.23"


def test_boots_and_logouts_are_events_too() -> None:
    boot, *_, logout = sample("wtmp")
    assert (boot.action, boot.category, boot.actor_name, boot.src_host) == ("boot", "system", None, None)
    assert (logout.action, logout.outcome, logout.pid) == ("logout", None, 2101)


def test_a_file_of_failures_alone_is_btmp() -> None:
    root, admin = sample("btmp")
    assert (root.source_variant, root.outcome, root.actor_name) == ("btmp", "failure", "root")
    assert (admin.src_ip, admin.src_host) == (None, "scanner.example.net")


def test_records_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged"], parser="wtmp"))
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["record 5", "record 7"]
    assert sum(isinstance(one, Event) for one in found) == 4


@pytest.mark.parametrize("content", [b"", bytes(384), bytes(4096), b"\x07\0\0\0" * 96, b"text " * 1000])
def test_other_bytes_are_no_login_records(content: bytes) -> None:
    assert not wtmp.recognises(content)
    assert recognise(content) is None


@pytest.mark.parametrize(("name", "events"), [("utmp__utmp_x86_64", 6), ("utmp__wtmp.1", 2)])
def test_real_files_are_read_to_the_last_record(shared_data: Path, name: str, events: int) -> None:
    path = shared_data / "plaso-test-data" / name
    if not path.is_file():
        pytest.skip("../shared/data/plaso-test-data is not here")
    found = list(parse([path]))
    assert sum(isinstance(one, Event) for one in found) == events
    assert all(one.source_kind == "wtmp" for one in found if isinstance(one, Event))
