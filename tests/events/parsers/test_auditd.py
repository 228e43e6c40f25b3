"""Audit logs: records that belong together, values in hexadecimal, who and whether it worked."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import auditd
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "auditd"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def of(content: bytes) -> list[Event]:
    return [event for event in read(Source.of(content), auditd) if isinstance(event, Event)]


def test_a_login_says_who_and_from_where() -> None:
    login, failed = sample("enriched.log")[:2]
    assert (login.action, login.category, login.outcome, login.actor_name) == (
        "USER_LOGIN",
        "login",
        "success",
        "alice",
    )
    assert (login.src_ip, login.actor_id, login.ts, login.ts_precision) == (
        "198.51.100.23",
        "1000",
        1794061200_076000,
        "ms",
    )
    assert (failed.outcome, failed.src_ip, failed.actor_name) == ("failure", "203.0.113.66", "root")


def test_a_new_account_is_the_target_and_not_the_actor() -> None:
    added = sample("enriched.log")[2]
    assert (added.category, added.actor_name, added.resource_ids) == ("account", "alice", ["svc-backup"])


def test_the_records_of_one_event_are_one_event() -> None:
    *_, run = sample("enriched.log")
    assert len(sample("enriched.log")) == 4
    assert (run.action, run.category, run.actor_name, run.seq) == ("execve", "process", "alice", 4)
    assert run.cmdline == "/bin/sh -c cat 'a b'.txt"
    assert (run.process, run.pid, run.parent, run.file_path) == ("/usr/bin/bash", 2221, "2176", "/bin/sh")
    assert run.raw.count(b" msg=audit") == 5
    assert msgspec.json.decode(run.attrs or b"")["CWD"] == [{"cwd": "/root"}]


def test_records_of_several_events_may_be_mixed() -> None:
    a, b = (b"type=%s msg=audit(1794061200.001:%d): a=1" % (kind, n) for kind, n in ((b"SYSCALL", 1), (b"SYSCALL", 2)))
    found = of(b"\n".join([a, b, a.replace(b"SYSCALL", b"CWD"), b.replace(b"SYSCALL", b"EOE")]))
    assert sorted((event.seq, event.raw.count(b"msg=audit")) for event in found) == [(1, 2), (2, 2)]


def test_an_event_of_endless_records_is_cut() -> None:
    found = of(b"type=PATH msg=audit(1794061200.001:1): item=0\n" * (auditd.RECORDS + 1))
    assert [event.raw.count(b"msg=audit") for event in found] == [auditd.RECORDS, 1]


def test_encoded_values_are_read_back_and_addresses_too() -> None:
    command, connect, avc = sample("raw-node.log")
    assert (command.host, command.cmdline, command.category) == ("web1", "cat /etc/shadow", "process")
    assert (connect.action, connect.dst_ip, connect.dst_port) == ("connect", "203.0.113.66", 4444)
    assert (connect.outcome, connect.error_code, connect.category) == ("denied", "-13", "network")
    assert (avc.outcome, avc.file_path) == ("denied", "/etc/shadow")


def test_a_number_of_a_call_is_named_only_where_the_machine_is_known() -> None:
    line = b"type=SYSCALL msg=audit(1794061200.001:1): arch=%s syscall=59 success=yes"
    assert [of(line % arch)[0].action for arch in (b"c000003e", b"40000003")] == ["execve", "syscall 59"]


@pytest.mark.parametrize("piece", [b"a", b"a.", b"a={", b'a="', b"avc: denied { "])
def test_a_line_written_to_be_slow_is_read_quickly(piece: bytes) -> None:
    assert len(of(b"type=AVC msg=audit(1794061200.001:1): " + piece * 20_000)) == 1


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["line 2", "line 3"]
    assert sum(isinstance(one, Event) for one in found) == 2


@pytest.mark.parametrize(("name", "events", "unreadable"), [("audit_enriched.log", 12, 0), ("selinux.log", 6, 4)])
def test_real_logs_are_read_to_the_last_line(shared_data: Path, name: str, events: int, unreadable: int) -> None:
    path = shared_data / "plaso-test-data" / name
    if not path.is_file():
        pytest.skip("../shared/data/plaso-test-data is not here")
    found = list(parse([path]))
    assert sum(isinstance(one, Event) for one in found) == events
    assert sum(isinstance(one, Unreadable) for one in found) == unreadable
