"""Writes docs/attacks.md: published attacks and what ends them, from the tests that play them. `python docs/make_attacks_page.py`."""

# ruff: noqa: INP001  a script beside the page it makes, no part of a package

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from actions.attacks import ATTACKS, GAPS
from hikeshi.actions import ACTIONS

PAGE: Final = Path(__file__).with_name("attacks.md")

TOP: Final = """\
# Attacks, and what ends them

<!-- Made by docs/make_attacks_page.py from tests/actions/attacks.py: change that, then run it. -->

Each line is played by `tests/family/test_attacks.py` in a fresh simulated account: the attack is done, the actions end what the attacker has
gained, and where they can be undone without a loss the account is afterwards exactly as it was after the attack, compared value by value.
The list follows Stratus Red Team and Pacu. What a simulation cannot show (that a stolen session is refused, that a packet is dropped) is
judged by the configuration that AWS documents to do it.

| Attack | What | Ended by | Way back |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = "".join(_row(name) for name in ATTACKS)
    gaps = "".join(f"- {gap}\n" for gap in GAPS)
    return f"{TOP}{rows}\n## What no action brings back\n\n{gaps}"


def _row(name: str) -> str:
    attack = ATTACKS[name]
    answers = [answer for answer, _ in attack.answers]
    exact = all(ACTIONS[answer].reversible == "yes" for answer in answers)
    back = "exact" if exact else ", ".join(sorted({ACTIONS[answer].reversible for answer in answers} - {"yes"}))
    return f"| {name} | {attack.what} | {', '.join(f'`{answer}`' for answer in answers)} | {back} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
