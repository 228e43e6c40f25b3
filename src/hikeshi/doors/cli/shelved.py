"""The playbooks of the desk, for commands that also work without one: who is signed in sees its shelf, others the files."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer

from hikeshi.doors.cli.dispatch import open_desk
from hikeshi.doors.cli.identity import secret
from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook

Files = Annotated[bool, typer.Option("--files", help="Only the library and your folder, without the desk.")]


class OnDesk(NamedTuple):
    """One playbook of the shelf. `simulated_on` and `exercised_on` are dates (ISO 8601), "" for never; `origin` as in `playbook shelf`."""

    playbook: Playbook
    origin: str
    simulated_on: str
    exercised_on: str


def on_desk(*, files: bool = False) -> dict[str, OnDesk] | None:
    """The shelf of the desk by name; None where only files are wanted, or nobody is signed in. Raises `Refused` for a token that is not valid."""
    if files or not _signed_in():
        return None
    open_desk()
    from hikeshi.desk.playbooks.reading import shelf
    from hikeshi.doors import find, rehearsals
    from hikeshi.doors.cli.who import actor

    who = actor()
    find.insider(who)
    origins = {name: one.origin for name, one in shelf().books.items()}
    return {
        one.playbook.name: OnDesk(
            one.playbook, origins.get(one.playbook.name, "library"),
            one.drift.simulated_on.isoformat() if one.drift.simulated_on else "",
            one.exercised_at.date().isoformat() if one.exercised_at else "",
        )
        for one in rehearsals.all_standings(who)
    }  # fmt: skip


def _signed_in() -> bool:
    try:
        return bool(secret())
    except Refused:
        return False
