"""Events into a file, in the form its name ends with. The file is there whole or not at all."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.events import shown
from hikeshi.events.event import COLUMNS, Event

Writer = Callable[[Path, Iterable[Event]], None]


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """A path beside `out` that takes its name when everything went well, and is gone otherwise."""
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part")
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def write_csv(out: Path, events: Iterable[Event]) -> None:
    """One row each, all columns; a list or an object is JSON in its cell."""
    with whole(out) as part, part.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for event in events:
            row = shown(msgspec.structs.asdict(event))
            rows.writerow([_cell(row.get(name)) for name in COLUMNS])


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"  # a spreadsheet would run it as a formula, and the text is the attacker's
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value


def write_jsonl(out: Path, events: Iterable[Event]) -> None:
    """One JSON object per line, empty fields left out."""
    with whole(out) as part, part.open("wb") as file:
        for event in events:
            file.write(msgspec.json.encode(shown(msgspec.structs.asdict(event))) + b"\n")


def write_parquet(out: Path, events: Iterable[Event]) -> None:
    """All columns with their types, zstd."""
    import pyarrow.parquet as pq  # half a second that the other two forms need not wait

    from hikeshi.events.columns import SIZE, batch, schema  # as above

    waiting = iter(events)
    with whole(out) as part, pq.ParquetWriter(part, schema(), compression="zstd") as file:
        while some := list(islice(waiting, SIZE)):
            file.write_batch(batch(some))


WRITERS: Final[dict[str, Writer]] = {
    ".csv": write_csv,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}


def writer_for(out: Path) -> Writer:
    """Raises `WrongUsage` for an ending that is none of them."""
    if out.suffix not in WRITERS:
        raise WrongUsage(f"{out.name} does not say which form is wanted.", hint=f"End it with {', '.join(WRITERS)}.")
    return WRITERS[out.suffix]
