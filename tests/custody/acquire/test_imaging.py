from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from custody.acquire.conftest import Collect, FaultyDisk
from hikeshi.custody.acquire import device, record as records, sector_map
from hikeshi.custody.acquire.acquisition import Notebook, perform
from hikeshi.custody.acquire.imaging import Image, Imaging, Preadv
from hikeshi.custody.acquire.record import Person, Reading, Record
from hikeshi.custody.acquire.sector_map import Part
from hikeshi.errors import Failed, Refused

MEBIBYTE = 1024 * 1024


def test_a_file_becomes_an_image_with_two_hashes_that_only_can_be_read(collect: Collect, tmp_path: Path) -> None:
    content = os.urandom(3 * MEBIBYTE + 777)
    (tmp_path / "disk").write_bytes(content)
    record = collect(Image(path=tmp_path / "disk"), tmp_path / "out")
    image = tmp_path / "out" / "disk.img"
    assert image.read_bytes() == content
    assert stat.S_IMODE(image.stat().st_mode) == 0o444
    (first, second) = record.files
    assert (first.sha256, first.sha512) == (hashlib.sha256(content).hexdigest(), hashlib.sha512(content).hexdigest())
    assert second.path == "disk.map"
    assert (record.outcome, record.missed, record.facts["read_matches"]) == ("complete", (), True)
    assert records.read(tmp_path / "out") == record
    assert record.person.witness == "kondo"
    assert record.ended_at
    assert record.ended_at > record.began_at


@pytest.mark.parametrize("content", [b"", b"x", bytes(MEBIBYTE), b"a" + bytes(2 * MEBIBYTE) + b"z"])
def test_zeros_take_no_room(collect: Collect, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "disk").write_bytes(content)
    collect(Image(path=tmp_path / "disk"), tmp_path / "out")
    image = tmp_path / "out" / "disk.img"
    assert image.read_bytes() == content
    assert image.stat().st_blocks * 512 <= 2 * 65536 + 4096


def test_sectors_that_cannot_be_read_are_zeros_and_lines_of_the_map(
    collect: Collect, disk_with_bad_sectors: FaultyDisk, tmp_path: Path
) -> None:
    """A real block device whose driver answers EIO."""
    content = bytearray(os.urandom(4 * MEBIBYTE))
    bad = [(0, 512), (MEBIBYTE + 512, MEBIBYTE + 1536), (4 * MEBIBYTE - 512, 4 * MEBIBYTE)]
    disk = disk_with_bad_sectors(bytes(content), bad)
    record = collect(Image(path=disk, retries=1), tmp_path / "out")
    for start, end in bad:
        content[start:end] = bytes(end - start)
    assert (tmp_path / "out" / f"{disk.name}.img").read_bytes() == content
    found = sector_map.read(tmp_path / "out" / f"{disk.name}.map")
    assert found.of("-") == [Part(start, end, "-", errno.EIO) for start, end in bad]
    assert [(one.offset, one.length) for one in record.missed] == [(start, end - start) for start, end in bad]
    assert record.outcome == "partial"
    assert record.facts["before"]["read_only"]
    assert record.facts["bytes_bad"] == 2048


def test_nothing_is_written_onto_the_disk_that_is_imaged(tmp_path: Path) -> None:
    here = next((mount.source for mount in device.mounts() if mount.device in device.under(tmp_path)), "")
    if not here or not Path(here).is_block_device():
        pytest.skip("the disk under the temporary folder cannot be named here")
    with pytest.raises(Refused, match="would destroy evidence"):
        Image(path=Path(here)).plan(tmp_path / "out")


def test_a_target_without_room_is_refused_before_a_byte(collect: Collect, tmp_path: Path) -> None:
    with (tmp_path / "disk").open("wb") as file:
        file.truncate(1 << 43)
    with pytest.raises(Refused, match="are free"):
        collect(Image(path=tmp_path / "disk"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert Image(path=tmp_path / "disk", trust_sparse=True).plan(tmp_path / "out")["size"] == 1 << 43


def test_a_folder_with_something_in_it_is_never_written_over(collect: Collect, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "disk.img").write_bytes(b"somebody's")
    with pytest.raises(Refused, match="not empty"):
        collect(Image(path=tmp_path / "disk"), tmp_path / "out")
    assert (tmp_path / "out" / "disk.img").read_bytes() == b"somebody's"


PROGRAM = """
import sys, time, os
from pathlib import Path
from hikeshi.custody.acquire import imaging
from hikeshi.custody.acquire.acquisition import perform
from hikeshi.custody.acquire.record import Person, Reading
imaging.SAVE_EVERY = 0.02
real = os.preadv
def slow(descriptor, buffers, offset):
    time.sleep(0.02)
    return real(descriptor, buffers, offset)
imaging.Imaging.__init__.__kwdefaults__["preadv"] = slow
imaging.Imaging.__init__.__kwdefaults__["block"] = 65536
perform(imaging.Image(path=Path(sys.argv[1])), Path(sys.argv[2]), person=Person(collector="sato"), clock=Reading(), command="first")
"""


@pytest.mark.parametrize("after", [0.0, 0.05, 0.3])
def test_killed_at_any_moment_it_goes_on_where_the_map_ends(collect: Collect, tmp_path: Path, after: float) -> None:
    content = os.urandom(8 * MEBIBYTE)
    (tmp_path / "disk").write_bytes(content)
    out = tmp_path / "out"
    with subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path / "disk", out]) as started:
        while not (out / records.NAME).exists():
            assert started.poll() is None
            time.sleep(0.005)
        time.sleep(after)
        started.send_signal(signal.SIGKILL)
    assert records.read(out).outcome == "running"
    done = sector_map.read(out / "disk.map").bytes_of("+") if (out / "disk.map").exists() else 0
    assert done < len(content)
    record = collect(Image(path=tmp_path / "disk"), out)
    assert (out / "disk.img").read_bytes() == content
    assert record.outcome == "complete"
    assert record.command == "first"
    assert "taken up again" in record.notes[0].en


def test_another_source_is_not_poured_into_what_was_begun(collect: Collect, tmp_path: Path) -> None:
    imaging = _imaging(tmp_path, b"a" * 1000)
    imaging.preadv = _failing({0: errno.ENODEV})
    with pytest.raises(Failed, match="is gone") as problem:
        imaging.run()
    assert not problem.value.permanent
    (tmp_path / "disk").unlink()
    (tmp_path / "disk").write_bytes(b"b" * 1001)
    with pytest.raises(Refused, match="is not what was imaged here before"):
        collect(Image(path=tmp_path / "disk"), tmp_path / "out")


def test_a_target_that_tells_other_bytes_is_found(tmp_path: Path) -> None:
    """Injected: what is hashed on the way is not what comes back."""
    imaging = _imaging(tmp_path, b"a" * 1000)
    imaging.hasher.update(b"!")
    with pytest.raises(Failed, match="the target disk is faulty"):
        imaging.run()


def test_a_full_target_keeps_what_it_has_and_goes_on_later(collect: Collect, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a tiny disk needs root")
    (tmp_path / "disk").write_bytes(os.urandom(4 * MEBIBYTE))
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "test", small], check=False).returncode:
        pytest.skip("a tiny disk cannot be mounted here")
    try:
        with pytest.raises(Failed, match="cannot be written: No space left") as problem:
            collect(Image(path=tmp_path / "disk", trust_sparse=True), small / "out")
        assert not problem.value.permanent
        assert sector_map.read(small / "out" / "disk.map").bytes_of("+") < 4 * MEBIBYTE
        subprocess.run(["mount", "-o", "remount,size=8m", small], check=True)
        assert collect(Image(path=tmp_path / "disk"), small / "out").outcome == "complete"
        assert (small / "out" / "disk.img").read_bytes() == (tmp_path / "disk").read_bytes()
    finally:
        subprocess.run(["umount", small], check=True)


def test_pieces_have_hashes_of_their_own(collect: Collect, tmp_path: Path) -> None:
    content = os.urandom(2500)
    (tmp_path / "disk").write_bytes(content)
    collect(Image(path=tmp_path / "disk", pieces=1024), tmp_path / "out")
    lines = (tmp_path / "out" / "disk.pieces.sha256").read_text().splitlines()
    assert [line.split()[0] for line in lines] == [
        hashlib.sha256(content[at : at + 1024]).hexdigest() for at in (0, 1024, 2048)
    ]
    assert lines[2].endswith("disk.img bytes 2048-2499")


def test_a_folder_is_no_disk(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="neither a disk nor a file"):
        Image(path=tmp_path).plan(tmp_path / "out")


def _imaging(tmp_path: Path, content: bytes) -> Imaging:
    (tmp_path / "disk").write_bytes(content)
    (tmp_path / "out").mkdir()
    asked = Image(path=tmp_path / "disk")
    record = Record(
        name="image", kind="disk", title="x", source=asked.source, system="", method="", tool="", tool_version="",
        command="", person=Person(collector="sato"), began_at=datetime.now(UTC), clock=Reading(),
    )  # fmt: skip
    return Imaging(
        asked, tmp_path / "out", Notebook(msgspec.structs.replace(record), tmp_path / "out"), lambda _a, _b: None
    )


def _failing(errors: dict[int, int]) -> Preadv:
    """os.preadv with faults at these offsets."""

    def preadv(descriptor: int, buffers: list[memoryview], offset: int, /) -> int:
        if offset in errors:
            raise OSError(errors[offset], os.strerror(errors[offset]))
        return os.preadv(descriptor, buffers, offset)

    return preadv


@pytest.mark.skipif(shutil.which("ddrescue") is None, reason="ddrescue (gddrescue) is not installed")
def test_ddrescue_finds_the_same_and_goes_on_from_our_map(
    collect: Collect, disk_with_bad_sectors: FaultyDisk, tmp_path: Path
) -> None:
    bad = [(MEBIBYTE + 512, MEBIBYTE + 1536), (2 * MEBIBYTE - 512, 2 * MEBIBYTE)]
    disk = disk_with_bad_sectors(os.urandom(2 * MEBIBYTE), bad)
    collect(Image(path=disk), tmp_path / "out")
    ours, image = tmp_path / "out" / f"{disk.name}.map", tmp_path / "out" / f"{disk.name}.img"
    theirs = tmp_path / "theirs.map"
    subprocess.run(["ddrescue", "-d", disk, tmp_path / "theirs.img", theirs], capture_output=True, check=True)
    assert [part[:3] for part in sector_map.read(theirs).parts] == [part[:3] for part in sector_map.read(ours).parts]
    assert (tmp_path / "theirs.img").read_bytes().ljust(2 * MEBIBYTE, b"\0") == image.read_bytes()
    image.chmod(0o600)
    ours.chmod(0o600)
    done = subprocess.run(["ddrescue", "-d", disk, image, ours], capture_output=True, text=True, check=True)
    assert "Finished" in done.stdout


def test_a_disk_that_came_back_under_another_name_is_known_by_its_serial_number() -> None:
    before = {"size": 512, "number": "8:16", "kernel_name": "sdb", "partition": "", "serial": "WD-123"}
    assert device.same(before, before | {"number": "8:32", "kernel_name": "sdc"})
    assert not device.same(before, before | {"number": "8:32", "serial": "WD-124"})
    assert not device.same(before, before | {"partition": "1"})
    nameless = before | {"serial": ""}
    assert not device.same(nameless, nameless | {"number": "8:32"})


def test_a_real_disk_of_this_machine_is_described(tmp_path: Path) -> None:
    disks = [path for path in Path("/sys/block").iterdir() if (path / "size").read_text().strip() != "0"]
    found = [device.facts_of(Path("/dev", path.name)) for path in disks if Path("/dev", path.name).is_block_device()]
    if not found:
        pytest.skip("this machine has no disk")
    for facts in found:
        assert facts.is_device
        assert facts.size > 0
        assert facts.sector in {512, 4096}
        assert facts.identity["kernel_name"] == facts.path.name


def test_a_name_that_is_not_text_is_written_out(collect: Collect, tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"bad\xffname")
    source.write_bytes(b"x" * 1000)
    record = collect(Image(path=source), tmp_path / "out")
    assert record.files[0].path == r"bad\xffname.img"
    assert records.read(tmp_path / "out") == record


def test_what_cannot_be_recorded_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"x")
    for person in (Person(collector="x" * 200), Person(collector="sato", authority="x" * 400)):
        with pytest.raises(Refused, match="cannot be recorded"):
            perform(Image(path=tmp_path / "disk"), tmp_path / "out", person=person, clock=Reading(), command="")
    assert not (tmp_path / "out").exists()
