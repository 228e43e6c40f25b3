"""Whether what is inside a disk image is still what its maker hashed: asked of libewf's `ewfverify`, where it is installed.

This says something of the image; whether our copy of it is whole is for the locker to say.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from hikeshi.custody.locker import Checked

TOOL: Final = "ewfverify"
FIRST: Final = re.compile(r"(?P<stem>.+)\.[ELel][Xx]?01")
HASHES: Final = re.compile(r"(?P<name>\w+) hash (?P<which>stored in file|calculated over data):\s+(?P<value>\S+)")
SAID: Final = 300


def check_content(files: Mapping[str, Path]) -> Checked:
    """Verify each E01 or Ex01 image among files that are named as they were collected.

    A mismatch is told before an image that could not be checked, and that before a match.
    """
    firsts = [name for name in files if FIRST.fullmatch(PurePosixPath(name).name)]
    if not firsts:
        return Checked(result="could-not-check", reason="There is no E01 or Ex01 image whose content could be checked.")
    if not shutil.which(TOOL):
        return Checked(result="could-not-check", reason=f"{TOOL} is not installed (Debian: ewf-tools).")
    found = [(name, _checked(name, files)) for name in firsts]
    for bad in ("mismatch", "could-not-check"):
        for name, one in found:
            if one.result == bad:
                return Checked(result=one.result, reason=f"{name}: {one.reason}")
    return Checked(result="match")


def _checked(name: str, files: Mapping[str, Path]) -> Checked:
    """Only the image's own segments are shown to the tool, under names of ours."""
    first = PurePosixPath(name)
    match = FIRST.fullmatch(first.name)
    stem = match["stem"] if match else ""
    with tempfile.TemporaryDirectory(prefix="hikeshi-") as folder:
        for other, path in files.items():
            one = PurePosixPath(other)
            if (
                one.parent == first.parent
                and one.stem == stem
                and re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{2,3}", one.suffix)
            ):
                (Path(folder) / f"image{one.suffix}").symlink_to(path.resolve())
        command = [TOOL, "-q", "-d", "sha1", f"{folder}/image{first.suffix}"]
        done = subprocess.run(command, capture_output=True, check=False, text=True, errors="replace", cwd=folder)
    return _verdict(done.returncode, done.stdout, done.stderr)


def _verdict(code: int, output: str, errors: str) -> Checked:
    """A hash that is there and is another one is a mismatch. Everything else that is no success proves nothing."""
    hashes: dict[str, dict[str, str]] = {}
    for found in HASHES.finditer(output):
        hashes.setdefault(found["name"], {})[found["which"]] = found["value"]
    pairs = {
        name: (one.get("stored in file", "N/A"), one.get("calculated over data", "N/A")) for name, one in hashes.items()
    }
    known = {name: pair for name, pair in pairs.items() if "N/A" not in pair}
    for name, (stored, calculated) in known.items():
        if stored != calculated:
            return Checked(
                result="mismatch", reason=f"{name} as recorded is {stored}, of the content now {calculated}."
            )
    if not code and known:
        return Checked(result="match")
    if not code:
        return Checked(result="could-not-check", reason="The image records no hash.")
    told = " ".join((errors.strip() or output.strip() or f"exit code {code}").split())
    return Checked(result="could-not-check", reason=f"{TOOL} could not read it (is a segment missing?): {told[-SAID:]}")
