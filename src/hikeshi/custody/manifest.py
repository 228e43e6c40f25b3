"""The manifest of a sealed folder: which names stood for which bytes, and when they were last written.

Its canonical JSON is sealed like any other bytes, so one SHA-256 stands for the whole folder. Folders themselves are not listed, so
empty ones leave no trace; owners and modes are not kept either. Where these matter, seal a disk image or an archive.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from hikeshi.custody.canonical import canonical
from hikeshi.errors import Refused

Progress = Callable[[str, int, int], None]
"""Called with the path being sealed, the bytes done and the bytes in all; at the end with an empty path."""

Kind = Literal["file", "symlink", "special", "unreadable"]


class ManifestEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One name. `path` is relative, with "/" between folders; `mtime` is UTC microseconds since 1970.

    A name that is not UTF-8 is shown with escapes, and `path_hex` holds its bytes. `target` is where a symbolic link points.
    SHA-512 and BLAKE3 are there where they were asked for.
    """

    path: str
    kind: Kind
    mtime: int
    size: int = 0
    sha256: str = ""
    sha512: str = ""
    blake3: str = ""
    target: str = ""
    note: str = ""
    path_hex: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder held, sorted by path."""

    entries: tuple[ManifestEntry, ...]
    format: Literal["hikeshi-manifest-1"] = "hikeshi-manifest-1"

    @property
    def canonical(self) -> bytes:
        """RFC 8785 canonical JSON: what is sealed."""
        return canonical(msgspec.to_builtins(self), name="manifest")

    @property
    def incomplete(self) -> tuple[ManifestEntry, ...]:
        """What could not be sealed, or changed while it was: to be shown to whoever sealed the folder."""
        return tuple(entry for entry in self.entries if entry.kind in {"special", "unreadable"} or entry.note)


def walk(source: Path | Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Each name under a folder, or each of the files named, with its path relative to what they share.

    Raises `Refused` where there is nothing to seal: an empty manifest would look like evidence.
    """
    paths = [source] if isinstance(source, Path) else list(source)
    missing = [path for path in paths if not os.path.lexists(path)]
    if missing or not paths:
        raise Refused(f"There is nothing at {missing[0]}." if missing else "No file was named.", hint="Check the path.")
    absolute = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - resolve() would follow the links
    base = (
        absolute[0]
        if len(absolute) == 1 and _is_folder(absolute[0])
        else Path(os.path.commonpath([p.parent for p in absolute]))
    )
    for path in dict.fromkeys(absolute):
        for found in _below(path) if _is_folder(path) else (path,):
            yield os.fspath(found.relative_to(base)), found


def describe(name: str, path: Path) -> ManifestEntry:
    """What the folder says about one name, without opening it. Of a file, `size` is what is to be expected."""
    shown = os.fsencode(name).decode("utf-8", "backslashreplace")
    fields: dict[str, Any] = {"path": shown, "path_hex": os.fsencode(name).hex() if shown != name else ""}
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            fields["target"] = os.fsencode(path.readlink()).decode("utf-8", "backslashreplace")
    except OSError as error:
        return ManifestEntry(kind="unreadable", mtime=0, note=error.strerror or "", **fields)
    fields["mtime"] = status.st_mtime_ns // 1000
    if stat.S_ISDIR(status.st_mode):
        return ManifestEntry(kind="unreadable", note="the folder cannot be listed", **fields)
    kind = _kind(status.st_mode)
    return ManifestEntry(kind=kind, size=status.st_size if kind == "file" else 0, **fields)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    return "symlink" if stat.S_ISLNK(mode) else "special"


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _below(folder: Path) -> Iterator[Path]:
    """Each name below a folder; a folder that cannot be listed is itself yielded, so that it is not silently left out."""
    closed: list[Path] = []
    for place, folders, files in os.walk(
        folder, onerror=lambda error: closed.append(Path(os.fsdecode(error.filename)))
    ):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]  # noqa: PTH114, PTH118 - names may be many
        yield from (Path(place, name) for name in (*files, *links))
    yield from closed
