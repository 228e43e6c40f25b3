"""Real packets on the loopback interface, captured by the real tcpdump."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from custody.acquire.conftest import Collect
from hikeshi.custody.acquire import record as records
from hikeshi.custody.acquire.capture import Capture
from hikeshi.custody.acquire.record import Record
from hikeshi.errors import Failed, Refused

PORT = 40_000 + os.getpid() % 20_000  # tests may run side by side
needs_tcpdump = pytest.mark.skipif(
    shutil.which("tcpdump") is None or os.geteuid() != 0, reason="capturing needs tcpdump and root"
)


@pytest.fixture
def traffic() -> Iterator[list[int]]:
    """Numbered datagrams to ourselves until the test ends; gives the list of those that were sent."""
    sent: list[int] = []
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not stop.wait(0.005):
                with contextlib.suppress(OSError):
                    sock.sendto(len(sent).to_bytes(4, "big") + bytes(900), ("127.0.0.1", PORT))
                    sent.append(len(sent))

    thread = threading.Thread(target=send)
    thread.start()
    yield sent
    stop.set()
    thread.join()


def _numbers(out: Path) -> list[int]:
    """Of every datagram in every file, read back by tcpdump."""
    found: list[int] = []
    for path in sorted((out / "packets").iterdir(), key=lambda path: (len(path.name), path.name)):
        told = subprocess.run(["tcpdump", "-nxr", path], capture_output=True, text=True, check=True, cwd="/").stdout
        for packet in told.split(f".{PORT}: UDP")[1:]:
            digits = "".join(line.split(":", 1)[1].replace(" ", "") for line in packet.splitlines()[1:4])
            found.append(int(digits[56:64], 16))
    return found


def _captures(out: Path) -> bool:
    """Whether some packets have been written already."""
    path = out / "packets" / "capture.pcap"
    return path.exists() and path.stat().st_size > 5000


def _once_it_captures(out: Path, act: Callable[[], object]) -> None:
    def wait() -> None:
        while not _captures(out):
            time.sleep(0.05)
        act()

    threading.Thread(target=wait, daemon=True).start()


def _check_hashes(record: Record, out: Path) -> None:
    listed = {file.path: file.sha256 for file in record.files}
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} - {records.NAME}
    assert set(listed) == there
    assert all(hashlib.sha256((out / path).read_bytes()).hexdigest() == digest for path, digest in listed.items())


@needs_tcpdump
def test_every_packet_is_in_a_file_and_every_file_is_hashed(
    collect: Collect, traffic: list[int], tmp_path: Path
) -> None:
    what = Capture(interface="lo", filter=f"udp port {PORT}", seconds=3, rotate_seconds=1, floor=0)
    record = collect(what, tmp_path / "out")
    numbers = _numbers(tmp_path / "out")
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert record.facts["captured"] == len(numbers) > 50
    assert record.facts["dropped_by_kernel"] == 0
    assert record.facts["files"] >= 3
    assert record.facts["stopped_by"] == "its time"
    assert record.outcome == "complete"
    assert record.tool == "tcpdump"
    assert "tcpdump version" in record.tool_version
    _check_hashes(record, tmp_path / "out")


@needs_tcpdump
def test_files_of_a_size_are_all_kept_up_to_the_limit(collect: Collect, traffic: list[int], tmp_path: Path) -> None:
    what = Capture(interface="lo", filter=f"udp port {PORT}", size=100_000, rotate_mb=0, seconds=30, floor=0)
    record = collect(what, tmp_path / "out")
    assert record.facts["stopped_by"] == "its size"
    assert sum(file.size for file in record.files) >= 100_000
    assert len(_numbers(tmp_path / "out")) == record.facts["captured"]
    _check_hashes(record, tmp_path / "out")


@pytest.fixture
def heard() -> Iterator[None]:
    """An interrupt is heard, also where the tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@needs_tcpdump
@pytest.mark.usefixtures("heard")
def test_ctrl_c_ends_it_cleanly(collect: Collect, traffic: list[int], tmp_path: Path) -> None:
    _once_it_captures(tmp_path / "out", lambda: os.kill(os.getpid(), signal.SIGINT))
    record = collect(Capture(interface="lo", filter=f"udp port {PORT}", seconds=30, floor=0), tmp_path / "out")
    assert record.facts["stopped_by"] == "the operator"
    assert record.facts["captured"] == len(_numbers(tmp_path / "out")) > 0
    _check_hashes(record, tmp_path / "out")


PROGRAM = """
import sys
from pathlib import Path
from hikeshi.custody.acquire.acquisition import perform
from hikeshi.custody.acquire.capture import Capture
from hikeshi.custody.acquire.record import Person, Reading
perform(Capture(interface="lo", filter=sys.argv[2], floor=0), Path(sys.argv[1]), person=Person(collector="sato"),
        clock=Reading(), command="")
"""


@needs_tcpdump
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_when_we_are_killed_tcpdump_ends_and_has_written_all_it_held(
    traffic: list[int], tmp_path: Path, number: signal.Signals
) -> None:
    out, wanted = tmp_path / "out", f"udp port {PORT}"
    with subprocess.Popen([sys.executable, "-c", PROGRAM, out, wanted]) as started:
        while not (out / "packets" / "capture.pcap").exists():
            assert started.poll() is None
            time.sleep(0.02)
        while not _captures(out):
            time.sleep(0.05)
        started.send_signal(number)
    until = time.monotonic() + 30
    while "captured" not in (out / "tcpdump.txt").read_text() and time.monotonic() < until:
        time.sleep(0.05)
    assert f"{len(_numbers(out))} packets captured" in (out / "tcpdump.txt").read_text()
    assert records.read(out).outcome == ("running" if number == signal.SIGKILL else "complete")


@needs_tcpdump
def test_a_narrow_disk_ends_it_and_says_so(
    collect: Collect, traffic: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = Capture(interface="lo", seconds=30, floor=1000)
    monkeypatch.setattr(
        "hikeshi.custody.acquire.capture.free_bytes", lambda _folder: 10 if _captures(tmp_path / "out") else 5000
    )
    record = collect(what, tmp_path / "out")
    assert record.outcome == "partial"
    assert "too little is free" in record.missed[-1].why
    _check_hashes(record, tmp_path / "out")


@needs_tcpdump
def test_a_filter_that_is_none_is_told_in_tcpdumps_words(collect: Collect, tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"syntax error|parse"):
        collect(Capture(interface="lo", filter="host host host", seconds=5, floor=0), tmp_path / "out")
    assert records.read(tmp_path / "out").outcome == "interrupted"


@needs_tcpdump
def test_tcpdump_writes_as_another_account_than_root(collect: Collect, traffic: list[int], tmp_path: Path) -> None:
    record = collect(Capture(interface="lo", filter=f"udp port {PORT}", seconds=1, floor=0), tmp_path / "out")
    assert "-Z" in Capture(interface="lo").words()
    assert record.facts["captured"] > 0
    assert (tmp_path / "out" / "packets" / "capture.pcap").stat().st_uid == 0  # given back at the end


def test_an_interface_that_is_not_there_and_a_full_disk_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no interface"):
        Capture(interface="nope0").plan(tmp_path / "out")
    with pytest.raises(Refused, match="must stay free"):
        Capture(interface="any", floor=1 << 60).plan(tmp_path / "out")


def test_a_filter_can_be_no_option_of_tcpdump() -> None:
    assert Capture(interface="lo", filter="-w /etc/passwd").words()[-2:] == ["--", "-w /etc/passwd"]


@needs_tcpdump
def test_a_link_planted_among_the_packets_is_not_followed(collect: Collect, traffic: list[int], tmp_path: Path) -> None:
    """By whoever gets hold of tcpdump's account through a packet: we are root, and would change and read what it points at."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    secret.chmod(0o600)
    planted = tmp_path / "out" / "packets" / "capture.pcap9"
    _once_it_captures(tmp_path / "out", lambda: planted.symlink_to(secret))
    record = collect(Capture(interface="lo", filter=f"udp port {PORT}", seconds=2, floor=0), tmp_path / "out")
    assert planted.is_symlink()
    assert secret.stat().st_mode & 0o777 == 0o600
    assert hashlib.sha256(b"secret").hexdigest() not in {file.sha256 for file in record.files}


@needs_tcpdump
def test_on_a_target_without_owners_and_modes_it_captures_all_the_same(
    collect: Collect, traffic: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Injected: what a stick with FAT answers."""

    def refuse(*_given: object, **_named: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    monkeypatch.setattr(os, "fchmod", refuse)
    record = collect(Capture(interface="lo", filter=f"udp port {PORT}", seconds=1, floor=0), tmp_path / "out")
    assert record.facts["captured"] > 0
    assert {note.en[:30] for note in record.notes} == {
        "tcpdump wrote as root: the tar",
        "The target's file system canno",
    }
