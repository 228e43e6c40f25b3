"""The keys that sign checkpoints of this instance: which there are, and the one that signs now.

A row holds the public half and where the private one is. `place` is "file:" and a path, below the home folder where it is relative: a
home that is moved keeps its keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.custody.signing import FileSigner, Signer, fingerprint, make_key_file
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.ledger import verbs
from hikeshi.desk.ledger.models import ORGANISATION, Chain, SigningKey
from hikeshi.errors import Failed, Refused

DEFAULT_PLACE: Final = "file:keys/signing.pem"


def signer() -> Signer:
    """The signer of the newest key in force; of a new instance, a key made now.

    Raises `Refused` where the key cannot be opened or is not the one that is registered: a checkpoint by a stranger's key proves nothing.
    """
    row = SigningKey.objects.filter(until__isnull=True).last() or begin(actor=system("Hikeshi", "worker"))
    found = open_place(row.place)
    if fingerprint(found.public) != row.fingerprint:
        raise Refused(
            f"The key at {row.place} is not the one that is registered ({row.fingerprint[:16]}).",
            hint="Put the right key back, or change keys on the record with `hikeshi key`.",
        )
    return found


def open_place(place: str) -> Signer:
    """The signer whose private key is at `place`. Raises `Refused` where it cannot be opened."""
    kind, _, where = place.partition(":")
    if kind != "file":
        raise Refused(f"{kind!r} is no place a signing key can be in.", hint="Use file:PATH.")
    return FileSigner(settings.ENVIRONMENT.home / Path(where))


@transaction.atomic
def begin(*, actor: Actor) -> SigningKey:
    """The first key of the instance, in a file of the home folder; the one there is where somebody else was faster."""
    Chain.objects.get_or_create(name=ORGANISATION)
    Chain.objects.select_for_update().get(name=ORGANISATION)  # two that start at once make one key
    there = SigningKey.objects.filter(until__isnull=True).last()
    if there is not None:
        return there
    if SigningKey.objects.exists():
        raise Failed("Every signing key has been withdrawn.", hint="Register a new one with `hikeshi key`.")
    path = settings.ENVIRONMENT.home / DEFAULT_PLACE.removeprefix("file:")
    if not path.exists():  # a file without a row: its transaction was not finished, and the key was never used
        make_key_file(path)
    made = open_place(DEFAULT_PLACE)
    return register(made, DEFAULT_PLACE, actor=actor)


def register(made: Signer, place: str, *, actor: Actor) -> SigningKey:
    """Note that `made` signs from now on. The entry in the organisation's chain lets a reader of the record know its keys."""
    row = SigningKey(
        fingerprint=fingerprint(made.public), algorithm=made.algorithm, public=made.public, place=place,
        since=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    verbs.append(
        ORGANISATION, actor=actor, verb="key.register", obj=row.fingerprint[:16],
        data={"fingerprint": row.fingerprint, "algorithm": row.algorithm, "public": row.public, "place": place},
    )  # fmt: skip
    return row


def oldest() -> SigningKey:
    """The key that names the instance for good. Made where there is none yet."""
    return SigningKey.objects.first() or begin(actor=system("Hikeshi", "worker"))
