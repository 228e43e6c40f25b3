"""Evidence collected on this machine at the keyboard, and sealed with its record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from hikeshi.custody.acquire.imaging import Imaging
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident

SAMPLES = Path(__file__).parents[2] / "samples"
CONTENT = b"the disk of the web server" * 1000


def _disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").write_bytes(CONTENT)
    return tmp_path / "disk"


def test_a_dry_run_says_what_would_be_done_and_makes_nothing(keyboard: Keyboard, tmp_path: Path) -> None:
    told = keyboard.json("evidence", "acquire", "image", _disk(tmp_path), "--out", tmp_path / "out", "--dry-run")
    assert (told["size"], told["out"]) == (len(CONTENT), str(tmp_path / "out" / "disk.img"))
    assert not (tmp_path / "out").exists()


def test_without_a_database_the_record_lies_beside_the_image(keyboard: Keyboard, home: Path, tmp_path: Path) -> None:
    words = ("evidence", "acquire", "image", _disk(tmp_path), "--out", tmp_path / "out")
    told = keyboard.json(*words, "--operator", "Sato", "--witness", "Kondo")
    assert told["outcome"] == "complete"
    assert told["clock"]["offset_us"] is not None or "not measured" in told["clock"]["note"]
    record = json.loads((tmp_path / "out" / "acquisition.json").read_text())
    assert record["person"]["collector"] == "Sato"
    assert record["command"].startswith("hikeshi evidence acquire image ")
    assert record["command"].endswith("--operator Sato --witness Kondo")
    assert not list(home.iterdir())


def test_an_incident_gets_it_as_an_item_with_its_fields_filled(
    admin: Keyboard, incident: Incident, tmp_path: Path
) -> None:
    told = admin.json(
        "evidence", "acquire", "image", _disk(tmp_path), "--out", tmp_path / "out", "--incident", incident.name,
        "--witness", "kondo", "--authority", "Order 7",
    )  # fmt: skip
    item = Item.objects.get(name=told["item"])
    assert (item.kind, item.files, item.collector, item.witness, item.authority) == (
        "disk",
        3,
        "aoki",
        "kondo",
        "Order 7",
    )
    assert (item.tool, bool(item.tool_version), item.source) == ("hikeshi", True, str(tmp_path / "disk"))
    assert item.began_at
    assert item.ended_at
    assert item.began_at < item.ended_at
    assert "evidence acquire image" in item.command
    assert (item.clock_offset_us is None) == (item.clock_source == "")


def test_who_may_not_write_there_reads_nothing_first(responder: Keyboard, incident: Incident, tmp_path: Path) -> None:
    words = ("evidence", "acquire", "image", _disk(tmp_path), "--out", tmp_path / "out")
    assert responder(*words, "--incident", incident.name).code == 3
    assert not (tmp_path / "out").exists()


def test_what_was_acquired_elsewhere_is_sealed_only_as_it_was(
    admin: Keyboard, incident: Incident, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    admin.json("evidence", "acquire", "image", _disk(tmp_path), "--out", out, "--operator", "Sato")
    image = out / "disk.img"
    image.chmod(0o644)
    image.write_bytes(b"T" + CONTENT[1:])
    typed = admin("evidence", "acquire", "seal", incident.name, out)
    assert typed.code == 3
    assert "is not what was acquired" in typed.err
    image.write_bytes(CONTENT)
    made = admin.json("evidence", "acquire", "seal", incident.name, out)
    assert (made["kind"], Item.objects.get(name=made["name"]).collector) == ("disk", "Sato")


def test_a_record_that_points_out_of_its_folder_is_refused(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    out = tmp_path / "out"
    admin.json("evidence", "acquire", "image", _disk(tmp_path), "--out", out)
    path = out / "acquisition.json"
    record = json.loads(path.read_text())
    record["files"][0]["path"] = "../disk"
    path.chmod(0o644)
    path.write_text(json.dumps(record))
    typed = admin("evidence", "acquire", "seal", incident.name, out)
    assert typed.code == 3
    assert "outside of its folder" in typed.err


def test_a_wrong_value_is_named(keyboard: Keyboard, tmp_path: Path) -> None:
    typed = keyboard("evidence", "acquire", "image", _disk(tmp_path), "--pieces", "1000", "--dry-run")
    assert typed.code == 3
    assert "pieces" in typed.err


def test_the_ways_to_acquire_are_listed(keyboard: Keyboard) -> None:
    names = [row["command"] for row in keyboard.json("evidence", "acquire")]
    assert "evidence acquire image" in names
    assert all(name.startswith("evidence acquire ") for name in names)


def test_logs_acquired_and_sealed_become_a_timeline(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    logs = tmp_path / "root" / "var" / "log"
    logs.mkdir(parents=True)
    for sample in ("syslog/auth.log", "syslog/rsyslog-iso.log", "wtmp/wtmp"):
        shutil.copy2(SAMPLES / sample, logs)
    told = admin.json(
        "evidence", "acquire", "logs", "--root", tmp_path / "root", "--no-journal", "--out", tmp_path / "out",
        "--incident", incident.name,
    )  # fmt: skip
    built = admin.json("timeline", "build", incident.name, "main", told["item"])
    assert built["not_recognised_count"] == 0  # the manifest and the record are no logs
    assert built["unreadable_count"] == 0
    sources = {row["name"].rpartition("/")[2]: row for row in admin.json("timeline", "sources", incident.name, "main")}
    assert {"auth.log", "rsyslog-iso.log", "wtmp", "bodyfile"} <= set(sources)
    assert all(row["events"] for row in sources.values())


def test_ctrl_c_says_how_to_go_on_and_it_does(
    keyboard: Keyboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("evidence", "acquire", "image", _disk(tmp_path), "--out", tmp_path / "out")

    def stop(_self: Imaging) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as once:
        once.setattr(Imaging, "_passes", stop)
        typed = keyboard(*words)
    assert typed.code == 130
    assert f"--out {tmp_path / 'out'}" in typed.err
    assert keyboard.json(*words)["outcome"] == "complete"
    assert (tmp_path / "out" / "disk.img").read_bytes() == CONTENT
