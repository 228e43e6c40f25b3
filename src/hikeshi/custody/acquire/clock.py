"""How far our clock is from the true time: asked of a time server (SNTP), or of the kernel where a daemon keeps it.

`offset_us` is our clock minus the true time, so a clock that is fast has a positive offset. The uncertainty is the largest error the
protocol allows: half of the round trip, and what the server says of its own distance to its reference. "Not measured" is an answer
like any other and says why; it is never a zero.

References:
  https://www.rfc-editor.org/rfc/rfc4330  SNTP version 4, section 5 (checks of a reply)
  https://www.rfc-editor.org/rfc/rfc5905  NTP version 4, section 7.3 (header), 10 (root distance)
  https://man7.org/linux/man-pages/man2/adjtimex.2.html
"""

from __future__ import annotations

import contextlib
import ctypes
import secrets
import socket
import struct
import time
from typing import Final, NamedTuple

from hikeshi.custody.acquire.record import Reading

PORT: Final = 123
SAMPLES: Final = 4
WAIT: Final = 1.5
"""Seconds for one reply: four lost ones must not hold evidence back for long."""

UNIX: Final = 2_208_988_800
"""Seconds from 1900, where NTP counts from, to 1970."""
ERA: Final = 1 << 64
HEADER: Final = struct.Struct(">BBbb II 4s QQQQ")
UNSYNCHRONISED: Final = 0x0040  # STA_UNSYNC
NANOSECONDS: Final = 0x2000  # STA_NANO
ERROR: Final = 5  # TIME_ERROR


class Sample(NamedTuple):
    """One exchange: our clock minus the server's, and how wrong that can be, both in microseconds."""

    offset_us: int
    uncertainty_us: int


def measure(server: str = "") -> Reading:
    """Ask `server` (host or host:port), or without one the kernel. Never raises: what went wrong is in the note."""
    return _ask(server) if server else kernel()


def _ask(server: str) -> Reading:
    try:
        host, port = _address(server)
    except ValueError:
        return Reading(note=f"not measured: {server[:80]!r} is no host or host:port")
    samples: list[Sample] = []
    problem = "no reply"
    for _ in range(SAMPLES):
        try:
            samples.append(exchange(host, port))
        except (OSError, ValueError) as error:
            problem = str(error) or type(error).__name__
            if isinstance(error, socket.gaierror):
                break
    if not samples:
        return Reading(note=f"not measured: {server[:80]} did not give a time that can be used ({problem})")
    best = min(samples, key=lambda sample: sample.uncertainty_us)  # the shortest way says most (RFC 5905 section 10)
    note = f"best of {len(samples)} replies to {SAMPLES} requests"
    return Reading(
        source=f"SNTP {server}"[:100], offset_us=best.offset_us, uncertainty_us=best.uncertainty_us, note=note
    )


def _address(server: str) -> tuple[str, int]:
    if server.startswith("["):  # [2001:db8::1]:123
        host, _, port = server[1:].partition("]")
        return host, int(port.removeprefix(":") or PORT)
    host, colon, port = server.partition(":")
    return (host, int(port)) if colon and ":" not in port else (server, PORT)


def exchange(host: str, port: int) -> Sample:
    """One question and its answer. Raises OSError where none came, ValueError where it must not be believed."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    cookie = secrets.randbits(64) | 1  # instead of our time: unguessable, and tells the server nothing
    with socket.socket(family, kind, protocol) as sock:
        sock.settimeout(WAIT)
        sock.connect(address)  # the kernel drops what others send
        wall, begun = time.time_ns(), time.perf_counter_ns()
        sock.send(HEADER.pack(0x23, 0, 0, 0, 0, 0, b"", 0, 0, 0, cookie))
        reply = sock.recv(1024)
        trip = time.perf_counter_ns() - begun  # not by the wall clock, which may be set meanwhile
    return _sample(reply, cookie, wall, trip)


def _sample(reply: bytes, cookie: int, wall: int, trip: int) -> Sample:
    """`wall` is when we asked by our clock, `trip` how long the answer took; nanoseconds."""
    if len(reply) < HEADER.size:
        raise ValueError("the reply is too short")
    first, stratum, _, precision, root_delay, root_spread, _, _, origin, received, sent = HEADER.unpack_from(reply)
    if first & 7 != 4 or origin != cookie:
        raise ValueError("the reply is not to our question")
    if first >> 6 == 3 or not 1 <= stratum <= 15 or not sent or not received:
        raise ValueError(f"the server is not synchronised (stratum {stratum})")
    there = _unix_ns(sent, near=wall) - _unix_ns(received, near=wall)
    delay = max(trip - there, 0)
    true = _unix_ns(received, near=wall) - delay // 2  # when we asked, by the server's clock
    spread = (root_delay // 2 + root_spread) * 1_000_000_000 >> 16
    return Sample((wall - true) // 1000, (delay // 2 + spread + round(2.0**precision * 1e9)) // 1000 + 1)


def _unix_ns(stamp: int, *, near: int) -> int:
    """Nanoseconds since 1970 of an NTP time stamp, in the era (136 years) that is nearest to `near`: they begin anew in 2036."""
    wanted = ((near // 1_000_000_000 + UNIX) << 32) % ERA
    apart = (stamp - wanted + ERA // 2) % ERA - ERA // 2
    base = near // 1_000_000_000 * 1_000_000_000
    return base + (apart * 1_000_000_000 >> 32)


class _Timex(ctypes.Structure):
    """struct timex of the kernel, as far as we read it; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("room", ctypes.c_char * 160),
    )  # fmt: skip


def kernel() -> Reading:
    """What the kernel knows of a clock that chrony, ntpd or timesyncd keeps. Reads only (adjtimex with no modes)."""
    told = _Timex()
    state = -1
    with contextlib.suppress(OSError, AttributeError):
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told))
    if state < 0:
        return Reading(note="not measured: no time server is set (HIKESHI_TIME_SERVER) and the kernel does not say")
    if state == ERROR or told.status & UNSYNCHRONISED:
        return Reading(
            note="not measured: no time server is set (HIKESHI_TIME_SERVER) and the kernel's clock is not synchronised"
        )
    left = told.offset // 1000 if told.status & NANOSECONDS else told.offset  # what is still to be added to our clock
    note = "kept by a daemon of this machine; the uncertainty is the kernel's largest error"
    return Reading(source="kernel (adjtimex)", offset_us=-left, uncertainty_us=told.maxerror, note=note)


class Watch:
    """Whether the wall clock runs as it should, against a clock that counts on through sleep and cannot be set."""

    TOLERATED: Final = 500_000
    """Microseconds: slewing moves a clock by half a millisecond a second at most, and a step of NTP is larger than 128 ms."""

    def __init__(self) -> None:
        self.ahead = self._ahead()

    @staticmethod
    def _ahead() -> int:
        return (time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // 1000

    def jumped(self) -> int:
        """Microseconds by which the clock was set since last asked, 0 for none; negative: it was set back."""
        by = self._ahead() - self.ahead
        if abs(by) < self.TOLERATED:
            return 0
        self.ahead += by
        return by
