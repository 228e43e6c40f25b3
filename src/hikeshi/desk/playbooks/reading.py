"""The playbooks that runs are started with: what was published here, over the folder of the organisation, over the library.

Of several published versions the newest counts that is not retired; where all are, the folder's or the library's is there again.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Literal, NamedTuple

import msgspec
from django.conf import settings

from hikeshi.custody.signing import signature_holds
from hikeshi.desk.ledger.models import SigningKey
from hikeshi.desk.playbooks.models import Published
from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.folder import Folder, load_folder
from hikeshi.playbooks.playbook import Playbook
from hikeshi.playbooks.shelf import FOLDER, library, proposed
from hikeshi.playbooks.signatures import Signed, read_keys

Origin = Literal["published", "folder", "library"]
LIBRARY_SIGNED = Signed("unsigned")


class Shelved(NamedTuple):
    """A playbook as it stands on the shelf. `row` is that of a published one, `place` the file of any other."""

    playbook: Playbook
    origin: Origin
    signed: Signed
    place: str = ""
    row: Published | None = None


class Shelf(NamedTuple):
    """Everything that can be run, by name and in alphabetical order, and what is wrong with what cannot."""

    books: dict[str, Shelved]
    problems: list[Unreadable]
    commit: str = ""


def books() -> dict[str, Playbook]:
    """What can be run, by name and in alphabetical order. One query, and nothing is read twice that has not changed."""
    return {name: found.playbook for name, found in shelf().books.items()}


def book(name: str) -> Playbook:
    """One of them. Raises `Refused` naming those there are."""
    known = books()
    if name not in known:
        raise Refused(f"There is no playbook {name[:80]!r}.", hint=f"Known are {', '.join(known)}.")
    return known[name]


def propose(finding_type: str) -> Playbook | None:
    """The playbook that answers a GuardDuty finding type: the one with the longest matching beginning."""
    return proposed(finding_type, books().values())


def shelf() -> Shelf:
    """All of it, with where each is from and what does not count."""
    found: dict[str, Shelved] = {
        name: Shelved(one, "library", LIBRARY_SIGNED, str(FOLDER / f"{name}.yaml")) for name, one in library().items()
    }
    folder = own_folder()
    for name, own in folder.books.items():
        found[name] = Shelved(own.playbook, "folder", own.signed, str(own.path))
    problems = list(folder.problems)
    for row in _newest():
        try:
            found[row.name] = Shelved(_read(row.pk, row.digest), "published", Signed("signed", row.key), row=row)
        except Unreadable as problem:
            problems.append(problem)
    return Shelf(dict(sorted(found.items())), problems, folder.commit)


def own_folder() -> Folder:
    """The folder that HIKESHI_PLAYBOOKS names; nothing where it names none."""
    if settings.ENVIRONMENT.playbooks is None:
        return Folder({}, [])
    try:
        keys = read_keys(settings.ENVIRONMENT.playbook_keys)
    except Refused as problem:  # a key that cannot be read must not let everything in
        return Folder({}, [Unreadable(str(problem), source="HIKESHI_PLAYBOOK_KEYS")])
    return load_folder(settings.ENVIRONMENT.playbooks, keys)


def _newest() -> list[Published]:
    """Of each name the newest version that is not retired, without its texts."""
    rows = (
        Published.objects.filter(retired_at__isnull=True).defer("text", "source").order_by("name", "playbook_version")
    )
    return list({row.name: row for row in rows}.values())


@functools.lru_cache(maxsize=512)
def _read(pk: int, digest: str) -> Playbook:
    """A published text, checked against its digest and its signature once. Raises `Unreadable` where somebody changed the table."""
    row = Published.objects.get(pk=pk)
    text = row.text.encode()
    key = SigningKey.objects.filter(fingerprint=row.key).first()
    if hashlib.sha256(text).hexdigest() != digest:
        raise _changed(row, "its text is not the one that was published")
    if key is None or not signature_holds(key.public, text, bytes.fromhex(row.signature)):
        raise _changed(row, "its signature does not hold")
    return msgspec.json.decode(text, type=Playbook)


def _changed(row: Published, what: str) -> Unreadable:
    return Unreadable(
        what, source=str(row), hint="It does not count. Publish it anew, and find out who changed the table."
    )
