"""The asset register as CSV: UTF-8, with or without a byte order mark, or Shift_JIS as Excel in Japan writes it. No database.

The header names are those of `COLUMNS`, English or Japanese, in any order and case; columns called `tag:NAME` become tags, and columns of
no meaning are left out and named. A row that cannot be read is a value with its line and reason; the others are kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from hikeshi.desk.assets.models import CRITICALITIES, ENVIRONMENTS
from hikeshi.desk.assets.verbs import checked, data_words
from hikeshi.errors import Refused, Unreadable
from hikeshi.text import Text

LIMIT: Final = 32 * 1024 * 1024
"""Bytes of one file."""
MOST: Final = 100_000
"""Rows of one file."""
FIELD: Final = 2000
"""Characters of one field."""

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "account": ("account", "account id", "アカウント", "アカウントid"),
    "criticality": ("criticality", "importance", "重要度"),
    "data": ("data", "data classification", "データ", "保有データ"),
    "environment": ("environment", "env", "環境"),
    "identifier": ("identifier", "id", "host", "hostname", "instance id", "arn", "識別子", "ホスト名", "資産番号"),
    "kind": ("kind", "type", "種類", "種別"),
    "name": ("name", "名称", "名前", "資産名"),
    "owner_name": ("owner", "owner name", "owner_name", "所有者", "管理者", "担当"),
}
"""What a column may be called."""

_CRITICALITY: Final = {
    **{str(value): value for value, _words in CRITICALITIES},
    "vital": 1,
    "critical": 1,
    "high": 2,
    "medium": 3,
    "middle": 3,
    "low": 4,
    "最重要": 1,
    "重大": 1,
    "高": 2,
    "中": 3,
    "低": 4,
}
_ENVIRONMENT: Final = {
    **{value: value for value, _words in ENVIRONMENTS},
    "prod": "production", "prd": "production", "stg": "staging", "stage": "staging", "dev": "development", "qa": "test",
    "本番": "production", "ステージング": "staging", "検証": "staging", "開発": "development", "テスト": "test", "試験": "test",
}  # fmt: skip
_DATA: Final = {
    "個人情報": "personal", "pii": "personal", "決済情報": "payment", "pci": "payment", "card": "payment", "認証情報": "credentials",
    "秘密情報": "secret", "機密": "secret", "confidential": "secret", "医療情報": "health", "phi": "health",
}  # fmt: skip


class Row(NamedTuple):
    """One line understood: `values` are of `verbs.FIELDS`, only those the file speaks of."""

    line: int
    identifier: str
    values: dict[str, Any]


class Bad(NamedTuple):
    """One line that was not understood, and why."""

    line: int
    reason: Text


class Table(NamedTuple):
    """A file: its encoding, its rows and the columns that were left out."""

    encoding: str
    rows: list[Row | Bad]
    left_out: list[str]


def read(content: bytes, source: str) -> Table:
    """All rows of a CSV file. Raises `Unreadable` where it is no such file at all, or has no column for the identifier."""
    text, encoding = decoded(content, source)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
    except csv.Error as problem:
        raise Unreadable(f"not CSV ({problem})", source=source, place="line 1") from problem
    columns = [_column(name) for name in header]
    if "identifier" not in columns:
        raise Unreadable(
            "no column for the identifier", source=source, place="line 1",
            hint=f"Call one {', '.join(COLUMNS['identifier'])}; see docs/assets.md.",
        )  # fmt: skip
    left_out = [name for name, column in zip(header, columns, strict=True) if not column and name.strip()]
    return Table(encoding, list(_rows(reader, columns)), left_out)


def decoded(content: bytes, source: str) -> tuple[str, str]:
    """The text and its encoding, found by trying: what is UTF-8 by chance is never Shift_JIS with Japanese in it."""
    if len(content) > LIMIT:
        raise Unreadable(f"{len(content)} bytes; a register may have {LIMIT}", source=source)
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding), {"utf-8-sig": "UTF-8", "cp932": "Shift_JIS"}.get(encoding, "UTF-16")
        except UnicodeDecodeError as problem:
            place = f"byte {problem.start}"
    raise Unreadable("neither UTF-8 nor Shift_JIS", source=source, place=place)


def _column(name: str) -> str:
    plain = name.strip().lower().replace("_", " ")
    if plain.startswith("tag:"):
        return f"tag:{name.strip()[4:].strip()[:128]}"
    return next((column for column, names in COLUMNS.items() if plain in names), "")


def _rows(reader: Any, columns: list[str]) -> Iterator[Row | Bad]:
    seen: dict[str, int] = {}
    count = 0
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:  # such as a quote never closed: nothing after it can be trusted
            yield Bad(
                reader.line_num,
                Text(f"not CSV from here on ({problem})", f"ここから先は CSV として読めません({problem})"),
            )
            return
        if not any(field.strip() for field in fields):
            continue
        count += 1
        if count > MOST:
            yield Bad(
                reader.line_num,
                Text(f"more than {MOST} rows: not read from here on", f"{MOST} 行を超えたため、以降は読み取りません"),
            )
            return
        yield _one(reader.line_num, fields, columns, seen)


def _one(line: int, fields: list[str], columns: list[str], seen: dict[str, int]) -> Row | Bad:
    if len(fields) != len(columns):
        return Bad(
            line,
            Text(
                f"{len(fields)} fields, the header has {len(columns)}", f"列数が {len(fields)}(見出しは {len(columns)})"
            ),
        )
    if any(len(field) > FIELD or "\x00" in field for field in fields):
        return Bad(
            line,
            Text(
                f"a field of more than {FIELD} characters, or with a NUL",
                f"{FIELD} 文字を超える、または NUL を含む項目",
            ),
        )
    given = {column: field.strip() for column, field in zip(columns, fields, strict=True) if column}
    try:
        row = row_of(line, given)
    except Refused as problem:
        return Bad(line, Text(problem.message, f"受け付けられない値: {problem.message}"))
    if isinstance(row, Row) and row.identifier in seen:
        first = seen[row.identifier]
        return Bad(line, Text(f"the same identifier as line {first}", f"{first} 行目と同じ識別子"))
    if isinstance(row, Row):
        seen[row.identifier] = line
    return row


def row_of(line: int, given: Mapping[str, str]) -> Row | Bad:
    """A row from plain texts by column. Raises `Refused` for an identifier or kind of data that the register does not take.

    An empty field says nothing and changes nothing.
    """
    values: dict[str, Any] = {key: given[key][:200] for key in ("name", "owner_name") if given.get(key)}
    values |= {key: given[key][:20] for key in ("kind", "account") if given.get(key)}
    for column, words, en, ja in (
        ("criticality", _CRITICALITY, "criticality", "重要度"), ("environment", _ENVIRONMENT, "environment", "環境"),
    ):  # fmt: skip
        if said := given.get(column, ""):
            if said.lower() not in words:
                return Bad(line, Text(f"{said[:40]!r} is no {en}", f"{said[:40]}は{ja}として使えません"))
            values[column] = words[said.lower()]
    if said := given.get("data", ""):
        words_said = said.replace("、", ",").replace(";", ",").replace("・", ",").split(",")
        values["data"] = data_words(_DATA.get(word.strip().lower(), word) for word in words_said)
    tags = {column[4:]: field[:300] for column, field in given.items() if column.startswith("tag:") and field}
    if tags:
        values["tags"] = tags
    return Row(line, checked(given.get("identifier", "")), values)
