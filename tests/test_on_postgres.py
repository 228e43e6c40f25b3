"""What is run on PostgreSQL as well: a test for it is not forgotten on SQLite."""

from __future__ import annotations

import re
from pathlib import Path

from on_postgres import CHOSEN

DESK = Path(__file__).parent / "desk"


def test_what_asks_for_it_or_for_writers_beside_each_other_is_chosen() -> None:
    asking = {
        path.stem
        for path in DESK.glob("test_*.py")
        if re.search(r"transaction=True|connection\.vendor", path.read_text())
    }
    assert asking <= {f"test_{name}" for name in CHOSEN}


def test_what_is_chosen_is_there() -> None:
    assert [name for name in CHOSEN if not (DESK / f"test_{name}.py").is_file()] == []
