"""Writes docs/answers.md: the playbooks that come with Hikeshi, from their files. `python docs/make_answers_page.py`."""

# ruff: noqa: INP001  a script beside the page it makes, no part of a package

from __future__ import annotations

from pathlib import Path
from typing import Final

from hikeshi.playbooks.playbook import Playbook, Source
from hikeshi.playbooks.shelf import library

PAGE: Final = Path(__file__).with_name("answers.md")

TOP: Final = """\
# Answers: the playbooks that come with Hikeshi

<!-- Made by docs/make_answers_page.py from src/hikeshi/playbooks/library: change those, then run it. -->

Each is complete in English and Japanese, takes evidence before it contains, asks who has to be told, brings drafts for those who have to be
written to, an exercise, and simulations that show how it is meant to go. They are a beginning: copy one into a folder of your own
([writing playbooks](playbooks.md)), and fit roles, names and limits to your house. Nothing in them is legal advice.

| name | what | assumes |
|---|---|---|
"""

CREDITS: Final = """
## Sources

Ideas and facts come from these publications; the words are our own.

"""


def page() -> str:
    """The whole page."""
    books = library().values()
    rows = "".join(
        f"| [`{book.name}`](#{book.name}) | {book.title.en} ({book.title.ja}) | {book.severity} |\n" for book in books
    )
    parts = [_part(book) for book in books]
    sources = {source.url or source.title: source for book in books for source in book.sources}
    credits_ = [_credit(source) for source in sorted(sources.values(), key=lambda source: source.title.lower())]
    return TOP + rows + "\n" + "\n".join(parts) + CREDITS + "".join(credits_)


def _part(book: Playbook) -> str:
    lines = [f"## {book.name}", "", book.summary.en, ""]
    actions = sorted({step.action for step in book.steps if step.action})
    for name, texts in (
        ("Answers findings", [f"`{one}*`" for one in book.matches]),
        ("Actions", [f"[`{one}`](actions.md#{one.replace('.', '')})" for one in actions]),
        ("Runs within it", [f"[`{step.playbook}`](#{step.playbook})" for step in book.steps if step.playbook]),
        ("ATT&CK", list(book.attack)),
    ):
        if texts:
            lines.append(f"- {name}: {', '.join(texts)}")
    return "\n".join(lines) + "\n"


def _credit(source: Source) -> str:
    """Without the chapter in brackets: a publication is named once."""
    title = source.title.rpartition(" (")[0] if source.title.endswith(")") else source.title
    said = f"[{title}]({source.url})" if source.url else title
    return f"- {said}" + (f", {source.licence}" if source.licence else "") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
