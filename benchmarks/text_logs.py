"""Lines of a web server and of a Linux host for benchmarks/timeline.py, from its fixed seed, and the least that anybody does who reads them.

Web: nginx's combined format, a hundred requests a second of many clients, one in two hundred the noise of a scanner. syslog: what sshd,
sudo, cron and systemd write to auth.log and messages, most of it attempts to log in. The least is one regular expression in plain Python.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

START = 1_794_000_000
"""Seconds since 1970: 2026-11-06."""

BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "curl/8.11.0",
    "python-requests/2.32.3",
)
PAGES = (
    "/",
    "/products/{}",
    "/cart?item={}",
    "/static/app-{}.js",
    "/images/{}.webp",
    "/api/v1/orders/{}",
    "/search?q=word{}",
)
NAMES = ("alice", "bob", "carol", "deploy", "backup")
GUESSED = ("root", "admin", "test", "oracle", "ubuntu")


def request(rng: random.Random, number: int) -> str:
    """One line of an access log."""
    at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(START + number // 100))
    client = f"198.51.{rng.randrange(100, 104)}.{rng.randrange(256)}"
    if rng.random() < 0.005:
        return f'{client} - - [{at}] "\\x16\\x03\\x01\\x02" 400 157 "-" "-"\n'
    url = rng.choice(PAGES).format(rng.randrange(5000))
    user = "alice" if rng.random() < 0.01 else "-"
    status = rng.choices((200, 304, 301, 404, 403, 500), weights=(80, 8, 4, 5, 2, 1))[0]
    referer = "-" if rng.random() < 0.5 else f"https://www.example.com/products/{rng.randrange(500)}"
    method = "POST" if rng.random() < 0.1 else "GET"
    return (
        f'{client} - {user} [{at}] "{method} {url} HTTP/1.1" {status} {rng.randrange(200, 90_000)} "{referer}" "{rng.choice(BROWSERS)}"\n'
    )  # fmt: skip


def said(rng: random.Random, number: int) -> str:
    """One line of auth.log or messages, with a date without a year."""
    at = time.strftime("%b %e %H:%M:%S", time.gmtime(START + number // 20))
    place, port, pid = f"203.0.113.{rng.randrange(256)}", rng.randrange(1024, 65536), rng.randrange(300, 99_999)
    name, guessed = rng.choice(NAMES), rng.choice(GUESSED)
    texts = (
        (f"sshd[{pid}]: Failed password for invalid user {guessed} from {place} port {port} ssh2", 30),
        (f"sshd[{pid}]: Failed password for root from {place} port {port} ssh2", 15),
        (f"sshd[{pid}]: Invalid user {guessed} from {place} port {port}", 10),
        (f"sshd[{pid}]: Connection closed by authenticating user root {place} port {port} [preauth]", 10),
        (f"sshd[{pid}]: Accepted publickey for {name} from 192.0.2.{rng.randrange(256)} port {port} ssh2: ED25519 SHA256:{pid:043d}", 3),
        (f"sshd[{pid}]: pam_unix(sshd:session): session opened for user {name}(uid=1000) by (uid=0)", 5),
        (f"sudo: {name} : TTY=pts/{pid % 9} ; PWD=/home/{name} ; USER=root ; COMMAND=/usr/bin/systemctl restart app{pid % 40}", 4),
        (f"CRON[{pid}]: (root) CMD (/usr/lib/sysstat/sa1 1 1)", 6),
        (f"CRON[{pid}]: pam_unix(cron:session): session closed for user root", 6),
        (f"systemd[1]: Started app{pid % 40}.service - Application {pid % 40}.", 6),
        (f"kernel: [{number}.{pid:06d}] IN=eth0 OUT= SRC={place} DST=10.0.0.5 LEN=40 TTL=241 PROTO=TCP SPT={port} DPT=23", 5),
    )  # fmt: skip
    return f"{at} web-{number % 3} {rng.choices([text for text, _ in texts], weights=[weight for _, weight in texts])[0]}\n"


LINES: dict[str, Callable[[random.Random, int], str]] = {"syslog": said, "webaccess": request}
"""By the name of the parser."""

PATTERNS = {
    "syslog": r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) ([^\s:\[]+)(?:\[(\d+)\])?: (.*)",
    "webaccess": r'(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) ([^"]+)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"',
}


def matched(path: Path) -> int:
    """How many lines of a file a regular expression cuts into fields, in plain Python."""
    from isal import igzip

    unpacked: Any = igzip  # its functions are not typed
    fields = re.compile(PATTERNS[path.parent.name]).match
    lines = unpacked.decompress(path.read_bytes()).decode().split("\n")
    return sum(found is not None and bool(found.groups()) for found in map(fields, lines))


REFERENCE = 329_000
"""Lines of a web server that a regular expression cuts into fields in a second of one core, where the aims were set."""

AIMS = {"syslog": 400_000, "webaccess": 1.5 * REFERENCE}
"""Lines a second on two cores of that machine."""


def rate(folder: Path) -> float:
    """Lines a second of one core by the expression, unpacked beside it: of the first log, the best of three, without start."""
    path, took = min(folder.rglob("*.gz")), []
    for _ in range(3):
        began = time.process_time()
        lines = matched(path)
        took.append(time.process_time() - began)
    return lines / min(took)


def against_aims(folder: Path, built: Mapping[str, Mapping[str, Any]]) -> str:
    """For each kind of lines its aim, what that is on this machine, and what its row of the table says."""
    here = rate(folder / "webaccess")
    said = [
        f"One regular expression: {here:,.0f} lines of a web server a second of one core; {REFERENCE:,} where the aims were set."
    ]
    for kind, there in AIMS.items():
        row, aim = built[kind], there * here / REFERENCE
        spent = row["cpu_seconds"] / row["records"] * 1e6
        said.append(
            f"{kind}: {row['records_per_second']:,} lines a second, {spent:.2f} processor µs a line with start. "
            f"Aim: {there:,.0f} on two cores; {aim:,.0f} here, {2e6 / aim:.2f} processor µs a line."
        )
    return "\n".join(said)
