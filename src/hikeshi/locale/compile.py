"""Compile every `.po` beside this file to `.mo`: `python src/hikeshi/locale/compile.py`.

The tree keeps both, so that neither building nor running needs GNU gettext. Formats: GNU gettext manual, "PO Files" and "MO Files".
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

MAGIC = 0x950412DE


def read(po: Path) -> dict[str, str]:
    """Message and translation; the forms of a plural are joined by NUL, as `.mo` wants them. Fuzzy ones do not exist here."""
    found: dict[str, str] = {}
    # At each msgid, not at blank lines: a merge of two branches may lose one of those.
    for block in re.split(r"^(?=msgid )", po.read_text(encoding="utf-8"), flags=re.MULTILINE):
        fields = dict(_fields(block))
        if "msgid" not in fields:
            continue
        keys = [fields[name] for name in ("msgid", "msgid_plural") if name in fields]
        said = [fields[name] for name in sorted(fields) if name.startswith("msgstr")]
        found["\0".join(keys)] = "\0".join(said)
    return found


def _fields(block: str) -> Iterator[tuple[str, str]]:
    name, text = "", ""
    for line in block.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith('"'):
            if name:
                yield name, text
            name, _space, line = line.partition(" ")  # noqa: PLW2901  # the rest of the line is its first string
            text = ""
        text += ast.literal_eval(line)
    if name:
        yield name, text


def compiled(messages: dict[str, str]) -> bytes:
    """The `.mo` bytes: two tables of lengths and offsets, then the strings, sorted by message."""
    pairs = sorted((key.encode(), said.encode()) for key, said in messages.items() if said)
    offset = 28 + 16 * len(pairs)
    tables, strings = [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<II", len(pair[side]), offset + len(strings))
            strings += pair[side] + b"\0"
    return struct.pack("<7I", MAGIC, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0) + b"".join(tables) + strings


def main() -> None:
    for po in sorted(Path(__file__).parent.glob("*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        mo.write_bytes(compiled(read(po)))
        sys.stdout.write(f"{mo}\n")


if __name__ == "__main__":
    main()
