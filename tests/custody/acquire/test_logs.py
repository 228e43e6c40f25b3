from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from custody.acquire.conftest import Collect
from hikeshi.custody.acquire.acquisition import perform
from hikeshi.custody.acquire.logs import Logs
from hikeshi.custody.acquire.record import Person, Reading
from hikeshi.errors import Refused


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The file system of a machine, as it would be mounted."""
    logs = tmp_path / "root" / "var" / "log"
    (logs / "audit").mkdir(parents=True)
    (logs / "syslog").write_bytes(b"today\n")
    (logs / "syslog.1").write_bytes(b"yesterday\n")
    (logs / "syslog.2.gz").write_bytes(gzip.compress(b"the day before\n"))
    (logs / "audit" / "audit.log").write_bytes(b"type=LOGIN\n")
    (logs / "wtmp").write_bytes(b"\0" * 384)
    return tmp_path / "root"


def test_logs_and_rotated_ones_are_kept_and_what_is_usual_and_absent_is_listed(
    collect: Collect, root: Path, tmp_path: Path
) -> None:
    record = collect(Logs(root=root, journal=False), tmp_path / "out")
    copies = tmp_path / "out" / "files" / (root / "var/log").relative_to("/")
    assert gzip.decompress((copies / "syslog.2.gz").read_bytes()) == b"the day before\n"
    assert (copies / "audit" / "audit.log").read_bytes() == b"type=LOGIN\n"
    assert record.facts["absent"] == ["authentication", "failed logins", "journal", "last logins"]
    assert "authentication" in record.notes[0].en
    assert {file.path for file in record.files} == {"manifest.jsonl", "bodyfile"}
    assert not (tmp_path / "out" / "files-2").exists()


def test_logs_that_rotate_while_they_are_read_are_all_there(root: Path, tmp_path: Path) -> None:
    """Rotated for real, between the listing of the folder and the reading of its files."""
    logs, out = root / "var" / "log", tmp_path / "out"
    lines = {b"today\n", b"yesterday\n", b"tomorrow\n"}
    rotated = False

    def rotate(done: int, total: int) -> None:
        nonlocal rotated
        if rotated or total < 6:
            return
        rotated = True
        (logs / "syslog.1").rename(logs / "syslog.3")
        (logs / "syslog").rename(logs / "syslog.1")
        (logs / "syslog").write_bytes(b"tomorrow\n")

    record, _ = perform(
        Logs(root=root, journal=False), out, person=Person(collector="sato"), clock=Reading(), command="", tell=rotate
    )
    assert rotated
    found = {path.read_bytes() for path in out.rglob("syslog*")}
    assert lines <= found
    listed = {json.loads(line)["path"] for line in (out / "manifest.jsonl").read_text().splitlines()}
    assert str(logs / "syslog.3") in listed
    assert record.outcome == "complete"


def test_what_cannot_be_read_is_named(root: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("becoming nobody needs root")
    (root / "var" / "log" / "secret").mkdir(mode=0o700)
    for place in (tmp_path, *tmp_path.parents):
        if place.is_relative_to("/tmp") and place != Path("/tmp") and not place.stat().st_mode & 0o001:
            place.chmod(place.stat().st_mode | 0o011)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs").chmod(0o777)
    program = f"""
from pathlib import Path
from hikeshi.custody.acquire.acquisition import perform
from hikeshi.custody.acquire.logs import Logs
from hikeshi.custody.acquire.record import Person, Reading
record, _ = perform(Logs(root=Path({str(root)!r}), journal=False), Path({str(tmp_path / "theirs" / "out")!r}),
                    person=Person(collector="x"), clock=Reading(), command="")
print(record.outcome, [(one.what, one.why) for one in record.missed], record.facts["counts"]["access times changed"])
"""
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
    if "ModuleNotFoundError" in done.stderr or "Permission denied: '/" in done.stderr:
        pytest.skip("nobody cannot read our own modules here")
    assert "partial" in done.stdout, done.stderr
    assert str(root / "var/log/secret") in done.stdout
    assert "Permission denied" in done.stdout


def test_the_journal_is_exported_where_there_is_one_and_named_where_not(
    collect: Collect, root: Path, tmp_path: Path
) -> None:
    record = collect(Logs(root=root), tmp_path / "out")
    if shutil.which("journalctl") is None:
        assert any("not installed" in one.why for one in record.missed)
        return
    told = record.facts["journalctl"]
    assert len(told["sha256"]) == 64
    assert "journal.export" in {file.path for file in record.files}


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing at"):
        Logs(root=tmp_path).plan(tmp_path / "out")
