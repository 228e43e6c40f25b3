"""From a draft to a version that runs are started with: handed in, read by others, published, retired.

Whoever has written in a draft does not review it. A yes counts for the digest it was given for: after a change of what the playbook says
everybody is asked anew, after one of a comment nobody is.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from hikeshi.custody.signing import checked, fingerprint
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import keys, verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.playbooks.checking import clean, needed, standing
from hikeshi.desk.playbooks.drafting import locked, said
from hikeshi.desk.playbooks.models import Draft, Proven, Published, Review
from hikeshi.errors import Conflict, Refused
from hikeshi.playbooks.playbook import Playbook


@transaction.atomic
def ask_for_review(draft: Draft, *, actor: Actor, version: int) -> Draft:
    """Hand the text in as it is at `version`. Raises `Refused` where lint finds an error, or its number is none that could be published."""
    require(actor, "triage")
    row = locked(draft)
    if row.version != version:
        raise Conflict(
            f"{row.name} is at version {row.version} now.", current=row.text, version=row.version, hint="Read it again."
        )
    book = _publishable(row)
    row.state, row.digest = "in_review", book.digest
    row.save(update_fields=["state", "digest"])
    ledger.append(
        ORGANISATION, actor=actor, verb="playbook.ask", obj=row.name,
        data={"draft": row.pk, "playbook_version": book.version, "digest": book.digest, "needed": needed(book)},
    )  # fmt: skip
    return row


@transaction.atomic
def review(draft: Draft, *, actor: Actor, digest: str, yes: bool, reason: str = "") -> Review:
    """Stand behind exactly the text with this digest, or send it back with a reason. Raises `Refused` for who has written in it."""
    require(actor, "triage")
    row = locked(draft)
    if row.state != "in_review" or row.digest != digest:
        raise Conflict(
            f"{row.name} is not in review with that text any more.",
            current=row.text,
            version=row.version,
            hint="Read it again.",
        )
    if actor.name in row.writers:
        raise Refused(f"{actor.name} has written in it.", hint="Somebody else has to review it.")
    if yes and actor.name in voices(row):
        raise Conflict(f"{actor.name} has said yes already.", hint="Somebody else has to say it now.")
    reason = reason.strip()[:2000] if yes else said(reason, "Sending a draft back")
    made = Review(draft=row, digest=digest, person=actor.name, yes=yes, reason=reason, at=timezone.now())
    made.full_clean()
    made.save()
    if not yes:
        row.state = "draft"
        row.save(update_fields=["state"])
    ledger.append(
        ORGANISATION, actor=actor, verb="playbook.review" if yes else "playbook.send_back", obj=row.name,
        data={"draft": row.pk, "digest": digest, "reason": reason},
    )  # fmt: skip
    return made


def voices(draft: Draft) -> list[str]:
    """Who stands behind the text as it was handed in: those who said yes to this digest, and did not take it back by a later no."""
    last = {one.person: one.yes for one in draft.reviews.filter(digest=draft.digest).order_by("pk")}
    return [person for person, yes in last.items() if yes and person not in draft.writers]


def publish(draft: Draft, *, actor: Actor, digest: str, simulated: Proven, without: str = "") -> Published:
    """Let runs be started with it. Signed by the key of the installation, which is asked before anything is written.

    `simulated` is how the simulation of exactly this text stands (`rehearsals.drafts` knows); where it has not passed, `without` says why it
    is published all the same. Raises `Conflict` where the text is another one than that with `digest`, `Refused` where too few have said yes or the version is not
    greater than that on the shelf, `Failed` where the key cannot be reached.
    """
    require(actor, "command")
    book = _publishable(Draft.objects.get(pk=draft.pk))
    why = "" if simulated == "passed" else _without(book, simulated, without)
    signer = keys.signer()
    made = Published(
        name=book.name, playbook_version=book.version, digest=book.digest, text=book.canonical.decode(),
        signature=checked(signer, book.canonical, signer.sign(book.canonical)).hex(), key=fingerprint(signer.public),
        origin=actor.door, published_by=actor.name, simulated=simulated, without_why=why,
    )  # fmt: skip
    return _publish(draft, book, made, digest, actor)


def _without(book: Playbook, simulated: Proven, why: str) -> str:
    """Why it is published all the same. Raises `Refused` where nobody says so."""
    if not why.strip():
        raise Refused(
            f"The simulation of {book.name} v{book.version} has not passed: {simulated}.",
            hint="Have this text simulated, or say why it is published without.",
        )
    return why.strip()[:500]


@transaction.atomic
def _publish(draft: Draft, book: Playbook, made: Published, digest: str, actor: Actor) -> Published:
    row = locked(draft)
    if (
        row.state != "in_review"
        or digest not in (row.digest, "")
        or _publishable(row).digest != book.digest
        or row.digest != book.digest
    ):
        raise Conflict(
            f"{row.name} is not in review with that text any more.",
            current=row.text,
            version=row.version,
            hint="Read it again.",
        )
    if len(said_yes := voices(row)) < needed(book):
        raise Refused(
            f"{len(said_yes)} of {needed(book)} have said yes to {row.name}.",
            hint="Ask somebody who has not written in it.",
        )
    made.source, made.author, made.reviewers, made.published_at = row.text, row.author, said_yes, timezone.now()
    made.full_clean()
    made.save()
    row.state = "published"
    row.save(update_fields=["state"])
    ledger.append(
        ORGANISATION, actor=actor, verb="playbook.publish", obj=row.name,
        data={
            "draft": row.pk, "version": book.version, "digest": book.digest, "signature": made.signature, "key": made.key,
            "author": row.author, "writers": row.writers, "reviewers": said_yes, "simulated": made.simulated,
            **({"without": made.without_why} if made.without_why else {}),
        },
    )  # fmt: skip
    return made


@transaction.atomic
def retire(published: Published, *, actor: Actor, reason: str) -> Published:
    """Take a version off the shelf: the one before it counts again, or the folder's, or the library's. Runs that have begun go on."""
    require(actor, "command")
    row = Published.objects.select_for_update().get(pk=published.pk)
    if row.retired_at is not None:
        raise Conflict(f"{row} is retired already.", hint="Look at the list.")
    row.retired_at, row.retired_by, row.retired_why = timezone.now(), actor.name, said(reason, "Retiring a playbook")
    row.save(update_fields=["retired_at", "retired_by", "retired_why"])
    data = {"version": row.playbook_version, "digest": row.digest, "reason": row.retired_why}
    ledger.append(ORGANISATION, actor=actor, verb="playbook.retire", obj=row.name, data=data)
    return row


def _publishable(row: Draft) -> Playbook:
    """Raises `Refused` with what stands in the way, whoever has said yes."""
    book = clean(row.text)
    if book.name != row.name:
        raise Refused(
            f"The text names itself {book.name}, and is a draft of {row.name}.", hint="Begin a draft of the other name."
        )
    newest = Published.objects.filter(name=row.name).order_by("-playbook_version").first()
    found = standing(row.name)
    there = max(newest.playbook_version if newest else 0, found.playbook.version if found else 0)
    if book.version <= there:
        raise Refused(f"There is a version {there} of {row.name} already.", hint=f"Write `version: {there + 1}`.")
    return book
