"""A disk, acquired as a responder would."""

from __future__ import annotations

from pathlib import Path

from hikeshi.custody.acquire.acquisition import perform
from hikeshi.custody.acquire.imaging import Image
from hikeshi.custody.acquire.record import Person, Reading


def acquired_disk(folder: Path, content: bytes) -> Path:
    """The folder with the image, its map and the record."""
    (folder / "disk").write_bytes(content)
    person = Person(collector="Sato", witness="Kondo")
    perform(Image(path=folder / "disk"), folder / "out", person=person, clock=Reading(), command="hikeshi x")
    return folder / "out"
