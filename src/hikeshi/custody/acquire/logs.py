"""The logs of this machine, as they are and as they are being rotated: copied with all their times, the journal exported too.

Logs move while we read: a file that is renamed between being listed and being opened is found again under its new name, because the
folders are read again until nothing new has appeared. What is usually there and was not is listed, like what could not be read.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

from hikeshi.custody.acquire import programs
from hikeshi.custody.acquire.acquisition import Acquisition, Notebook, Tell
from hikeshi.custody.acquire.listing import Listing
from hikeshi.custody.acquire.logical import Copying, finish, look, refuse_inside, roots
from hikeshi.errors import Refused
from hikeshi.text import Text

WHERE: Final = ("/var/log", "/run/log/journal", "/var/account", "/run/utmp")
USUAL: Final[dict[str, tuple[str, ...]]] = {
    "audit": ("audit/audit.log",),
    "authentication": ("auth.log", "secure"),
    "failed logins": ("btmp",),
    "journal": ("journal", "/run/log/journal"),
    "last logins": ("lastlog", "lastlog2.db", "/var/lib/lastlog/lastlog2.db"),
    "logins": ("wtmp", "wtmp.db", "/var/lib/wtmpdb/wtmp.db"),
    "system": ("syslog", "messages"),
}
"""What a machine usually keeps, below its folder of logs or where else, under one of these names."""
ROUNDS: Final = 5
EXPORT_SECONDS: Final = 1800.0


class Logs(Acquisition, frozen=True, kw_only=True):
    """The local logs with rotated ones, the systemd journal exported, and a list of what is usual and was not there."""

    name: ClassVar[str] = "logs"
    kind: ClassVar = "logs"
    title: ClassVar[Text] = Text("Logs of a machine", "マシンのログ")
    method: ClassVar[str] = (
        "logical copy of the local logs, again until nothing new appears; journal exported by journalctl"
    )

    root: Annotated[Path, Meta(description="Where the machine's file system is: / or a mounted image.")] = Path("/")
    also: Annotated[tuple[Path, ...], Meta(description="More files and folders.")] = ()
    journal: Annotated[bool, Meta(description="Export the journal with journalctl.")] = True

    @property
    def source(self) -> str:
        return ", ".join(os.fspath(path) for path in self._paths())

    def _paths(self) -> tuple[Path, ...]:
        usual = (self.root / where.lstrip("/") for where in WHERE)
        return roots(tuple(path for path in (*usual, *self.also) if os.path.lexists(path)))

    def plan(self, folder: Path) -> dict[str, Any]:
        """Raises `Refused` where there is nothing, or the copies would lie in the logs."""
        there = self._paths()
        missing = [path for path in self.also if not os.path.lexists(path)]
        if missing or not there:
            raise Refused(f"There is nothing at {missing[0] if missing else self.root}.", hint="Check the path.")
        refuse_inside(folder, there)
        absent = [name for name in USUAL if not self._there(name)]
        return {"source": ", ".join(map(str, there)), "absent": absent, "out": os.fspath(folder)}

    def _there(self, name: str) -> bool:
        return any(
            os.path.lexists(self.root / "var/log" / one if one[0] != "/" else self.root / one[1:])
            for one in USUAL[name]
        )

    def collect(self, folder: Path, notebook: Notebook, tell: Tell) -> None:
        notebook.facts["absent"] = [name for name in USUAL if not self._there(name)]
        with Listing(folder) as listing:
            copying = Copying(folder / "files", notebook, listing, tell)
            for path in self._paths():
                copying.take(path)
            if self.journal:
                self._export(folder, notebook)
            self._again(copying, folder)
        finish(copying, notebook, listing)
        if absent := notebook.facts["absent"]:
            notebook.note(
                f"Usual logs that were not there: {', '.join(absent)}.",
                f"通常あるはずのログがありません: {', '.join(absent)}",
            )

    def _export(self, folder: Path, notebook: Notebook) -> None:
        """The journal in the format that needs no systemd to read."""
        out = folder / "journal.export"
        words = ["journalctl", "--output=export", "--no-pager", "--all", "--quiet"]
        words += ["--merge"] if self.root == Path("/") else [f"--root={self.root}"]
        ran = programs.run(words, out, seconds=EXPORT_SECONDS)
        notebook.facts["journalctl"] = msgspec.to_builtins(ran)
        if ran.problem:
            notebook.missed("the journal as an export", ran.problem)
        if out.exists():
            notebook.made(out)

    def _again(self, copying: Copying, folder: Path) -> None:
        """What has appeared under a new inode since, each round into a folder of its own: names may be taken."""
        for number in range(2, ROUNDS + 2):
            new = [path for top in self._paths() for path, which in _files(top) if which not in copying.known]
            if not new:
                return
            copying.folder = folder / f"files-{number}"
            for path in new:
                copying.take(path)
        copying.notebook.note(
            "Logs were still appearing when the collection ended.", "取得終了時にもログが増え続けていました。"
        )


def _files(top: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Regular files below with their device and inode; links are not followed, access times left alone."""
    waiting = [top]
    while waiting:
        path = waiting.pop()
        with contextlib.suppress(OSError), contextlib.ExitStack() as closing:  # gone: it is found under its new name
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield path, (status.st_dev, status.st_ino)
            elif stat.S_ISDIR(status.st_mode):
                folder = look(closing, os.fspath(path), None, os.O_DIRECTORY)
                waiting += [path / name for name in os.listdir(folder)]  # noqa: PTH208 - of a descriptor
