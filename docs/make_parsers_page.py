"""Writes docs/parsers.md: every log that can be read, from the docstrings of the parsers. `python docs/make_parsers_page.py`."""

# ruff: noqa: INP001  a script beside the page it makes, no part of a package

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Final

from hikeshi.events import archives, filesystem, mapping, parquet_rows, unpacking
from hikeshi.events.parsers import PARSERS

PAGE: Final = Path(__file__).with_name("parsers.md")

TOP: Final = """\
# Logs that can be read

<!-- Made by docs/make_parsers_page.py from the docstrings of the parsers: change those, then run it. -->

Each file is recognised by its content; `--as NAME` says it instead. What cannot be read is counted and named, and what was read before
and behind it is kept: records = events + unreadable. The columns of an event are declared in `src/hikeshi/events/event.py`. How a parser
is added is in [CONTRIBUTING](../CONTRIBUTING.md#adding-a-parser).

| `--as` | what |
|---|---|
"""

ALSO: Final[dict[str, Any]] = {
    "A log without a parser: a mapping": mapping,
    "A folder tree": filesystem,
    "Compressed files": unpacking,
    "Parquet": parquet_rows,
    "Zip archives": archives,
}
"""What is read without being a kind of log, in the order of the page."""


def page() -> str:
    """The whole page."""
    rows = "".join(f"| [`{name}`](#{name}) | {_first(parser)} |\n" for name, parser in PARSERS.items())
    parts = [f"## {name}\n\n{_text(parser)}" for name, parser in PARSERS.items()]
    parts += [f"## {title}\n\n{_text(module)}" for title, module in ALSO.items()]
    return TOP + rows + "\n" + "\n".join(parts)


def _first(module: Any) -> str:
    """The first sentence, which may be longer than a line."""
    return " ".join(_paragraph(module).split()).replace("|", "\\|")


def _paragraph(module: Any) -> str:
    return (inspect.getdoc(module) or "").partition("\n\n")[0]


def _text(module: Any) -> str:
    """The docstring, its references as a list of links."""
    text, _, references = (inspect.getdoc(module) or "").partition("\nReferences:\n")
    links = "".join(f"- <{one.strip()}>\n" for one in references.splitlines() if one.strip())
    return text.rstrip() + "\n" + (f"\n{links}" if links else "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
