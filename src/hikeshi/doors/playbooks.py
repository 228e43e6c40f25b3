"""Playbooks of this installation as plain data, the same for the API and for `--json`, and drafts by the names people type."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.playbooks.checking import check, needed
from hikeshi.desk.playbooks.models import OPEN, Draft, Published
from hikeshi.desk.playbooks.publishing import voices
from hikeshi.desk.playbooks.reading import Shelf, Shelved
from hikeshi.desk.rehearsals.drafts import proof
from hikeshi.doors.find import NotThere, insider
from hikeshi.doors.rehearsals import RehearsalShape, shape as simulation
from hikeshi.errors import Conflict, Unreadable
from hikeshi.playbooks.folder import Folder

SHORT = 12
"""Characters of a digest that are enough to name it."""


class BookShape(TypedDict):
    """What runs are started with. `origin`: published, folder or library; `signed`: signed, unsigned or broken, `signed_by` is the key's
    fingerprint.

    `place` is the file of one that was not published, `commit` that of its git checkout.
    """

    name: str
    version: int
    title: dict[str, str]
    severity: str
    steps: int
    origin: str
    signed: str
    signed_by: str
    digest: str
    place: str
    commit: str


class ProblemShape(TypedDict):
    """A file or a published row that does not count, and why."""

    source: str
    what: str


class SaidShape(TypedDict):
    """What lint says of a line: an error keeps the text from being reviewed."""

    level: str
    line: int
    place: str
    what: dict[str, str]


class DraftShape(TypedDict):
    """A text on its way. `version` is for compare-and-swap; `digest` is set while it is in review, where `needed` have to say yes.

    `simulated` is how the simulation of exactly this text stands: passed, failed, broken, queued, never, or stale (actions have changed since).
    """

    draft: int
    name: str
    state: str
    version: int
    author: str
    writers: list[str]
    edited_at: datetime
    edited_by: str
    based_on: int
    digest: str
    needed: int
    yes: list[str]
    errors: int
    warnings: int
    simulated: str


class DraftDetail(DraftShape):
    """With the text, what lint says of it, the last simulation of exactly this text, and what reviewers said."""

    text: str
    simulation: RehearsalShape | None
    lint: list[SaidShape]
    reviews: list[ReviewShape]


class ReviewShape(TypedDict):
    """What one person said of the text with this digest."""

    person: str
    yes: bool
    reason: str
    digest: str
    at: datetime


class PublishedShape(TypedDict):
    """A published version. `signature` (hex) is the key's (`key`: its fingerprint) over the canonical JSON whose SHA-256 is `digest`."""

    name: str
    version: int
    digest: str
    signature: str
    key: str
    author: str
    reviewers: list[str]
    published_by: str
    published_at: datetime
    simulated: str
    without_why: str
    retired_at: datetime | None
    retired_why: str


def book(found: Shelved, commit: str) -> BookShape:
    one = found.playbook
    return {
        "name": one.name, "version": one.version, "title": {"en": one.title.en, "ja": one.title.ja}, "severity": one.severity,
        "steps": len(one.steps), "origin": found.origin, "signed": found.signed.state, "signed_by": found.signed.by,
        "digest": one.digest, "place": found.place, "commit": commit if found.origin == "folder" else "",
    }  # fmt: skip


def on_shelf(found: Shelf) -> list[BookShape]:
    return [book(one, found.commit) for one in found.books.values()]


def in_folder(found: Folder) -> list[BookShape]:
    return [
        book(Shelved(one.playbook, "folder", one.signed, str(one.path)), found.commit) for one in found.books.values()
    ]


def problem(one: Unreadable) -> ProblemShape:
    return {"source": one.source, "what": str(one)}


def draft(row: Draft) -> DraftShape:
    found = check(row.text)
    return {
        "draft": row.pk, "name": row.name, "state": row.state, "version": row.version, "author": row.author,
        "writers": row.writers, "edited_at": row.edited_at, "edited_by": row.edited_by, "based_on": row.based_on,
        "digest": row.digest, "needed": needed(found.book) if found.book else 0, "yes": voices(row) if row.digest else [],
        "errors": found.errors, "warnings": len(found.said) - found.errors,
        "simulated": proof(found.book).state if found.book else "never",
    }  # fmt: skip


def draft_detail(row: Draft) -> DraftDetail:
    found = check(row.text)
    last = proof(found.book).last if found.book else None
    said: list[SaidShape] = [
        {"level": one.level, "line": one.line, "place": one.place, "what": {"en": one.what.en, "ja": one.what.ja}}
        for one in found.said
    ]
    reviews: list[ReviewShape] = [
        {"person": one.person, "yes": one.yes, "reason": one.reason, "digest": one.digest, "at": one.at}
        for one in row.reviews.all()
    ]
    played = simulation(last) if last else None
    return {**draft(row), "text": row.text, "lint": said, "simulation": played, "reviews": reviews}


def published(row: Published) -> PublishedShape:
    return {
        "name": row.name, "version": row.playbook_version, "digest": row.digest, "signature": row.signature, "key": row.key,
        "author": row.author, "reviewers": row.reviewers, "published_by": row.published_by,
        "published_at": row.published_at, "simulated": row.simulated, "without_why": row.without_why, "retired_at": row.retired_at, "retired_why": row.retired_why,
    }  # fmt: skip


def open_drafts(actor: Actor) -> list[Draft]:
    require(actor, "triage")
    return list(Draft.objects.filter(state__in=OPEN))


def find_draft(actor: Actor, reference: str) -> Draft:
    """The open draft of a playbook by the playbook's name, or any draft by its number."""
    require(actor, "triage")
    number = int(reference) if reference.isascii() and reference.isdigit() and len(reference) < 19 else 0
    name = reference.replace("\x00", "\ufffd")
    found = Draft.objects.filter(name=name, state__in=OPEN).first() or Draft.objects.filter(pk=number).first()
    if found is None:
        raise NotThere(f"There is no draft {reference[:80]!r}.", hint="`hikeshi playbook drafts` lists them.")
    return found


def versions(actor: Actor, name: str) -> list[Published]:
    """Every version that was ever published under that name, the newest first."""
    insider(actor)
    return list(Published.objects.filter(name=name.replace("\x00", "\ufffd")).defer("text", "source"))


def find_version(actor: Actor, name: str, version: int) -> Published:
    found = next((one for one in versions(actor, name) if one.playbook_version == version), None)
    if found is None:
        raise NotThere(
            f"No version {version} of {name[:80]!r} was published.", hint="`hikeshi playbook versions` lists them."
        )
    return found


def digest_of(row: Draft, typed: str) -> str:
    """The digest in full that somebody typed the beginning of, so that they stand behind what they have seen. Raises `Conflict`."""
    typed = typed.strip().lower()
    if len(typed) < SHORT or not row.digest.startswith(typed):
        raise Conflict(
            f"{row.name} in review has the digest {row.digest[:SHORT] or 'none'}.", current=row.digest,
            version=row.version, hint=f"Read it, and give at least {SHORT} characters of its digest.",
        )  # fmt: skip
    return row.digest
