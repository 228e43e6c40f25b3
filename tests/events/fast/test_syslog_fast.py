"""The shortcut for syslog gives what the parser gives, whatever the lines are."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from events.fast.comparing import by_columns, by_parser
from hikeshi.events import logins
from hikeshi.events.assumed import Clock
from hikeshi.events.event import Event
from hikeshi.events.fast import syslog as fast
from hikeshi.events.parsers import syslog
from hikeshi.events.reading import stamped
from hikeshi.events.source import Source

SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "syslog").iterdir())
SHARED = Path(__file__).parents[3] / ".." / "shared" / "data"
LINES = sorted({line for path in SAMPLES for line in path.read_bytes().splitlines()})
LINE = b"Nov  7 09:15:02 web-1 sshd[2101]: Failed password for invalid user admin from 203.0.113.66 port 40022 ssh2"
ISO = LINE.replace(b"Nov  7 09:15:02", b"2026-11-07T09:15:02.698463+09:00")
CHANGES = [
    (b"Nov  7", b"Nov 31"), (b"Nov  7", b"Dec  1"), (b"Nov  7", b"Foo  7"), (b"Nov", b"<13>Nov"), (b"09:15:02", b"09:15:60"),
    (b":02 ", b":02.5 "), (b".698463", b".698"), (b".698463", b""), (b".698463", b",698463"), (b".698463", b".6984"), (b"+09:00", b"Z"),
    (b"web-1 ", b""), (b"web-1", b"web-1:"), (b"web-1", b"192.0.2.1"), (b"sshd[2101]", b"sshd"), (b"sshd", b"/usr/sbin/sshd"), (b"sshd[2101]: Failed password for", b"sbin/: session opened for user"),
    (b"sshd", b"app2"), (b"sshd[2101]: Failed password for", b"su(pam_unix)[7]: session opened for user"), (b"2101", b"12345678901"),
    (b"2101", b"0007"), (b"]: ", b"]:"), (b"]: ", b"]:   "), (b"]: ", b"] "), (b"Failed", b"Accepted"), (b"ssh2", b"ssh2: RSA SHA256:a7/b"),
    (b"ssh2", b"[preauth]"), (b"invalid user ", b""), (b"admin", b"a b"), (b"admin", b"user3"), (b"admin", b"root from 192.0.2.1 port 22"),
    (b"203.0.113.66", b"300.0.113.66"), (b"203.0.113.66", b"2001:db8::66"), (b"203.0.113.66", b"2001:0DB8::6"), (b"203.0.113.66", b"host7"),
    (b"40022", b"400222"), (b"40022", b"70000"), (b"Failed password for invalid user", b"Invalid user"),
    (b"Failed password for invalid user", b"Connection closed by authenticating user"), (b"admin", "\u00e9".encode()), (b"admin", b"\xff"),
    (b"admin", b'a"b\\'), (b"admin", b"a\tb"), (b"admin", b""), (b"ssh2", b"ssh2\r"),
    (b"Failed", b"message repeated 2 times: [ Failed"), (b"ssh2", b"ssh2]"),
]  # fmt: skip
SAID = [
    b"sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/cat /srv/7", b"CRON[7]: (root) CMD (/bin/run 1)",
    b"sudo:      bob : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/ ; USER=app1 ; COMMAND=/bin/sh", b"last message repeated 3 times",
    b"CRON[71]: pam_unix(cron:session): session opened for user web2(uid=1002) by (uid=0)", b"kernel: [ 1.5] eth0: up", b"app[1]:",
    b"systemd-logind[5]: New session 12 of user alice.", b"useradd[1]: new user: name=u1, UID=1010, GID=1010, home=/home/u1, shell=/bin/sh",
    b"su: (to root) alice on pts/1", b"-- MARK --",
    b"sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
]  # fmt: skip


def changed(line: bytes, changes: list[tuple[bytes, bytes]]) -> bytes:
    for old, new in changes:
        line = line.replace(old, new, 1)
    return line


ODD = [
    *LINES, *(front + text for text in SAID for front in (b"Nov  7 09:15:02 web-1 ", b"2026-11-07T09:15:02Z web-1 ")),
    *(changed(line, [one]) for line in (LINE, ISO) for one in CHANGES), LINE, LINE, ISO, b"", b"no line", b" more of it", b"\tand more",
    b"Dec 31 23:59:59 web-1 app: old year", b"Jan  1 00:00:00 web-1 app: new year", b"Mar  1 08:30:25: --- last message repeated 5 times ---",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _every_line_is_worth_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "ENOUGH", 1)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_come_out_the_same(path: Path) -> None:
    assert by_columns("syslog", path.read_bytes()) == by_parser("syslog", path.read_bytes())


@pytest.mark.parametrize("name", ["auth-syslog/ec2-auth", "loghub-2k/Linux_2k", "loghub-2k/OpenSSH_2k"])
def test_real_logs_come_out_the_same(name: str) -> None:
    path = SHARED / f"{name}.log.gz"
    if not path.exists():
        pytest.skip("the shared data is not here")
    content = gzip.decompress(path.read_bytes())
    assert by_columns("syslog", content) == by_parser("syslog", content)


@pytest.mark.parametrize("line", [LINE, ISO], ids=["rfc3164", "iso"])
@pytest.mark.parametrize("odd", CHANGES, ids=repr)
def test_one_odd_line_among_plain_ones_comes_out_the_same(line: bytes, odd: tuple[bytes, bytes]) -> None:
    content = b"\n".join([line, line, changed(line, [odd]), changed(line, [odd]).replace(b"6", b"7"), line])
    assert by_columns("syslog", content) == by_parser("syslog", content)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(ODD)
        | st.builds(changed, st.sampled_from([LINE, ISO]), st.lists(st.sampled_from(CHANGES), max_size=3)),
        max_size=20,
    ),
    st.sampled_from([60, 400, 1 << 20]),
)
def test_lines_in_any_order_and_blocks_of_any_size_come_out_the_same(lines: list[bytes], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "BLOCK", size)
        patch.setattr(fast, "SMALL", 2)
        assert by_columns("syslog", b"\n".join(lines)) == by_parser("syslog", b"\n".join(lines))


def test_plain_lines_are_not_the_parsers_and_what_other_columns_tell_is_left_empty() -> None:
    found: Any = list(fast.batches(Source.of(b"\n".join([LINE] * 5))))
    plain = found[0]
    assert plain["message"].null_count == plain["ts_raw"].null_count == plain.num_rows == 4
    assert [type(one) for one in found[1:]] == [Event]  # the last one: a line may belong to it


def test_to_no_rule_one_digit_is_another_than_any_other() -> None:
    rules = [*logins.SSHD.values(), *logins.PAM.values(), *(rule for some in logins.OTHERS.values() for rule in some)]
    literal = re.compile(r"\{\d*,?\d*\}|\\d")
    assert [rule.pattern.pattern for rule in rules if re.search(r"\d", literal.sub("", rule.pattern.pattern))] == []


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/Berlin"])
def test_a_zone_that_people_know_moves_columns_as_it_moves_events(zone: str) -> None:
    jump = [b"Mar 29 0%d:30:00 web-1 app: text" % hour for hour in range(5)]  # 2026: an hour is left out in Berlin
    content = b"\n".join([*jump, LINE, ISO, LINE, LINE])
    clock = Clock(1_500_000, zone)
    rows: list[Any] = []
    for one in clock.corrected(fast.batches(Source.of(content))):
        rows += [(one.seq, one.ts, one.ts_basis)] if isinstance(one, Event) else told(one)
    source = Source.of(content)
    events = [one for one in clock.corrected(stamped(syslog.events(source), source, syslog)) if isinstance(one, Event)]
    assert sorted(rows) == [(one.seq, one.ts, one.ts_basis) for one in events]


def told(plain: Any) -> list[tuple[int, int, str]]:
    return list(zip(*(plain[name].to_pylist() for name in ("seq", "ts", "ts_basis")), strict=True))


def test_lines_that_are_like_no_other_are_the_parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "ENOUGH", 4)
    monkeypatch.setattr(fast, "_kept", {})
    alone = LINE.replace(b"admin", b"one-of-its-kind")
    found = list(fast.batches(Source.of(b"\n".join([*[LINE] * 5, alone]))))
    assert [one.actor_name for one in found if isinstance(one, Event)] == ["admin", "one-of-its-kind"]
    assert by_columns("syslog", b"\n".join([alone, *[LINE] * 5, alone])) == by_parser(
        "syslog", b"\n".join([alone, *[LINE] * 5, alone])
    )
