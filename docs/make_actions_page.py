"""Writes docs/actions.md: every action, from its class. `python docs/make_actions_page.py`."""

# ruff: noqa: INP001  a script beside the page it makes, no part of a package

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Action
from hikeshi.actions.catalogue import inputs

PAGE: Final = Path(__file__).with_name("actions.md")

TOP: Final = """\
# Actions

<!-- Made by docs/make_actions_page.py from the actions' classes: change those, then run it. -->

What Hikeshi can do to the world. Each action looks first (`plan`: the exact calls, the state before, what it will not stop), waits for a yes
to exactly that plan where it changes something, does it, proves it from reading again, and knows the exact way back. The same from the
command line (`hikeshi action show NAME`, `hikeshi contain add INCIDENT NAME`), the API (`/api/v1/actions`) and the console (Actions).

All of them were tried against a simulated account only (moto and our own layer over it, see `src/hikeshi/simulation/`). Effect: look and
collect need no approval. Radius: who else feels it. The table has the way back: yes, with a loss, or none.

| Action | What | Effect | Radius | Way back |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = "".join(
        f"| [`{name}`](#{name.replace('.', '')}) | {kind.title.en} ({kind.title.ja}) | {kind.effect} | {kind.radius} | {kind.reversible} |\n"
        for name, kind in ACTIONS.items()
    )
    return TOP + rows + "".join(_part(name, kind) for name, kind in ACTIONS.items())


def _part(name: str, kind: type[Action[Any]]) -> str:
    taken = ", ".join(f"`{one.name}`{'' if one.required else ' (may be left out)'}" for one in inputs(kind))
    lines = [f"\n## {name}\n", kind.what.en, f"\n- Takes: {taken or 'nothing'}"]
    if kind.needs_evidence:
        lines.append(f"- Evidence first: {', '.join(f'`{one}`' for one in kind.needs_evidence)}")
    lines += [
        f"- Undo by hand: {kind.by_hand.en}",
        f"- Permissions: {', '.join(f'`{one}`' for one in kind.permissions)}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
