"""Rows of a timeline in Timesketch's form, CSV or JSON lines: what Timesketch imports and `parsers/timesketch.py` reads back.

Column by column as in the schema of events, with the names Timesketch wants in front: message, datetime, timestamp (microseconds) and
timestamp_desc (what the time says, and the kind of log). `raw` stays in the store: `event_uid`, `path` and `seq` lead back to it.

Every text here can be an attacker's. In both forms no control character and no character that turns the direction of writing is left:
CSV has it written out, JSON escaped, which is the same text again when read. In CSV, a cell that a spreadsheet would run as
a formula begins with an apostrophe, which our reader takes away.

References:
  https://timesketch.org/guides/user/import-from-json-csv/
  https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any, Final

import msgspec

from hikeshi.events.event import COLUMNS, text_of
from hikeshi.events.parsers.timesketch import FORMULAS
from hikeshi.events.times import utc

LONGEST: Final = 32_766
"""Bytes of a field that Timesketch's search engine takes; a longer one would cost the whole row there."""

FIRST: Final = ("message", "datetime", "timestamp", "timestamp_desc")
NOTED: Final = ("tag", "comment")
"""Lists of texts that people put on an event; Timesketch takes `tag` over as its own tags."""

FIELDS: Final = (
    *FIRST,
    *(name for name in COLUMNS if name not in {"dedup_key", "message", "raw", "ts", "ts_desc"}),
    *NOTED,
)
"""The columns of the CSV, in order."""

_UNSAFE = "\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
UNSAFE: Final = re.compile(f"[\x00-\x08\x0b-\x1f{_UNSAFE}]")
"""Controls (tabs and line ends excepted), and what reverses, joins or breaks text unseen."""

UNSAFE_IN_JSON: Final = re.compile(f"[{_UNSAFE}]")

Row = Mapping[str, Any]
"""An event as a store gives it, or `msgspec.structs.asdict` of one."""


class Exported(msgspec.Struct):
    """What was written, and what was not: said to whoever asked, for a silent gap is a wrong timeline.

    `undated` rows lie outside the years 1 to 9999 and were left out. `cut` fields were longer than `LONGEST` and have their beginning.
    """

    rows: int = 0
    undated: int = 0
    cut: int = 0


def write_csv(rows: Iterable[Row], out: IO[str]) -> Exported:
    """The rows as CSV with a header. `out` is a text file opened with newline=""."""
    done = Exported()
    written = csv.writer(out, lineterminator="\n")
    written.writerow(FIELDS)
    for fields in _dated(rows, done):
        written.writerow([_cell(fields.get(name), done) for name in FIELDS])
    return done


def write_jsonl(rows: Iterable[Row], out: IO[bytes]) -> Exported:
    """The rows as JSON lines; empty fields are left out."""
    done = Exported()
    for fields in _dated(rows, done):
        kept = {name: _short(value, done) for name, value in fields.items() if value is not None and value != ""}
        text = msgspec.json.encode(kept).decode("utf-8", "backslashreplace")
        out.write(UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode() + b"\n")
    return done


WRITERS: Final[dict[str, Callable[[Iterable[Row], IO[Any]], Exported]]] = {".csv": write_csv, ".jsonl": write_jsonl}
"""By the ending of the file. CSV wants a text file, JSON lines a binary one."""


def _dated(rows: Iterable[Row], done: Exported) -> Iterator[dict[str, Any]]:
    for row in rows:
        at = utc(row["ts"])
        if at is None:
            done.undated += 1
            continue
        done.rows += 1
        kind = row.get("source_kind")
        said = row.get("ts_desc") or "occurred"
        yield {
            "message": row.get("message") or "event",
            "datetime": at.isoformat(timespec="microseconds"),
            "timestamp": row["ts"],
            "timestamp_desc": f"{said} ({kind})" if kind else said,
            **{name: _plain(name, row.get(name)) for name in FIELDS[len(FIRST) :]},
        }


def _plain(name: str, value: Any) -> Any:
    """Bytes as text, lists as JSON lists of text."""
    if isinstance(value, bytes):
        return value.hex() if name == "event_uid" else text_of(value)
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return value


def _cell(value: Any, done: Exported) -> Any:
    if isinstance(value, list):
        value = msgspec.json.encode(value).decode("utf-8", "backslashreplace")
    if not isinstance(value, str):
        return value
    text = UNSAFE.sub(_written_out, _short(value, done)).encode("utf-8", "backslashreplace").decode()
    return f"'{text}" if text.startswith(FORMULAS) else text


def _short(value: Any, done: Exported) -> Any:
    if not isinstance(value, str) or len(value) * 4 <= LONGEST:
        return value
    data = value.encode("utf-8", "backslashreplace")
    if len(data) <= LONGEST:
        return value
    done.cut += 1
    return data[:LONGEST].decode("utf-8", "ignore")


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
