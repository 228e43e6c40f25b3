"""Indicators an administrator has put into HIKESHI_HOME/indicators: CSV with a column `value`, or STIX 2 bundles in JSON.

Files that cannot be read are named by the enricher itself, so that nobody believes they were asked.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.enrichment.enricher import NOTHING, Enricher, Said
from hikeshi.signals.signal import Observable
from hikeshi.text import Text

LIMIT: Final = 32 * 1024 * 1024
FILES: Final = 50
PATTERN: Final = re.compile(r"(?:value|hashes\.[^=\s]{1,20})\s*=\s*'([^']{1,300})'")


def ask(one: Observable, actor: Actor) -> list[Said]:
    del actor
    found = []
    for path in sorted((Path(settings.ENVIRONMENT.home) / "indicators").glob("*"))[:FILES]:
        if path.suffix.lower() not in {".csv", ".json"}:
            continue
        stamp = path.stat()
        known = _read(path, stamp.st_mtime_ns, stamp.st_size)
        if known is None:
            found.append(Said(Text(f"{path.name} cannot be read", f"{path.name} を読み取れません")))
        elif one.value.lower() in known:
            note = known[one.value.lower()]
            found.append(
                Said(Text(f"listed in {path.name}: {note}".rstrip(": "), f"{path.name} に記載: {note}".rstrip(": ")))
            )
    return found


@lru_cache(maxsize=FILES)
def _read(path: Path, changed: int, size: int) -> dict[str, str] | None:
    """Indicators in lower case with what the file says of them, read once for each state of the file."""
    del changed
    if size > LIMIT:
        return None
    try:
        content = path.read_bytes()
        return dict(_csv(content) if path.suffix.lower() == ".csv" else _stix(content))
    except (OSError, ValueError, csv.Error, msgspec.MsgspecError, AttributeError, TypeError):
        return None


def _csv(content: bytes) -> Iterator[tuple[str, str]]:
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    if "value" not in (reader.fieldnames or ()):
        raise ValueError("no column called value")
    for row in reader:
        yield str(row["value"]).strip().lower(), str(row.get("note") or row.get("description") or "")[:200]


def _stix(content: bytes) -> Iterator[tuple[str, str]]:
    for found in msgspec.json.decode(content)["objects"]:
        if found.get("type") == "indicator" and not found.get("revoked"):
            for value in PATTERN.findall(str(found.get("pattern", ""))):
                yield value.lower(), str(found.get("name") or "")[:200]


ENRICHER = Enricher(Text("indicator files", "指標ファイル"), "red", NOTHING, ask)
