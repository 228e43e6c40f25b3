"""Sealing what was acquired, with its record; and taking in what was acquired elsewhere: `evidence acquire seal`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.custody.acquire import checking, record as records
from hikeshi.custody.acquire.record import Record
from hikeshi.desk.evidence import acquired
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.identity import secret
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.cli.who import actor


class Keeping:
    """The evidence of one incident, for whoever holds the token."""

    def __init__(self, incident: str) -> None:
        secret()
        self.actor = actor()
        self.incident = find.incident(self.actor, incident)
        require_on(self.actor, "write", self.incident)

    @property
    def who(self) -> str:
        return self.actor.name

    def keep(self, folder: Path, record: Record) -> str:
        return self.seal(folder, record).name

    def seal(self, folder: Path, record: Record) -> Item:
        with progress(record.title, unit="bytes") as told:
            return acquired.seal_folder(
                self.incident, folder, record, actor=self.actor, progress=lambda _path, done, total: told(done, total)
            )


def seal(
    incident: str, folder: Annotated[Path, typer.Argument(help="The folder of an acquisition, with its record.")]
) -> Any:
    """Seal what was acquired elsewhere, under the fields of its record. Refused where it is not what the record says."""
    keeping = Keeping(incident)
    record = records.read(folder)
    with progress("SHA-256", unit="bytes") as told:
        checking.check(folder, record, told)
    return shapes.item(keeping.seal(folder, record))
