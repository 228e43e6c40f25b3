"""Logs named on the command line become evidence before anything reads them: files, objects in S3, and what is sealed already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors import find
from hikeshi.doors.cli.detect_files import say
from hikeshi.doors.cli.logs import here
from hikeshi.errors import Refused
from hikeshi.events.walking import in_s3


def items_of(row: Incident, logs: list[str], who: Any) -> tuple[list[Item], int]:
    """The evidence, and how many objects could not be fetched (they are named on stderr and in the evidence)."""
    names = {item.name for item in row.evidence.all()}
    items = [find.item(row, name) for name in logs if name.upper() in names]
    given = [name for name in logs if name.upper() not in names]
    if files := [Path(name) for name in given if not in_s3(name)]:
        title = f"Logs: {files[0].resolve().name}"
        items.append(evidence.seal_files(row, files, actor=who, title=title, kind="logs"))
    if addresses := [name for name in given if in_s3(name)]:
        item, missed = _from_s3(row, addresses, who)
        return [*items, item], missed
    return items, 0


def _from_s3(row: Incident, addresses: list[str], who: Any) -> tuple[Item, int]:
    """Objects sealed as logs; and beside them, as an item that is not read as a log, what S3 said of each."""
    with here(addresses) as found:
        say(trouble.message for trouble in found.missed)
        if not found.paths:
            raise Refused("No object could be fetched, so nothing was sealed.", hint="The reasons stand above.")
        source = ", ".join(addresses)
        paths = [Path(path) for path in found.paths]
        item = evidence.seal_files(row, paths, actor=who, title=f"Logs: {source}", kind="logs", source=source)
        told = {
            "logs": item.name,
            "objects": [one.said() for one in found.fetched.values()],
            "missed": [trouble.message for trouble in found.missed],
        }
    receipt = msgspec.json.format(msgspec.json.encode(told), indent=1)
    title = f"Objects of {item.name} as S3 has them: address, version, ETag, time, metadata"
    evidence.seal_bytes(row, receipt, actor=who, title=title, kind="receipt", source=source)
    return item, len(found.missed)
