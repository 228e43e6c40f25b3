"""What the kernel says of a disk, from /sys and /proc, without opening it: model, serial number, size, what is mounted.

And what lies under a path: the disk, the partition, the loop device and its file, so that nothing is written onto what is imaged.

References: https://www.kernel.org/doc/Documentation/ABI/stable/sysfs-block, https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from hikeshi.errors import Refused, Unreadable

SECTOR: Final = 512
"""/sys counts in these, whatever the sector of the device is."""
FACTS: Final = {
    "model": "device/model", "serial": "device/serial", "vendor": "device/vendor", "firmware": "device/firmware_rev",
    "wwid": "device/wwid", "serial_of_disk": "serial", "physical_sector": "queue/physical_block_size",
    "rotational": "queue/rotational", "removable": "removable",
}  # fmt: skip
SERIALS: Final = ("serial", "serial_of_disk", "serial_page", "wwid")
ESCAPED: Final = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A file system in use: the number of its device ("8:1"), where it is, and how."""

    device: str
    point: str
    options: str
    source: str


class SourceFacts(NamedTuple):
    """What is imaged. `identity` is what stays the same when it is opened again; `sector` and `size` are in bytes."""

    path: Path
    size: int
    sector: int
    is_device: bool
    identity: dict[str, Any]
    state: dict[str, Any]


def facts_of(path: Path) -> SourceFacts:
    """Raises `Refused` for what is neither a block device nor a regular file, `Unreadable` where it cannot be looked at."""
    try:
        status = path.stat()
    except OSError as error:
        raise Unreadable(f"cannot be looked at: {error.strerror}", source=str(path)) from error
    if stat.S_ISBLK(status.st_mode):
        return _of_device(path, _number(status.st_rdev))
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"{path} is neither a disk nor a file.", hint="`evidence acquire copy` takes folders.")
    identity = {"size": status.st_size, "inode": status.st_ino, "device": _number(status.st_dev)}
    state = {"mtime_ns": status.st_mtime_ns, "read_only": not os.access(path, os.W_OK)}
    return SourceFacts(path, status.st_size, SECTOR, False, identity, state)


def _of_device(path: Path, number: str) -> SourceFacts:
    place = _place(number)
    disk = place.parent if (place / "partition").exists() else place
    size = int(_text(place / "size") or 0) * SECTOR
    facts = {name: found for name, where in FACTS.items() if (found := _text(disk / where))}
    identity = {
        "size": size, "number": number, "kernel_name": place.name, "partition": _text(place / "partition"), **facts,
    }  # fmt: skip
    if page := _serial_page(disk):
        identity["serial_page"] = page
    mounts = mounted_on(number)
    state = {
        "read_only": _text(place / "ro") == "1",
        "mounted": [f"{mount.point} ({mount.options})" for mount in mounts],
        "mounted_writable": any("rw" in mount.options.split(",") for mount in mounts),
        "swap": any(_is_device(line.split()[0], number) for line in _lines(Path("/proc/swaps"))[1:] if line.strip()),
    }
    sector = int(_text(disk / "queue/logical_block_size") or SECTOR)
    return SourceFacts(path, size, sector, True, identity, state)


def same(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether two identities are of one thing. A serial number outlives the name and number that a disk happens to have."""
    names = {"number", "kernel_name"} if any(now.get(name) for name in SERIALS) else set()
    return {key: value for key, value in before.items() if key not in names} == {
        key: value for key, value in now.items() if key not in names
    }


def _serial_page(disk: Path) -> str:
    """The serial number of a SCSI or SATA disk: vital product data, page 0x80, after a header of four bytes."""
    try:
        return (disk / "device/vpd_pg80").read_bytes()[4:].decode("ascii", "backslashreplace").strip("\0 ")
    except OSError:
        return ""


def mounted_on(number: str) -> list[Mount]:
    """The file systems in use on this device, on its partitions, and on what is built from them."""
    above = _above(number)
    return [mount for mount in mounts() if mount.device in above or _number_named(mount.source) in above]


def under(path: Path) -> set[str]:
    """The numbers of every device whose bytes change when something is written at `path`."""
    while not path.exists() and path != path.parent:
        path = path.parent
    number = _number(path.stat().st_dev)
    if number.startswith("0:"):  # btrfs and overlay have no device of their own: its source says which it is
        sources = [mount.source for mount in mounts() if mount.device == number]
        return {found for source in sources if (named := _number_named(source)) for found in _below(named)}
    return set(_below(number))


def mounts() -> list[Mount]:
    return [mount for line in _lines(Path("/proc/self/mountinfo")) if (mount := _mount(line))]


def _mount(line: str) -> Mount | None:
    words = line.split()
    if "-" not in words:
        return None
    dash = words.index("-")
    return Mount(words[2], _plain(words[4]), words[5], _plain(words[dash + 2]))


def _above(number: str) -> set[str]:
    """The device, its partitions, and what is built on them (LVM, RAID, encryption)."""
    found = {number}
    place = _place(number)
    for child in (*place.glob("*/partition"), *place.glob("holders/*/dev")):
        if other := _text(child.parent / "dev"):
            found |= _above(other) - found
    return found


def _below(number: str) -> Iterator[str]:
    """The device, the disk it is a partition of, and what it is built from; of a loop device, where its file lies."""
    place = _place(number)
    yield number
    if (place / "partition").exists() and (disk := _text(place.parent / "dev")):
        yield from _below(disk)
    for part in place.glob("slaves/*/dev"):
        yield from _below(_text(part))
    if backing := _text(place / "loop/backing_file"):
        yield from under(Path(backing))


def _place(number: str) -> Path:
    return Path("/sys/dev/block", number).resolve()


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"


def _number_named(source: str) -> str:
    try:
        status = os.stat(source) if source.startswith("/") else None  # noqa: PTH116 - a text from the kernel
    except OSError:
        return ""
    return _number(status.st_rdev) if status and stat.S_ISBLK(status.st_mode) else ""


def _is_device(name: str, number: str) -> bool:
    return _number_named(name) in _above(number)


def _plain(text: str) -> str:
    """Blanks, tabs, line ends and backslashes are three octal digits in mountinfo."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 8)), text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace").strip()
    except OSError:
        return ""


def _lines(path: Path) -> list[str]:
    return _text(path).splitlines()
