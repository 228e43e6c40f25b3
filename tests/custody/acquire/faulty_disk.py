"""A block device with sectors that cannot be read, for real: a loop device over a file that a FUSE server of ours refuses to read.

    faulty_disk.py FOLDER BACKING BAD-START BAD-LENGTH ...   serves FOLDER/disk until it is unmounted

Speaks the kernel's FUSE protocol (uapi/linux/fuse.h, 7.x) with nothing but /dev/fuse and mount(2): one file, opened for direct reading,
so that the kernel asks for exactly the bytes that somebody wants. Needs root.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

IN = struct.Struct("<IIQQIIII")
OUT = struct.Struct("<IiQ")
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, INIT, OPENDIR, BATCH_FORGET = 1, 2, 3, 14, 15, 17, 18, 26, 27, 42
DIRECT = 1


def _attr(node: int, size: int) -> bytes:
    mode = stat.S_IFDIR | 0o755 if node == 1 else stat.S_IFREG | 0o444
    return struct.pack("<QQQQQQIIIIIIIIII", node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def _answer(code: int, node: int, body: bytes, backing: int, bad: Sequence[tuple[int, int]]) -> bytes | int:
    size = os.fstat(backing).st_size
    if code == INIT:
        major, minor, ahead, _ = struct.unpack_from("<IIII", body)
        return struct.pack("<IIIIHHIIHHI28s", major, min(minor, 31), ahead, 0, 16, 12, 131072, 1, 32, 0, 0, b"")
    if code == LOOKUP:
        if body.rstrip(b"\0") != b"disk":
            return errno.ENOENT
        return struct.pack("<QQQQII", 2, 0, 60, 60, 0, 0) + _attr(2, size)
    if code == GETATTR:
        return struct.pack("<QII", 60, 0, 0) + _attr(node, size if node == 2 else 0)
    if code in {OPEN, OPENDIR}:
        return struct.pack("<QII", 1, DIRECT if code == OPEN else 0, 0)
    if code == READ:
        _, start, length = struct.unpack_from("<QQI", body)
        if any(start < end and begin < start + length for begin, end in bad):
            return errno.EIO
        return os.pread(backing, length, start)
    if code == STATFS:
        return bytes(80)
    return b"" if code == RELEASE else errno.ENOSYS


def serve(folder: str, backing_path: str, bad: Sequence[tuple[int, int]]) -> None:
    backing, fuse = os.open(backing_path, os.O_RDONLY), os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fuse},rootmode=40755,user_id=0,group_id=0,allow_other".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"hikeshi-test", folder.encode(), b"fuse.hikeshi", 0, options):
        sys.exit(os.strerror(ctypes.get_errno()))
    os.write(1, b"mounted\n")
    while True:
        try:
            request = os.read(fuse, 1 << 20)
        except OSError:  # unmounted
            return
        _, code, unique, node, *_ = IN.unpack_from(request)
        if code in {FORGET, BATCH_FORGET}:
            continue
        said = _answer(code, node, request[IN.size :], backing, bad)
        data = b"" if isinstance(said, int) else said
        os.write(fuse, OUT.pack(OUT.size + len(data), -said if isinstance(said, int) else 0, unique) + data)


@contextlib.contextmanager
def faulty_disk(folder: Path, content: Path, bad: Sequence[tuple[int, int]]) -> Iterator[Path]:
    """The path of a block device with the bytes of `content`, of which the ranges `bad` (start, end) answer EIO.

    Raises OSError where this machine cannot do it: no root, no FUSE, no loop devices.
    """
    if os.geteuid() != 0 or not Path("/dev/fuse").exists() or not Path("/dev/loop-control").exists():
        raise OSError(errno.EPERM, "needs root, /dev/fuse and loop devices")
    folder.mkdir()
    numbers = [str(number) for pair in bad for number in pair]
    command = [sys.executable, __file__, str(folder), str(content), *numbers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        if server.stdout.readline() != "mounted\n":
            raise OSError(errno.EPERM, "FUSE cannot be mounted here")
        try:
            made = subprocess.run(
                ["losetup", "--find", "--show", "--read-only", str(folder / "disk")],
                capture_output=True,
                text=True,
                check=False,
            )
            if made.returncode:
                raise OSError(errno.EPERM, made.stderr)
            try:
                yield Path(made.stdout.strip())
            finally:
                subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)
        finally:
            for _ in range(20):  # the loop device lets go a moment later
                if not subprocess.run(["umount", str(folder)], check=False, capture_output=True).returncode:
                    break
                time.sleep(0.1)
            server.kill()


if __name__ == "__main__":
    points = [int(word) for word in sys.argv[3:]]
    serve(sys.argv[1], sys.argv[2], list(zip(points[::2], points[1::2], strict=True)))
