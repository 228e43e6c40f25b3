"""Formats without a mark are told apart by what most of their lines look like."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hikeshi.events.parsers import PARSERS
from hikeshi.events.shape import LINES, most
from hikeshi.events.source import Source

NUMBER = re.compile(rb"\d+$")
EXPECTED = {
    "auth-syslog/ec2-auth.log.gz": "syslog",
    "loghub-2k/Apache_2k.log.gz": "weberror",
    "loghub-2k/Linux_2k.log.gz": "syslog",
    "loghub-2k/OpenSSH_2k.log.gz": "syslog",
    "plaso-test-data/apache_access.log": "webaccess",
    "plaso-test-data/audit_enriched.log": "auditd",
    "plaso-test-data/bodyfile__bodyfile": "bodyfile",
    "plaso-test-data/selinux.log": "auditd",
    "plaso-test-data/syslog__syslog": "syslog",
    "plaso-test-data/syslog__syslog_rsyslog": "syslog",
    "plaso-test-data/utmp__utmp_x86_64": "wtmp",
    "web-access-logs/apache-combined-semicomplete.log.gz": "webaccess",
    "web-access-logs/scanner-acunetix.txt.gz": "webaccess",
    "zeek-wrccdc/rdp.log.gz": "zeek",
    "zeek-wrccdc/syslog.log.gz": "zeek",
}


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"", False),
        (b"\n \n", False),
        (b"1\n2\nx\n", True),
        (b"1\nx\ny\n", False),
        (b"\xef\xbb\xbf1\n\n2", True),
        (b"1\n" * LINES + b"x\n" * 1000, True),
    ],
)
def test_at_least_half_of_the_first_lines_decide(head: bytes, said: bool) -> None:
    assert most(head, NUMBER) is said


def test_no_real_log_is_taken_for_two(shared_data: Path) -> None:
    if not shared_data.is_dir():
        pytest.skip("../shared/data is not here")
    for path in sorted(shared_data.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                head = Source(str(path), file).head
            name = str(path.relative_to(shared_data))
            found = [parser.NAME for parser in PARSERS.values() if parser.recognises(head)]
            assert len(found) <= 1, f"{name}: {found}"
            assert name not in EXPECTED or found == [EXPECTED[name]]
