from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

from custody.acquire.conftest import Collect
from hikeshi.custody.acquire.state import TABLES, State


def test_what_runs_here_now_is_in_it(collect: Collect, tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_INET) as listening,
        subprocess.Popen(["sleep", "60"], env={"SECRET": "hunter2", "PATH": os.defpath}, cwd=tmp_path) as sleeping,
    ):
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        try:
            record = collect(State(), tmp_path / "out")
        finally:
            sleeping.kill()
    told = json.loads((tmp_path / "out" / "state.json").read_text())
    assert [table["path"] for table in told["tables"]] == [f"/proc/{name}" for name in TABLES]
    (tcp,) = [table["text"] for table in told["tables"] if table["path"] == "/proc/net/tcp"]
    assert f"0100007F:{port:04X}" in tcp
    (found,) = [one for one in told["processes"] if one["pid"] == sleeping.pid]
    assert found["arguments"] == ["sleep", "60"]
    assert found["parent"] == os.getpid()
    assert found["folder"] == str(tmp_path)
    assert found["program"].startswith("/")
    (us,) = [one for one in told["processes"] if one["pid"] == os.getpid()]
    assert any(target.startswith("socket:") for target in us["open_files"].values())
    assert record.facts["processes"] == len(told["processes"])
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or b"hunter2" not in path.read_bytes(), path


def test_programs_are_named_with_their_hash_and_their_words_are_kept(collect: Collect, tmp_path: Path) -> None:
    record = collect(State(), tmp_path / "out")
    ran = [one for one in record.facts["programs"] if one["path"]]
    absent = [one for one in record.facts["programs"] if one["problem"] == "not installed"]
    assert len(ran) + len(absent) == len(record.facts["programs"])
    assert all(len(one["sha256"]) == 64 for one in ran)
    listed = {file.path for file in record.files}
    assert "state.json" in listed
    assert len([path for path in listed if path.startswith("raw/")]) == len(ran)
