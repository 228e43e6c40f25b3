"""Our clock against a time server on this machine that tells what we want it to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from custody.acquire.conftest import Collect
from hikeshi.custody.acquire import clock
from hikeshi.custody.acquire.clock import ERA, HEADER, UNIX, Watch
from hikeshi.custody.acquire.logical import Copy

Reply = Callable[[int, float], bytes]


@pytest.fixture
def server() -> Iterator[Callable[[Reply], str]]:
    """Starts a server that answers with what the function makes of the question's cookie and the time; gives its address."""
    open_ones: list[socket.socket] = []

    def start(reply: Reply) -> str:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        open_ones.append(sock)

        def serve() -> None:
            while True:
                try:
                    question, who = sock.recvfrom(1024)
                except OSError:
                    return
                if said := reply(HEADER.unpack(question)[-1], time.time()):
                    sock.sendto(said, who)

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{sock.getsockname()[1]}"

    yield start
    for sock in open_ones:
        sock.close()


def _reply(cookie: int, now: float, *, first: int = 0x24, stratum: int = 2, spread: int = 0) -> bytes:
    stamp = int((now + UNIX) * (1 << 32)) % ERA
    return HEADER.pack(first, stratum, 0, -20, 0, spread, b"TEST", 0, cookie, stamp, stamp)


@pytest.mark.parametrize("ahead", [0.0, 3.5, -86_400.0])
def test_the_offset_is_our_clock_minus_the_servers(server: Callable[[Reply], str], ahead: float) -> None:
    found = clock.measure(server(lambda cookie, now: _reply(cookie, now - ahead, spread=1 << 10)))
    assert found.offset_us is not None
    assert found.uncertainty_us is not None
    assert abs(found.offset_us - ahead * 1e6) <= found.uncertainty_us
    assert 15_625 <= found.uncertainty_us < 500_000  # 2^10 in units of 2^-16 seconds, and the way
    assert found.source.startswith("SNTP 127.0.0.1:")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (lambda cookie, now: _reply(cookie + 1, now), "not to our question"),
        (lambda cookie, now: _reply(cookie, now, stratum=0), "not synchronised"),
        (lambda cookie, now: _reply(cookie, now, first=0xE4), "not synchronised"),
        (lambda cookie, now: _reply(cookie, now)[:40], "too short"),
    ],
)
def test_a_reply_that_must_not_be_believed_is_no_measurement(
    server: Callable[[Reply], str], reply: Reply, why: str
) -> None:
    found = clock.measure(server(reply))
    assert found.offset_us is None
    assert found.source == ""
    assert "not measured" in found.note
    assert why in found.note


def test_silence_is_no_measurement(server: Callable[[Reply], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "WAIT", 0.05)
    assert clock.measure(server(lambda _cookie, _now: b"")).offset_us is None


@pytest.mark.parametrize("name", ["no.such.host.invalid", "127.0.0.1:x", "[::1"])
def test_a_server_that_cannot_be_reached_is_no_measurement(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "WAIT", 0.05)
    found = clock.measure(name)
    assert (found.offset_us, found.source) == (None, "")
    assert "not measured" in found.note


def test_without_a_server_the_kernel_says_what_it_knows_or_that_it_does_not() -> None:
    found = clock.measure()
    assert (found.offset_us is None) == ("not measured" in found.note)
    assert (found.source == "") == (found.offset_us is None)


def test_stamps_after_2036_are_in_the_next_era() -> None:
    later = 2_200_000_000
    stamp = ((later + UNIX) << 32) % ERA
    assert clock._unix_ns(stamp, near=later * 10**9 + 7) == later * 10**9


def test_a_clock_that_is_set_is_noticed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, real = Watch(), time.time_ns
    assert watch.jumped() == 0
    monkeypatch.setattr(time, "time_ns", lambda: real() - 5_000_000_000)
    assert -5_000_100 < watch.jumped() < -4_999_900
    assert watch.jumped() == 0


def test_a_clock_set_back_while_we_collect_is_in_the_record(
    collect: Collect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    real, asked = time.time_ns, iter(range(1000))
    monkeypatch.setattr(time, "time_ns", lambda: real() - (60_000_000_000 if next(asked) else 0))
    record = collect(Copy(paths=(tmp_path / "file",)), tmp_path / "out")
    (jump,) = record.jumps
    assert abs(jump.by_us + 60_000_000) < 100_000
    assert "set by -60.0" in record.notes[0].en
