"""syslog: the three ways to write a time, years that are not there, what logins say."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import syslog
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source
from hikeshi.events.times import utc

SAMPLES = Path(__file__).parents[2] / "samples" / "syslog"


def written(folder: Path, name: str, when: datetime) -> Path:
    """A copy of a sample that was last written then."""
    copy = folder / name
    shutil.copy(SAMPLES / name, copy)
    os.utime(copy, (when.timestamp(), when.timestamp()))
    return copy


def events(*lines: str) -> list[Event]:
    found = read(Source.of("\n".join(lines).encode()), syslog)
    return [event for event in found if isinstance(event, Event)]


def rest(event: Event) -> dict[str, object]:
    return msgspec.json.decode(event.attrs or b"{}", type=dict[str, object])


@pytest.fixture
def auth(tmp_path: Path) -> list[Event]:
    path = written(tmp_path, "auth.log", datetime(2026, 1, 2, tzinfo=UTC))
    return [event for event in parse([path]) if isinstance(event, Event)]


def test_the_year_is_found_from_the_last_write_backwards_over_new_year(auth: list[Event]) -> None:
    assert [str(utc(event.ts))[:10] for event in (auth[0], auth[2], auth[3])] == [
        "2025-12-30",
        "2025-12-31",
        "2026-01-01",
    ]
    assert {event.ts_basis for event in auth} == {"year_inferred"}
    assert [event.ts for event in auth] == sorted(event.ts for event in auth)


def test_what_was_inferred_is_noted(tmp_path: Path) -> None:
    path = written(tmp_path, "auth.log", datetime(2026, 1, 2, tzinfo=UTC))
    with path.open("rb") as file:
        source = Source(str(path), file)
        list(read(source))
    assert source.note == (
        "The dates have no year: 2025 for the first line was inferred from the last write of the file, 2026-01-02."
    )


def test_a_leap_day_falls_into_a_leap_year(tmp_path: Path) -> None:
    found = [
        event
        for event in parse([written(tmp_path, "messages", datetime(2026, 5, 1, tzinfo=UTC))])
        if isinstance(event, Event)
    ]
    assert {str(utc(event.ts))[:4] for event in found} == {"2024"}


def test_without_a_file_the_present_is_the_latest_there_can_be() -> None:
    now = datetime.now(UTC)
    (event,) = events(f"{now:%b} {now.day:2} 00:00:00 web1 app: text")
    assert str(utc(event.ts))[:4] == str(now.year)


def test_a_login_has_who_and_from_where(auth: list[Event]) -> None:
    login = auth[0]
    assert (login.action, login.outcome, login.actor_name) == ("login", "success", "alice")
    assert (login.src_ip, login.src_port, login.host, login.pid) == ("192.0.2.10", 50122, "web1", 2101)
    assert rest(login) == {"method": "publickey", "key": "ED25519 SHA256:madeUpFingerprint"}
    assert login.message.startswith("sshd: Accepted publickey for alice")


def test_failures_say_whether_the_user_exists(auth: list[Event]) -> None:
    probe, failed = auth[1:3]
    assert (probe.action, probe.outcome, probe.actor_name) == ("invalid user", "failure", "admin")
    assert (failed.action, failed.outcome, rest(failed)["invalid"]) == ("login", "failure", "invalid user")


def test_what_was_repeated_is_counted(auth: list[Event]) -> None:
    again = auth[3]
    assert (again.action, again.actor_name, again.src_ip, rest(again)["repeated"]) == (
        "login",
        "root",
        "203.0.113.66",
        4,
    )


def test_a_name_that_looks_like_an_address_deceives_nobody(auth: list[Event]) -> None:
    assert auth[4].src_ip == "2001:db8::66"
    assert auth[4].actor_name == "root from 192.0.2.1 port 22 ssh2"


def test_sudo_and_su_say_who_became_whom(auth: list[Event]) -> None:
    allowed, denied, su = auth[5:8]
    assert (allowed.actor_name, allowed.resource_ids, allowed.cmdline) == (
        "alice",
        ["root"],
        "/usr/bin/cat /etc/shadow",
    )
    assert (denied.actor_name, denied.outcome) == ("bob", "denied")
    assert (su.actor_name, su.resource_ids, su.outcome) == ("alice", ["root"], "success")


def test_new_accounts_and_groups_are_named(auth: list[Event]) -> None:
    added, grouped = auth[8:10]
    assert (added.action, added.category, added.resource_ids) == ("user added", "account", ["svc-backup"])
    assert (grouped.action, rest(grouped)["group"]) == ("added to group", "sudo")


def test_cron_says_what_it_ran(auth: list[Event]) -> None:
    cron, session = auth[10:12]
    assert (cron.action, cron.actor_name, cron.cmdline) == ("cron", "root", "/usr/local/bin/rotate (weekly)")
    assert (session.action, session.actor_name) == ("session opened", "root")


def test_lines_that_begin_with_a_blank_belong_to_the_one_before() -> None:
    report, kernel, *_ = events(*(SAMPLES / "messages").read_text().splitlines())
    assert report.message == "app: first line of a report\n\tsecond line of a report"
    assert (kernel.service, kernel.ts_precision, kernel.ts % 1_000_000) == ("kernel", "ms", 123_000)


def test_rfc_5424_has_a_zone_and_data() -> None:
    su, app, login = (event for event in parse([SAMPLES / "rfc5424.log"]) if isinstance(event, Event))
    assert (su.ts_basis, su.ts_precision, su.host, su.severity) == ("utc", "ms", "mail.example.com", 90.0)
    assert su.message == "su: 'su root' failed for lonvick on /dev/pts/8"
    assert rest(app)["structured_data"] == {
        "exampleSDID@32473": {"iut": "3", "note": 'a "quoted] ] part'},
        "other@32473": {"x": "1"},
    }
    assert (app.ts_basis, str(utc(app.ts))) == ("offset", "2026-11-07 00:15:03.000003+00:00")
    assert (login.actor_name, login.src_ip) == ("carol", "198.51.100.23")


def test_rsyslogs_iso_dates_are_read() -> None:
    failed, _ = (event for event in parse([SAMPLES / "rsyslog-iso.log"]) if isinstance(event, Event))
    assert (failed.source_variant, failed.action, failed.outcome, failed.ts_precision) == (
        "iso",
        "login",
        "failure",
        "us",
    )


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["line 2", "line 3", "line 4"]
    assert sum(isinstance(one, Event) for one in found) == 1


def test_hostile_lines_are_read_quickly() -> None:
    for text in (
        "Failed password for " + "from a port 1 " * 20_000,
        "x " * 90_000,
        "sudo: a : TTY=x ; PWD=" + " ; USER=" * 20_000,
    ):
        assert len(events(f"Nov  7 09:15:02 web1 sshd[1]: {text}", f"Nov  7 09:15:02 web1 sudo: {text}")) == 2


@pytest.mark.parametrize(
    ("name", "count"),
    [("auth-syslog/ec2-auth.log.gz", 4699), ("loghub-2k/OpenSSH_2k.log.gz", 2000), ("loghub-2k/Linux_2k.log.gz", 2000)],
)
def test_real_logs_are_read_to_the_last_line(shared_data: Path, name: str, count: int) -> None:
    if not (shared_data / name).is_file():
        pytest.skip(f"../shared/data/{name} is not here")
    found = list(parse([shared_data / name]))
    assert len(found) == count
    assert all(isinstance(one, Event) and one.source_kind == "syslog" for one in found)


def test_in_a_real_brute_force_the_owner_is_the_only_one_with_a_key(shared_data: Path) -> None:
    path = shared_data / "auth-syslog" / "ec2-auth.log.gz"
    if not path.is_file():
        pytest.skip("../shared/data/auth-syslog is not here")
    logins = [event for event in parse([path]) if isinstance(event, Event) and event.action == "login"]
    keys = [event for event in logins if event.outcome == "success" and rest(event)["method"] == "publickey"]
    assert {(event.actor_name, event.src_ip) for event in keys} == {("ubuntu", "85.245.107.41")}
    assert len(keys) == 27
    assert sum(event.outcome == "failure" for event in logins) > 300
