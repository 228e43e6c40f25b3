"""What is lost when the power goes: sockets, neighbours, routes, processes, users, open files, modules, mounts of this machine.

In the order of volatility (RFC 3227 section 2.1), read by ourselves from /proc, which needs no program of the machine; what `ss`, `ip`
and `who` say is kept beside it as they say it, because a difference between the two is a finding. Nothing is changed and no process is
stopped. Memory itself is not taken here. The environment of processes is left out: it holds passwords.

    state.json   processes with their open files, and the tables of /proc as text by their path
    raw/         what the programs said
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from hikeshi.custody.acquire import programs
from hikeshi.custody.acquire.acquisition import Acquisition, Notebook, Tell
from hikeshi.custody.acquire.record import written
from hikeshi.text import Text

TABLES: Final = (
    "uptime", "loadavg", "net/tcp", "net/tcp6", "net/udp", "net/udp6", "net/raw", "net/raw6", "net/unix", "net/packet",
    "net/arp", "net/route", "net/ipv6_route", "net/dev", "meminfo", "vmstat", "modules", "swaps", "self/mountinfo",
    "cmdline", "version", "sys/kernel/tainted", "sys/kernel/random/boot_id",
)  # fmt: skip
"""Below /proc, the most volatile first; processes come after the network."""
PROGRAMS: Final = (
    ("ss", "-tunap"), ("ss", "-xap"), ("ip", "neigh", "show"), ("ip", "route", "show", "table", "all"), ("ip", "addr", "show"),
    ("ps", "-eww", "-o", "pid,ppid,uid,user,lstart,etime,stat,tty,args"), ("who", "-a"), ("lsof", "-nP"), ("lsmod",),
    ("findmnt", "--raw"), ("nft", "list", "ruleset"), ("iptables-save",), ("last", "-Faixw", "-n", "1000"),
)  # fmt: skip
SECONDS: Final = 30.0
PIECE: Final = 64 * 1024
TABLE_LIMIT: Final = 64 * 1024 * 1024
FILES: Final = 4096
"""Open files named of one process; the count is always complete."""


class State(Acquisition, frozen=True, kw_only=True):
    """Sockets, processes, routes, users, open files, modules and mounts of this machine, read-only."""

    name: ClassVar[str] = "state"
    kind: ClassVar = "state"
    title: ClassVar[Text] = Text("Volatile state", "揮発性情報")
    method: ClassVar[str] = "tables of /proc read in order of volatility, beside the output of system programs"

    @property
    def source(self) -> str:
        return os.uname().nodename

    def plan(self, folder: Path) -> dict[str, Any]:
        return {
            "source": self.source, "out": os.fspath(folder), "tables": len(TABLES),
            "absent": [words[0] for words in PROGRAMS if programs.found(words[0]) is None],
        }  # fmt: skip

    def collect(self, folder: Path, notebook: Notebook, tell: Tell) -> None:
        steps = len(TABLES) + 1 + len(PROGRAMS)
        tables: list[dict[str, Any]] = []
        for number, name in enumerate(TABLES):
            tell(number, steps)
            tables.append(_table(name, notebook))
        found = list(_processes(notebook))
        path = folder / "state.json"
        told = {"tables": tables, "processes": found}
        path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
        notebook.made(path)
        notebook.facts["processes"] = len(found)
        notebook.facts["programs"] = list(
            _programs(folder / "raw", notebook, lambda done: tell(len(TABLES) + done, steps))
        )


def _table(name: str, notebook: Notebook) -> dict[str, Any]:
    """One file of /proc, with when it was read."""
    at = datetime.now(UTC).isoformat()
    try:
        with Path("/proc", name).open("rb", buffering=0) as file:
            content = _read(file)
    except OSError as error:
        notebook.missed(f"/proc/{name}", error.strerror or str(error))
        return {"path": f"/proc/{name}", "read_at": at, "problem": error.strerror}
    if len(content) > TABLE_LIMIT:
        notebook.missed(f"/proc/{name}", f"longer than {TABLE_LIMIT} bytes: cut")
    return {"path": f"/proc/{name}", "read_at": at, "text": content[:TABLE_LIMIT].decode("utf-8", "backslashreplace")}


def _read(file: FileIO) -> bytes:
    """In pieces: the kernel makes room for as much as is asked for at once."""
    pieces: list[bytes] = []
    while (piece := file.read(PIECE)) and len(pieces) <= TABLE_LIMIT // PIECE:
        pieces.append(piece)
    return b"".join(pieces)


def _processes(notebook: Notebook) -> Iterator[dict[str, Any]]:
    """Every process, also those that end while they are looked at: what was read of them is kept."""
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    for number in sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        found = _process(Path("/proc", str(number)), booted)
        if found:
            yield {"pid": number, "read_at": datetime.now(UTC).isoformat(), **found}
        if denied := found.get("denied"):
            notebook.missed(f"/proc/{number}", f"permission denied: {', '.join(denied)}")


def _process(place: Path, booted: float) -> dict[str, Any]:
    told: dict[str, Any] = {}
    denied: list[str] = []
    for name, read in READ.items():
        try:
            told |= read(place)
        except PermissionError:
            denied.append(name)
        except OSError:  # a kernel thread has no program, and a process may end at any moment
            continue
    if "start_ticks" in told:
        started = booted + told["start_ticks"] / os.sysconf("SC_CLK_TCK")
        told["started_at"] = datetime.fromtimestamp(started, UTC).isoformat(timespec="milliseconds")
    return told | ({"denied": denied} if denied else {})


def _stat(place: Path) -> dict[str, Any]:
    """proc_pid_stat(5): the name stands in brackets and may hold any character."""
    text = (place / "stat").read_bytes().decode("utf-8", "backslashreplace")
    name, _, rest = text.partition("(")[2].rpartition(")")
    words = rest.split()
    return {
        "name": name,
        "state": words[0],
        "parent": int(words[1]),
        "session": int(words[3]),
        "start_ticks": int(words[19]),
    }


def _status(place: Path) -> dict[str, Any]:
    lines = dict(
        line.split(":", 1)
        for line in (place / "status").read_text(errors="backslashreplace").splitlines()
        if ":" in line
    )
    return {
        "uids": lines.get("Uid", "").split(),
        "gids": lines.get("Gid", "").split(),
        "capabilities": lines.get("CapEff", "").strip(),
    }


def _arguments(place: Path) -> dict[str, Any]:
    content = (place / "cmdline").read_bytes()[:TABLE_LIMIT]
    return {
        "arguments": [part.decode("utf-8", "backslashreplace") for part in content.rstrip(b"\0").split(b"\0")]
        if content
        else []
    }


def _link(place: Path, name: str) -> str:
    """Where it points; the kernel adds ` (deleted)` where the file has no name any more."""
    return written(os.readlink(place / name))  # noqa: PTH115 - it may be no path: socket:[4711]


def _open_files(place: Path) -> dict[str, Any]:
    numbers = sorted(int(path.name) for path in (place / "fd").iterdir())
    named: dict[str, str] = {}
    for number in numbers[:FILES]:
        with contextlib.suppress(OSError):
            named[str(number)] = _link(place, f"fd/{number}")
    return {"open_files": named, "open_count": len(numbers)}


READ: Final[dict[str, Any]] = {
    "stat": _stat,
    "status": _status,
    "cmdline": _arguments,
    "exe": lambda place: {"program": _link(place, "exe")},
    "cwd": lambda place: {"folder": _link(place, "cwd")},
    "root": lambda place: {"root": _link(place, "root")},
    "fd": _open_files,
}
"""What is read of a process, in this order."""


def _programs(raw: Path, notebook: Notebook, tell: Any) -> Iterator[dict[str, Any]]:
    raw.mkdir(mode=0o700)
    for number, words in enumerate(PROGRAMS, 1):
        tell(number)
        out = raw / f"{number:02d}-{words[0]}.txt"
        ran = programs.run(words, out, seconds=SECONDS)
        if out.exists():
            notebook.made(out)
        if ran.path and ran.problem:
            notebook.missed(ran.command, f"{ran.problem} {ran.said}".strip())
        yield msgspec.to_builtins(ran)
