"""Whether the folder of an acquisition still holds what its record says."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

from hikeshi.custody.acquire.acquisition import Tell, sha256_of
from hikeshi.custody.acquire.record import Output, Record
from hikeshi.custody.disk import open_source
from hikeshi.errors import Refused, Unreadable

CHUNK = 1024 * 1024


def check(folder: Path, record: Record, tell: Tell = lambda _done, _all: None) -> None:
    """Hash every file that the record lists. Raises `Refused` for one that is gone, changed, or outside of the folder."""
    if record.outcome == "running":
        raise Refused(
            f"The record of {folder} says `running`: the collection did not end.",
            hint="Give its command again: an image is taken up where it was. Or seal it with `evidence add`.",
        )
    done, total = 0, sum(file.size for file in record.files)
    for file in record.files:
        path = _inside(folder, file)
        digest = hashlib.sha256()
        try:
            with open_source(path, follow=False) as stream:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    tell(min(done, total), total)
        except (OSError, Unreadable) as error:
            raise Refused(f"{path} cannot be read: {error}", hint="Nothing was sealed.") from error
        if digest.hexdigest() != file.sha256:
            raise Refused(
                f"{path} is not what was acquired: its SHA-256 is {digest.hexdigest()}, the record says {file.sha256}.",
                hint="Nothing was sealed. Keep both as they are, and find out who had them.",
            )


def refuse_unlisted(record: Record, path: Path) -> None:
    """Hash a file that arrived alone. Raises `Unreadable` where the record does not list it."""
    digest = sha256_of(path)
    if digest not in {file.sha256 for file in record.files}:
        raise Unreadable(
            f"the file is none of those in the record: its SHA-256 is {digest}", source="acquisition",
            hint="Nothing was sealed. Send the file as it was acquired, with the record that lies beside it.",
        )  # fmt: skip


def _inside(folder: Path, file: Output) -> Path:
    parts = PurePosixPath(file.path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts or "\0" in file.path:
        raise Refused(
            f"The record names {file.path[:80]!r}, which is outside of its folder.", hint="It was not made by us."
        )
    return Path(os.path.abspath(folder), *parts.parts)  # noqa: PTH100 - resolve() would follow the links
