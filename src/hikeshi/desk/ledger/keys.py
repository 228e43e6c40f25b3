"""The keys that sign checkpoints of this instance: which there are, the one that signs now, and how one follows another.

A row holds the public half and where the private one is (`custody/signers.py`). A path after "file:" lies below the home folder where it
is relative: a home that is moved keeps its keys. Keys are asked before a transaction begins, never inside.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.aws.reach import Reach
from hikeshi.custody import rotation
from hikeshi.custody.secret_files import read_secret
from hikeshi.custody.signers import open_signer
from hikeshi.custody.signing import Signer, fingerprint, make_key_file
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.ledger import verbs
from hikeshi.desk.ledger.models import ORGANISATION, Chain, Entry, SigningKey
from hikeshi.desk.ledger.rights import require
from hikeshi.errors import Failed, Refused

DEFAULT_PLACE: Final = "file:keys/signing.pem"


def current() -> SigningKey | None:
    """The key that signs now. None where there is none yet, or every one was withdrawn."""
    return SigningKey.objects.filter(until__isnull=True).last()


def signer() -> Signer:
    """The signer of the key in force; of a new instance, the one HIKESHI_SIGNING_KEY names or a key made now.

    Raises `Refused` where the key cannot be opened or is not the one that is registered: a checkpoint by a stranger's key proves nothing.
    Raises `Failed` where it cannot be reached: what is to be signed waits.
    """
    return signer_of(current() or begin(actor=system("Hikeshi", "worker")))


def signers() -> list[Signer]:
    """Everybody who signs a checkpoint made now; the first is the one that `signer` gives."""
    return [signer()]


def signer_of(row: SigningKey) -> Signer:
    """The signer of a registered key. Raises as `signer` does."""
    found = open_place(row.place)
    if fingerprint(found.public) != row.fingerprint:
        raise Refused(
            f"The key at {row.place} is not the one that is registered ({row.fingerprint[:16]}).",
            hint="Put the right key back, or change keys on the record with `hikeshi audit rotate`.",
        )
    return found


def open_place(place: str, secret_file: Path | None = None) -> Signer:
    """The signer whose private key is at `place`. Raises `Refused` where it cannot be opened, `Failed` where it cannot be reached."""
    environment = settings.ENVIRONMENT
    reach = Reach(region=environment.aws_region, endpoint_url=environment.aws_endpoint_url or None)
    full = f"file:{_path(place)}" if place.startswith("file:") else place
    return open_signer(full, secret_file=secret_file or environment.signing_secret_file, reach=reach)


def begin(*, actor: Actor) -> SigningKey:
    """The first key of the instance; the one there is where somebody else was faster."""
    place = settings.ENVIRONMENT.signing_key or DEFAULT_PLACE
    if SigningKey.objects.exists() and current() is None:
        raise Failed("Every signing key has been withdrawn.", hint="Name a new one with `hikeshi audit rotate`.")
    made = open_place(place) if place != DEFAULT_PLACE else None
    with transaction.atomic():
        Chain.objects.get_or_create(name=ORGANISATION)
        Chain.objects.select_for_update().get(name=ORGANISATION)  # two that start at once make one key
        there = current()
        if there is not None:
            return there
        if made is None:  # in a file of ours: no network, and one of two that start at once must make it
            if not _path(
                place
            ).exists():  # a file without a row: its transaction was not finished, the key was never used
                make_key(place)
            made = open_place(place)
        return register(made, place, actor=actor)


def make_key(place: str, secret_file: Path | None = None) -> None:
    """A new key in a file, under the passphrase of the secret file where there is one."""
    secret = secret_file or settings.ENVIRONMENT.signing_secret_file
    make_key_file(_path(place), password=read_secret(secret, of=place) if secret else None)


def register(made: Signer, place: str, *, actor: Actor) -> SigningKey:
    """Note that `made` signs from now on. The entry in the organisation's chain lets a reader of the record know its keys."""
    row = _add(made, place, timezone.now())
    verbs.append(
        ORGANISATION, actor=actor, verb="key.register", obj=row.fingerprint[:16],
        data={"fingerprint": row.fingerprint, "algorithm": row.algorithm, "public": row.public, "place": place},
    )  # fmt: skip
    return row


def rotate(
    place: str = "", *, actor: Actor, reason: str, lost: bool = False, secret_file: Path | None = None
) -> SigningKey:
    """Let another key sign from now on. `place`: where it is; empty: HIKESHI_SIGNING_KEY where that is another, else a new file.

    The entry holds a statement signed by the old key and the new one (`custody/rotation.py`), so that whoever knows the old key can
    follow. With `lost`, the old key is not asked, and the entry shows that it did not sign. `secret_file` is for the new key.
    Raises `Refused` and `Failed` as `signer` does, and then nothing has changed.
    """
    require(actor, "keys")
    if not reason.strip():
        raise Refused("A change of keys needs a reason.", hint="It is on the record for good.")
    old = current() or (SigningKey.objects.last() if lost else None)
    if old is None:
        raise Refused(
            "No key is in force that could hand over.", hint="Say that it is lost, or start with `hikeshi init`."
        )
    old_signer = None if lost else signer_of(old)
    place = place or _next_place(old)
    if place.startswith("file:") and not _path(place).exists():
        make_key(place, secret_file)
    new, now = open_place(place, secret_file), timezone.now()
    said = rotation.rotate(old_signer, old.public, new, time=now)
    return _hand_over(old, new, place, said, actor=actor, reason=reason.strip(), now=now)


@transaction.atomic
def _hand_over(
    old: SigningKey, new: Signer, place: str, said: rotation.Rotation, *, actor: Actor, reason: str, now: datetime
) -> SigningKey:
    if SigningKey.objects.filter(fingerprint=fingerprint(new.public)).exists():
        raise Refused(
            "That key has signed here before.", hint="A key that was withdrawn does not come back: make a new one."
        )
    mine = SigningKey.objects.select_for_update().filter(pk=old.pk, until=old.until)
    if mine.update(until=old.until or now) != 1:
        raise Refused("Somebody else has just changed the keys.", hint="Look at `hikeshi audit keys` first.")
    row = _add(new, place, now)
    data = {
        "old": old.fingerprint, "new": row.fingerprint, "algorithm": row.algorithm, "public": row.public,
        "place": place, "reason": reason, "signed_by_old": bool(said.by_old), **msgspec.to_builtins(said),
    }  # fmt: skip
    verbs.append(ORGANISATION, actor=actor, verb="key.rotate", obj=row.fingerprint[:16], data=data)
    return row


@transaction.atomic
def retire(*, actor: Actor, reason: str) -> SigningKey:
    """Withdraw the key in force, such as after a break-in: nothing is signed until another one is named."""
    require(actor, "keys")
    row = SigningKey.objects.select_for_update().filter(until__isnull=True).last()
    if row is None or not reason.strip():
        raise Refused("There is no key in force, or no reason was given.", hint="`hikeshi audit keys` lists them.")
    row.until = timezone.now()
    row.save(update_fields=["until"])
    data = {"fingerprint": row.fingerprint, "reason": reason.strip()}
    verbs.append(ORGANISATION, actor=actor, verb="key.retire", obj=row.fingerprint[:16], data=data)
    return row


def oldest() -> SigningKey:
    """The key that names the instance for good. Made where there is none yet."""
    return SigningKey.objects.first() or begin(actor=system("Hikeshi", "worker"))


def rotations() -> list[rotation.Rotation]:
    """Every change of keys on the record, oldest first."""
    entries = Entry.objects.filter(chain__name=ORGANISATION, verb="key.rotate").order_by("seq")
    return [rotation.read_rotation(msgspec.json.decode(one.data)) for one in entries]


def _add(made: Signer, place: str, now: datetime) -> SigningKey:
    row = SigningKey(
        fingerprint=fingerprint(made.public), algorithm=made.algorithm, public=made.public, place=place, since=now
    )
    row.full_clean()
    row.save()
    return row


def _next_place(old: SigningKey) -> str:
    named = settings.ENVIRONMENT.signing_key
    if named and named != old.place:
        return named
    numbers = range(2, SigningKey.objects.count() + 1000)  # files of rotations that were not finished are left alone
    return next(place for number in numbers if not _path(place := f"file:keys/signing-{number}.pem").exists())


def _path(place: str) -> Path:
    """The file of a "file:" place; below the home folder where it is relative."""
    home: Path = settings.ENVIRONMENT.home
    return home / Path(place.removeprefix("file:").removeprefix("//"))
