"""Pages of the documentation that are made from the code say what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from hikeshi.playbooks.schema import written

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["actions", "answers", "attacks", "parsers"])
def test_the_page_is_what_the_code_says(name: str) -> None:
    made = runpy.run_path(str(DOCS / f"make_{name}_page.py"))["page"]()
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == made, f"run python docs/make_{name}_page.py"


def test_the_schema_of_playbooks_is_what_the_code_says() -> None:
    assert (DOCS / "playbook.schema.json").read_bytes() == written(), "run python docs/make_playbook_schema.py"
