"""When each playbook of a folder was last simulated, and with which actions: `simulated.json` beside the playbooks.

    {"ransomware": {"version": 2, "digest": "…", "at": "2026-11-27", "ways": 3, "actions": {"aws.ec2.isolate": "…"}}}

Written only where every way has passed. `drift` says what is not what was simulated any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, Literal

import msgspec

from hikeshi.actions import ACTIONS
from hikeshi.actions.fingerprint import fingerprint
from hikeshi.errors import HikeshiError, Unreadable
from hikeshi.playbooks.playbook import Playbook
from hikeshi.simulation.rehearsing import DEEPEST, Find
from hikeshi.simulation.simulating import Report

NAME: Final = "simulated.json"
MOST_BYTES: Final = 4 * 1024 * 1024

Drifted = Literal["fresh", "never", "changed", "actions_changed"]


class Stamp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a playbook that has passed on that day, in so many ways, with the fingerprints of its actions."""

    version: int
    digest: str
    at: date
    ways: int
    actions: dict[str, str]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How one playbook stands to its last simulation. `changed_actions` are those that have changed, come or gone since."""

    playbook: str
    version: int
    state: Drifted
    simulated_on: date | None = None
    changed_actions: tuple[str, ...] = ()


def read(folder: Path) -> dict[str, Stamp]:
    """The stamps of a folder; none where it has no file of them. Raises `Unreadable`."""
    path = folder / NAME
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Unreadable(f"is longer than {MOST_BYTES} bytes", source=str(path))
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Stamp])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as problem:
        hint = "Remove it, and run `hikeshi playbook simulate --stamp`."
        raise Unreadable(f"is no list of stamps: {problem}", source=str(path), hint=hint) from None


def write(folder: Path, stamps: Mapping[str, Stamp]) -> None:
    """Put these beside those that are there."""
    merged = dict(sorted({**read(folder), **stamps}.items()))
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(merged), indent=1) + b"\n")


def stamp_of(report: Report, book: Playbook, find: Find, today: date) -> Stamp:
    return Stamp(
        version=report.version, digest=report.digest, at=today, ways=len(report.traces),
        actions={name: fingerprint(name) for name in actions_of(book, find)},
    )  # fmt: skip


def actions_of(book: Playbook, find: Find, depth: int = 0) -> list[str]:
    """The actions that it can come to, those of the playbooks within it too."""
    found = {step.action for step in book.steps if step.action in ACTIONS}
    for step in book.steps:
        if step.playbook and depth < DEEPEST:
            try:
                found |= set(actions_of(find(step.playbook), find, depth + 1))
            except HikeshiError:
                continue  # lint says so
    return sorted(found)


def drift(books: Iterable[Playbook], stamps: Mapping[str, Stamp], find: Find) -> list[Drift]:
    """How each of them stands, in their order."""
    return [_drift(book, stamps.get(book.name), find) for book in books]


def _drift(book: Playbook, stamp: Stamp | None, find: Find) -> Drift:
    if stamp is None:
        return Drift(playbook=book.name, version=book.version, state="never")
    now = {name: fingerprint(name) for name in actions_of(book, find)}
    moved = tuple(sorted(name for name, _ in now.items() ^ stamp.actions.items()))
    state: Drifted = "changed" if stamp.digest != book.digest else "actions_changed" if moved else "fresh"
    return Drift(
        playbook=book.name, version=book.version, state=state, simulated_on=stamp.at, changed_actions=tuple(dict.fromkeys(moved))
    )  # fmt: skip
