"""Network traffic into files, by tcpdump: with a filter, in files of a size or a time, within limits, and with what the kernel dropped.

A file is hashed as soon as tcpdump has gone on to the next one, and the last one when tcpdump has ended, which is asked for with SIGINT so that
it writes out what it holds. When the disk gets narrow, or we are interrupted, the capture ends and everything so far is kept.

Reference: https://www.tcpdump.org/manpages/tcpdump.1.html
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from hikeshi.custody.acquire import programs
from hikeshi.custody.acquire.acquisition import Acquisition, Notebook, Tell, Tool
from hikeshi.custody.disk import free_bytes
from hikeshi.errors import Failed, Refused
from hikeshi.text import Text

LOOK_EVERY: Final = 0.2
PATIENCE: Final = 10.0
"""Seconds tcpdump gets to write out what it holds."""
ACCOUNT: Final = "tcpdump"
COUNTS: Final = {
    "captured": re.compile(r"(\d+) packets? captured"),
    "received_by_filter": re.compile(r"(\d+) packets? received by filter"),
    "dropped_by_kernel": re.compile(r"(\d+) packets? dropped by kernel"),
    "dropped_by_interface": re.compile(r"(\d+) packets? dropped by interface"),
}


class Capture(Acquisition, frozen=True, kw_only=True):
    """Traffic of an interface, until a limit is reached or Ctrl-C is pressed."""

    name: ClassVar[str] = "capture"
    kind: ClassVar = "network"
    title: ClassVar[Text] = Text("Network capture", "通信の記録")
    method: ClassVar[str] = "live capture by tcpdump, whole packets, rotated files"
    unit: ClassVar = "bytes"

    interface: Annotated[str, Meta(min_length=1, max_length=60, description="An interface, such as eth0, or any.")]
    filter: Annotated[
        str, Meta(max_length=2000, description="What to capture, as tcpdump takes it: 'host 192.0.2.7'.")
    ] = ""
    seconds: Annotated[int, Meta(ge=0, description="End after so many seconds; 0: no limit.")] = 0
    size: Annotated[int, Meta(ge=0, description="End after so many bytes; 0: no limit.")] = 0
    floor: Annotated[int, Meta(ge=0, description="End when fewer bytes are free.")] = 1_000_000_000
    rotate_mb: Annotated[
        int, Meta(ge=0, le=100_000, description="A new file after so many million bytes; 0: never.")
    ] = 100
    rotate_seconds: Annotated[int, Meta(ge=0, le=86_400, description="A new file after so many seconds; 0: never.")] = 0
    buffer_kb: Annotated[int, Meta(ge=0, le=1_000_000, description="The kernel's buffer; larger drops less.")] = 16_384

    @property
    def source(self) -> str:
        return f"{self.interface}: {self.filter or 'everything'}"

    def tool(self) -> Tool:
        program = programs.found("tcpdump")
        if program is None:
            raise Failed("tcpdump is not installed.", hint="Install the package tcpdump.")
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10)
        return Tool("tcpdump", " ".join((said.stdout or said.stderr).split())[:100])

    def plan(self, folder: Path) -> dict[str, Any]:
        """Raises `Refused` where too little is free, or there is no such interface."""
        if self.interface != "any" and not Path("/sys/class/net", self.interface).exists():
            there = ", ".join(sorted(path.name for path in Path("/sys/class/net").iterdir()))
            raise Refused(f"There is no interface {self.interface!r}.", hint=f"There are: {there}.")
        free = free_bytes(folder)
        if free < self.floor:
            raise Refused(
                f"{free} bytes are free at {folder}, {self.floor} must stay free.", hint="--floor says how many."
            )
        return {
            "source": self.source, "command": shlex.join(self.words()), "installed": programs.found("tcpdump") is not None,
            "out": os.fspath(folder), "free": free,
        }  # fmt: skip

    def words(self, account: str = "") -> list[str]:
        """Tcpdump's own command: it opens the interface as root and becomes `account` before it writes a byte."""
        pattern = "capture-%Y%m%dT%H%M%SZ.pcap" if self.rotate_seconds else "capture.pcap"
        words = ["tcpdump", "-n", "-s", "0", "-U", "-i", self.interface, "-w", pattern]
        words += ["-C", str(self.rotate_mb)] if self.rotate_mb else []
        words += ["-G", str(self.rotate_seconds)] if self.rotate_seconds else []
        words += ["-B", str(self.buffer_kb)] if self.buffer_kb else []
        words += ["-Z", account or _account()] if os.geteuid() == 0 else []
        return [*words, "--", self.filter] if self.filter else words

    def collect(self, folder: Path, notebook: Notebook, tell: Tell) -> None:
        Capturing(self, folder, notebook, tell).run()


def _account() -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(ACCOUNT).pw_name
    return "nobody"


class Capturing:
    """One run of tcpdump."""

    def __init__(self, asked: Capture, folder: Path, notebook: Notebook, tell: Tell) -> None:
        self.asked, self.notebook, self.tell = asked, notebook, tell
        self.folder = folder / "packets"
        self.said = folder / "tcpdump.txt"
        self.hashed: set[Path] = set()
        self.stopped_by = ""

    def run(self) -> None:
        self.folder.mkdir(mode=0o700)
        words, program = self.asked.words(self._given_away()), programs.found("tcpdump")
        with (
            self.said.open("xb") as said,
            subprocess.Popen(
                [str(program), *words[1:]], cwd=self.folder, env=programs.PLAIN, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
            ) as started,
            _ended_with_us(started.pid),
        ):  # fmt: skip
            try:
                self._watch(started)
            except KeyboardInterrupt:
                self.stopped_by = "the operator"
            finally:
                self._end(started)
        self._close(started.returncode)

    def _given_away(self) -> str:
        """Give the folder to the account that tcpdump becomes: it writes by relative names, so it needs no way there."""
        if os.geteuid() != 0:
            return ""
        account = pwd.getpwnam(_account())
        try:
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        except OSError:  # a stick with FAT knows no owners
            self.notebook.note(
                "tcpdump wrote as root: the target knows no owners.",
                "保存先が所有者を扱えないため、tcpdump は root で書き込みました。",
            )
            return "root"
        return account.pw_name

    def _watch(self, started: subprocess.Popen[bytes]) -> None:
        listening = 0.0
        while started.poll() is None:
            time.sleep(LOOK_EVERY)
            if not listening and b"listening on" in self.said.read_bytes():  # the time that was asked for begins here
                listening = time.monotonic()
                self.notebook.facts["listening_at"] = datetime.now(UTC).isoformat()
            size, elapsed = sum(path.stat().st_size for path in self._files()), time.monotonic() - listening
            self.tell(size, self.asked.size or size)
            self.notebook.look_at_the_clock()
            self._hash(self._files()[:-1])
            self.stopped_by = self._limit(size, elapsed if listening else 0.0)
            if self.stopped_by:
                return

    def _limit(self, size: int, elapsed: float) -> str:
        if self.asked.seconds and elapsed >= self.asked.seconds:
            return "its time"
        if self.asked.size and size >= self.asked.size:
            return "its size"
        return "the disk: too little is free" if free_bytes(self.folder) < self.asked.floor else ""

    @staticmethod
    def _end(started: subprocess.Popen[bytes]) -> None:
        """SIGINT, so that it writes out what it holds; harder only when it does not listen."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if started.poll() is not None:
                return
            started.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.wait(PATIENCE)

    def _files(self) -> list[Path]:
        """In the order they were written."""
        found = (path for path in self.folder.iterdir() if path.is_file() and not path.is_symlink())
        return sorted(found, key=_order)

    def _hash(self, closed: list[Path]) -> None:
        for path in closed:
            if path not in self.hashed:
                self.notebook.made(path)
                self.notebook.save()
                self.hashed.add(path)

    def _close(self, code: int | None) -> None:
        for path in (self.folder, *self._files()):
            with contextlib.suppress(OSError):
                os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
        self._hash(self._files())
        self.notebook.made(self.said)
        said = self.said.read_text(encoding="utf-8", errors="backslashreplace")
        counts = {name: int(found[1]) for name, shape in COUNTS.items() if (found := shape.search(said))}
        self.notebook.facts |= {**counts, "files": len(self.hashed), "stopped_by": self.stopped_by, "exit_code": code}
        if code and not self.hashed:
            raise Failed(
                f"tcpdump ended with {code}: {said.strip()[-300:]}", hint="Capturing needs root; check the filter."
            )
        self._judge(code, counts)

    def _judge(self, code: int | None, counts: dict[str, int]) -> None:
        if lost := counts.get("dropped_by_kernel", 0) + counts.get("dropped_by_interface", 0):
            self.notebook.missed(self.asked.source, f"{lost} packets were dropped")
        if "captured" not in counts:
            self.notebook.missed(self.asked.source, "tcpdump did not say how many packets it dropped")
        if not self.stopped_by:
            self.notebook.missed(self.asked.source, f"tcpdump ended by itself with {code}")
        elif "disk" in self.stopped_by:
            self.notebook.missed(self.asked.source, "the capture ended early: too little is free on the disk")


@contextlib.contextmanager
def _ended_with_us(number: int) -> Iterator[None]:
    """Should we be killed, tcpdump must not capture for ever: a shell that waits for our end of a pipe to close ends it then.

    (The kernel's own way, PR_SET_PDEATHSIG, is forgotten when tcpdump becomes another account.)
    """
    words = ["/bin/sh", "-c", 'cat; kill -INT "$1"', "sh", str(number)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as waiting:
        try:
            yield
        finally:
            waiting.kill()


def _order(path: Path) -> tuple[str, int]:
    """capture.pcap, capture.pcap1 ... capture.pcap10; with times in the name, these first."""
    stem, _, number = path.name.partition(".pcap")
    return stem, int(number) if number.isdigit() else 0
