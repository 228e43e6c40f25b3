"""Writes docs/playbook.schema.json: the format of playbooks for editors. `python docs/make_playbook_schema.py`."""

# ruff: noqa: INP001  a script beside the file it makes, no part of a package

from __future__ import annotations

from pathlib import Path
from typing import Final

from hikeshi.playbooks.schema import written

FILE: Final = Path(__file__).with_name("playbook.schema.json")

if __name__ == "__main__":
    FILE.write_bytes(written())
