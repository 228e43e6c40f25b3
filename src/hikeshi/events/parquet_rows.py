"""Logs that AWS delivers as Parquet: VPC flow logs, and the OCSF events of Security Lake.

A file is recognised by its mark and by the names of its columns. Each row becomes JSON text, empty values left out, and is read as the
parser of that kind reads JSON; `raw` is that text, for a row has no bytes of its own. What stands in the names of Hive partitions
(region=.../day=...) is not read: the columns say it too. Bounds: the footer, rows and bytes of a row group, the length of a row and of
all rows together; a few rows are in memory at a time, and a value that many rows share is there once.

References:
  https://parquet.apache.org/docs/file-format/
  https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
  https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import PARSERS, vpcflow
from hikeshi.events.source import Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAGIC = b"PAR1"
FOOTER = 32 << 20
"""Bytes of a footer: it is held in memory several times."""

COLUMNS = 2000
GROUP = 1 << 30
"""Bytes that a row group unpacks to."""

MOST = 1 << 24
"""Rows of a row group: a few bytes can stand for as many as one likes."""

ROWS = 1024
TOGETHER = 64 << 20
"""Rows, and bytes of their longest values, that are made into JSON at once."""

NESTED = 256 << 20
"""Bytes that some rows may take where each repeats the longest text that its nested columns can hold."""

TEXT = "BYTE_ARRAY"
"""Parquet's name of the type. Of columns that are not nested, a text that many rows share is read once."""

LEFT = "Fetch the file again if the original still exists."


def is_parquet(head: bytes) -> bool:
    """Whether content that begins so is Parquet."""
    return head.startswith(MAGIC)


class Rows:
    """The parser of one opened Parquet file: that of its rows, and it knows the file. Has the shape of `Parser`."""

    def __init__(self, parser: Any, file: Any) -> None:
        self.NAME: str = parser.NAME
        self.VERSION: str = parser.VERSION
        self._read = vpcflow.of_json if parser is vpcflow else parser.events
        self._file = file

    def recognises(self, head: bytes) -> bool:
        return is_parquet(head)

    def events(self, source: Source) -> Iterator[Event | Unreadable]:
        """Each row, and what is damaged."""
        rows = Source(source.name, io.BufferedReader(_Lines(self._file)), limits=source.limits, sha256=source.sha256)
        for one in self._read(rows):
            if isinstance(one, Event):
                one.offset = None  # of the text, which is nowhere but here
            yield one
        yield from rows.troubles


def rows_of(source: Source) -> Rows | Unreadable:
    """The parser of a Parquet file, or why there is none."""
    import pyarrow as pa  # half a second that other logs need not wait
    import pyarrow.parquet as pq

    file = source.seekable()
    try:
        if _footer(file) > FOOTER:
            return source.unreadable(f"the footer is longer than {FOOTER:,} bytes")
        metadata = pq.read_metadata(file)
        flat = [column.path for column in _columns(metadata) if "." not in column.path and column.physical_type == TEXT]
        if wrong := _too_much(metadata):
            return source.unreadable(wrong, hint="Raise the limit if you trust it.")
        opened = pq.ParquetFile(file, metadata=metadata, read_dictionary=flat)
        names = {name.replace("-", "_") for name in opened.schema_arrow.names}
    except (pa.ArrowException, OSError, ValueError) as error:
        return source.unreadable(f"the Parquet file is damaged: {_said(error)}", "footer", hint=LEFT)
    if {"class_uid", "metadata"} <= names:
        return Rows(PARSERS["ocsf"], opened)
    if len(names & FLOW) >= 4 and "start" in names and "tgw_id" not in names:
        return Rows(vpcflow, opened)
    return source.unreadable("this is Parquet, but no log that is known", hint="Read are VPC flow logs and OCSF.")


FLOW = frozenset(name.replace("-", "_") for name in vpcflow.DOCUMENTED)


def _columns(metadata: Any) -> list[Any]:
    return [metadata.schema.column(at) for at in range(metadata.num_columns)]


def _footer(file: IO[bytes]) -> int:
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 8))
    tail = file.read(8)
    file.seek(0)
    if len(tail) < 8 or tail[4:] != MAGIC:
        raise ValueError("it has no footer; it may be cut off")
    return int.from_bytes(tail[:4], "little")


def _too_much(metadata: Any) -> str:
    """What the footer announces beyond our bounds, or nothing."""
    if metadata.num_columns > COLUMNS:
        return f"it has more than {COLUMNS:,} columns"
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)  # never its columns: a damaged footer ends the process there (Arrow 26)
        if group.total_byte_size > GROUP:
            return f"row group {number + 1:,} unpacks to more than {GROUP:,} bytes"
        if group.num_rows > MOST:
            return f"row group {number + 1:,} has more than {MOST:,} rows"
    return ""


class _Lines(io.RawIOBase):
    """The rows as lines of JSON; an OSError at the first damage."""

    def __init__(self, file: Any) -> None:
        self._rows = _texts(file)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        if not self._left:
            self._left = next(self._rows, b"")
        data, self._left = self._left[: len(view)], self._left[len(view) :]
        view[: len(data)] = data
        return len(data)


def _texts(file: Any) -> Iterator[bytes]:
    """Some rows at a time, as lines of JSON. Raises OSError at damage."""
    import pyarrow as pa

    done = 0
    try:
        for number in range(file.metadata.num_row_groups):
            rows = _at_once(file, file.metadata.row_group(number))
            for batch in file.iter_batches(rows, row_groups=[number], use_threads=False):
                step = max(1, TOGETHER // max(1, sum(map(_longest, batch.columns))))
                for at in range(0, batch.num_rows, step):
                    yield b"".join(_line(row) for row in _rows(batch.slice(at, step)))
                done += batch.num_rows
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise OSError(f"the Parquet file is damaged behind row {done:,}: {_said(error)}") from error


def _at_once(file: Any, group: Any) -> int:
    """How many rows of a group are decoded together."""
    if not any("." in column.path for column in _columns(file.metadata)):
        return ROWS
    return min(ROWS, max(1, NESTED // max(1, int(group.total_byte_size))))


def _rows(batch: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = batch.to_pylist(maps_as_pydicts="lossy")
    return found


def _line(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(_without_nulls(row), enc_hook=str) + b"\n"


def _without_nulls(value: Any) -> Any:
    """OCSF leaves out in JSON what is null in a row."""
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def _longest(column: Any) -> int:
    """Bytes of the longest text that rows of the column may share; where nothing is shared, of an average row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        return pc.max(pc.binary_length(column.dictionary)).as_py() or 0
    return int(column.nbytes) // max(1, len(column))


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
