from __future__ import annotations

import runpy
from pathlib import Path

from hikeshi.events.parsers import PARSERS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_parsers_is_what_their_docstrings_say() -> None:
    made = runpy.run_path(str(DOCS / "make_parsers_page.py"))["page"]()
    assert (DOCS / "parsers.md").read_text(encoding="utf-8") == made, "run python docs/make_parsers_page.py"


def test_every_parser_is_on_the_page_once() -> None:
    page = (DOCS / "parsers.md").read_text(encoding="utf-8")
    assert [page.count(f"\n## {name}\n") for name in PARSERS] == [1] * len(PARSERS)
