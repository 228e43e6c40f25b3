"""Run a command against a PostgreSQL server of its own: `python tests/on_postgres.py pytest tests/desk`.

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


def main() -> int:
    bin_folder = programs()
    if bin_folder is None:
        print("PostgreSQL is not installed: the PostgreSQL run is skipped.", file=sys.stderr)  # noqa: T201
        return 0
    with cluster(bin_folder) as url:
        return subprocess.run(sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
