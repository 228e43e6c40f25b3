"""Drafts are played before they are published: a simulation counts for exactly the text it was made of, and for the actions as they are.

Publishing looks here first, because a noun knows only earlier ones: `publish` says how the simulation stands, and the verb of the
playbooks asks for a reason where it has not passed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.playbooks import publishing
from hikeshi.desk.playbooks.checking import clean
from hikeshi.desk.playbooks.models import Draft, Proven, Published
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.rehearsals import verbs
from hikeshi.desk.rehearsals.drifting import read_stamps
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.playbooks.playbook import Playbook
from hikeshi.playbooks.shelf import FOLDER
from hikeshi.simulation import stamps
from hikeshi.simulation.side_by_side import Among
from hikeshi.simulation.stamps import Stamp

_STATES: Final[dict[str, Proven]] = {"broken": "broken", "failed": "failed", "waiting": "queued"}


class Proof(NamedTuple):
    """How the simulation of one text stands. `last` is the newest one that was asked for here, None where nobody has."""

    state: Proven
    last: Rehearsal | None


def ask(draft: Draft, *, actor: Actor) -> Rehearsal:
    """Have a worker play the draft as it is saved. Raises `Refused` where lint finds an error."""
    return verbs.ask(clean(draft.text), actor=actor)


def proof(book: Playbook) -> Proof:
    """How exactly this text was simulated, by a worker here or in a file of stamps beside the playbooks."""
    last = Rehearsal.objects.filter(digest=book.digest).defer("text").order_by("-pk").first()
    stamp = _stamp(book, last)
    if stamp is None:
        return Proof(_STATES[last.state] if last else "never", last)
    drift = stamps.drift([book], {book.name: stamp}, Among({**books(), book.name: book}).find)[0]
    return Proof("passed" if drift.state == "fresh" else "stale", last)


def _stamp(book: Playbook, last: Rehearsal | None) -> Stamp | None:
    if last is not None:
        passed = last.state == "passed" and last.ended_at is not None
        return verbs.stamp_of(last) if passed else None
    folders: list[Path | None] = [FOLDER, settings.ENVIRONMENT.playbooks]
    found = [
        stamp for folder in folders if (stamp := read_stamps(folder).get(book.name)) and stamp.digest == book.digest
    ]
    return found[-1] if found else None


def publish(draft: Draft, *, actor: Actor, digest: str, without: str = "") -> Published:
    """Publish a draft whose simulation has passed; `without` is why one is published that has none. Raises as the verb that it calls."""
    book = clean(Draft.objects.get(pk=draft.pk).text)
    return publishing.publish(
        draft, actor=actor, digest=digest or book.digest, simulated=proof(book).state, without=without
    )
