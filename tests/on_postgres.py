"""Run a command against a PostgreSQL server of its own: `python tests/on_postgres.py pytest tests/desk/test_queue.py`.

For the last word `chosen` it is given the files of `CHOSEN`: every test runs on SQLite, and on PostgreSQL those where it can differ.

The cluster lives in a temporary folder, listens on a socket there only, and is gone afterwards. Run as root, it is started as the user
`postgres`, because the server refuses to be root. Where PostgreSQL is not installed this says so and succeeds without running anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

CHOSEN = {
    # What only a server with many writers does: rows that are locked, skipped or waited for, and who wins.
    "changes": "two who write over the same text",
    "halting": "two steps that want the same thing at once",
    "ledger": "entries appended by COPY, and the lock on a chain",
    "publishing_at_once": "two who publish the same draft",
    "queue": "who takes a row skips those that another has locked",
    "receiving": "the lock of whoever receives, deliveries by COPY, NUL and half characters",
    "run_workers": "workers beside each other in a run",
    "triage_together": "two at the same group",
    # What is written otherwise for it, or judged more strictly by it: lengths, types, time zones, SELECT DISTINCT with an order, FOR UPDATE
    # with outer joins, constraints with a condition, arrays in JSON. Together these reach five sixths of the places where the desk asks it.
    "accounts": "links and tokens",
    "affected": "affected assets",
    "anchors": "stamps and copies that wait",
    "approvals": "plans and who allowed them",
    "assets": "the register, and many rows at once",
    "closing": "gates over every other table",
    "clouds": "accounts, and sets of answers that replace each other",
    "contacts": "constraints with a condition",
    "custody_line": "two times of one note",
    "decisions": "options and objections in JSON",
    "drafts": "everything that a report asks for",
    "editing": "an incident's facts, and moves of its status",
    "enrichment": "what alerts name, looked for in the past",
    "evidence_imports": "items and their transfers from elsewhere",
    "holding": "reviews that fall due",
    "keeping": "dates of retention",
    "keys": "who makes the signing key when two start",
    "law": "moments and time zones of deadlines",
    "linking": "incidents merged over all tables, and taken apart",
    "oncall": "shifts over time zones",
    "proposals": "duties that follow from facts",
    "rehearsals": "what is asked for of the shelf",
    "rota_files": "many shifts replaced",
    "run_people": "runs and their steps",
    "similar": "counts over what incidents have in common",
    "staffing": "who is proposed",
    "tasks": "tasks and their locks",
    "timeline_removing": "a timeline with all that hangs on it",
    "transfers": "both sides of a hand-over",
    "triage": "groups merged, and the filter that is asked in SQL",
    "worse": "JSON that is asked in SQL",
}
"""The files of tests/desk that are run on PostgreSQL as well, and what for: the rest means the same there."""


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, of the newest version installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    return found[-1].parent if found else None


def _as_server(command: Sequence[str | Path]) -> None:
    lead = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*lead, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def cluster(bin_folder: Path, *, durable: bool = False) -> Iterator[str]:
    """A running server; gives its database URL. `durable` as for real use; tests need no disk to be waited for."""
    folder = Path(tempfile.mkdtemp(prefix="hikeshi-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    _as_server([bin_folder / "initdb", "-D", data, "-A", "trust", "-U", "hikeshi", "--no-sync"])
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    if not durable:
        options += " -c fsync=off -c full_page_writes=off"
    _as_server([bin_folder / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start"])
    try:
        yield f"postgresql://hikeshi@{str(folder).replace('/', '%2F')}/postgres"
    finally:
        _as_server([bin_folder / "pg_ctl", "-D", data, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _command(words: list[str]) -> list[str]:
    chosen = [f"tests/desk/test_{name}.py" for name in CHOSEN]
    return [*words[:-1], *chosen] if words[-1] == "chosen" else words


def main() -> int:
    bin_folder = programs()
    if bin_folder is None:
        print("PostgreSQL is not installed: the PostgreSQL run is skipped.", file=sys.stderr)  # noqa: T201
        return 0
    with cluster(bin_folder) as url:
        return subprocess.run(
            _command(sys.argv[1:]), env={**os.environ, "TEST_DATABASE_URL": url}, check=False
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
