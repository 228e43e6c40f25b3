"""Handing an item over, in two steps by two sides: the giver offers, the receiver accepts or refuses.

The giver stays the holder until the receiver has accepted with the same SHA-256. A receiver who has no account answers through a signed
link (its secret is shown once; only the SHA-256 of the secret is kept) or on paper, whose signed scan is sealed as an item of its own.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.evidence.models import Item, Transfer
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.errors import Refused

LIFE: Final = timedelta(days=7)
LONGEST: Final = timedelta(days=90)
MOST_OF_A_SCAN: Final = 50 * 1024 * 1024
SHA256: Final = re.compile(r"[0-9a-f]{64}")
GONE: Final = "This link is not valid: it was answered or withdrawn, has expired, or was never issued."
DIFFERS: Final = "The hash is not the one that was sealed."


@transaction.atomic
def offer(
    item: Item, *, actor: Actor, receiver: str, purpose: str, means: str = "link", place: str = "",
    receiver_email: str = "", expires_at: datetime | None = None,
) -> tuple[Transfer, str]:  # fmt: skip
    """Offer an item. Returns the transfer and, for a link, its secret, which is not kept. It expires after `LIFE` unless told otherwise.

    `receiver` is a name, or the user name of a person who holds a role on the incident and will accept it signed in.
    Raises `Refused` while another offer is open, while somebody else holds the item, and after its disposal.
    """
    require_on(actor, "write", item.incident)
    _lock(item)
    settle(item)
    _refuse_unless_free(item)
    now = timezone.now()
    until = expires_at or now + LIFE
    if not now < until <= now + LONGEST:
        raise Refused(f"An offer ends within {LONGEST.days} days, and not in the past.", hint="Choose another end.")
    secret = secrets.token_urlsafe(24) if means == "link" else ""
    transfer = Transfer(
        item=item, giver=actor.name, receiver=_named(receiver), receiver_email=receiver_email.strip(), purpose=purpose.strip(),
        place=place.strip(), means=means, secret_sha256=_digest(secret) if secret else "", offered_at=now, expires_at=until,
        hash_before=item.sha256,
    )  # fmt: skip
    transfer.full_clean()
    if transfer.receiver == actor.name:
        raise Refused("A transfer has two sides.", hint="Name somebody else as the receiver.")
    transfer.save()
    _tell(transfer, actor, "evidence.transfer_out", email=transfer.receiver_email, expires_at=until.isoformat())
    return transfer, secret


def _refuse_unless_free(item: Item) -> None:
    if item.disposed_at:
        raise Refused(f"{item.name} was disposed of.", hint="Its record stays; there is nothing to hand over.")
    if item.held_by:
        raise Refused(f"{item.name} is with {item.held_by}.", hint="`evidence return` records that it came back.")
    if open_offer(item):
        raise Refused(f"{item.name} is offered already.", hint="`evidence withdraw` takes the offer back.")


def _named(receiver: str) -> str:
    """A person's name where a user name was given, so that they are known again when they accept."""
    found = Person.objects.filter(username=receiver.strip(), is_active=True).first()
    return str(found) if found else receiver.strip()


def open_offer(item: Item) -> Transfer | None:
    """The offer that waits for an answer."""
    return item.transfers.filter(state="offered", expires_at__gt=timezone.now()).first()


def the_open_offer(item: Item) -> Transfer:
    """As `open_offer`. Raises `Refused` where there is none."""
    found = open_offer(item)
    if found is None:
        raise Refused(f"{item.name} is not offered to anybody.", hint="`evidence transfer` offers it.")
    return found


@transaction.atomic
def settle(item: Item) -> None:
    """Offers whose time is over end, with an entry that says so. Called wherever an item is looked at."""
    for transfer in item.transfers.filter(state="offered", expires_at__lte=timezone.now()):
        _end(transfer, system("Hikeshi", "worker"), "withdrawn", "expired", "evidence.withdraw")


def by_link(secret: str) -> Transfer:
    """The offer behind a link, while it can be answered. Raises `Refused`, always with the same words."""
    rows = Transfer.objects.select_related("item__incident").filter(secret_sha256=_digest(secret), state="offered")
    found = rows.filter(means="link", expires_at__gt=timezone.now(), item__disposed_at=None).first()
    if found is None:
        raise Refused(GONE, hint="Ask whoever sent it for a new one.")
    return found


def outside(transfer: Transfer, name: str = "") -> Actor:
    """Whoever holds the link. What they call themselves is theirs to say; that it came by the link is ours."""
    return Actor(name=f"{name or transfer.receiver} (by link)"[:150], door="console", role="observer")


def take_by_link(secret: str, *, sha256: str = "") -> tuple[Transfer, BinaryIO]:
    """The sealed bytes for the receiver: of a folder its manifest, or with `sha256` one of the files it lists. A custody line says so."""
    transfer = by_link(secret)
    return transfer, evidence.hand_to(transfer.item, actor=outside(transfer), sha256=sha256)


def answer_by_link(secret: str, *, name: str, sha256: str = "", refuse: bool = False, reason: str = "") -> Transfer:
    """The receiver says who they are and answers through the link. See `accept` and `refuse`."""
    transfer = by_link(secret)
    if not name.strip():
        raise Refused("Say who you are.", hint="Your name becomes part of the record.")
    actor = outside(transfer, name.strip())
    if refuse:
        return _refuse(transfer, actor, reason)
    return _accept(transfer, actor, sha256)


def accept(transfer: Transfer, sha256: str, *, actor: Actor) -> Transfer:
    """The receiver, signed in, has the item and computed `sha256` of what they got.

    A different hash refuses the transfer, which the record keeps; look at `state` of what is returned. Raises `Refused` for anybody
    but the receiver named in the offer, and for what is no SHA-256.
    """
    _require_receiver(transfer, actor)
    return _accept(transfer, actor, sha256)


def refuse(transfer: Transfer, *, actor: Actor, reason: str) -> Transfer:
    """The receiver, signed in, does not take it. The giver stays the holder."""
    _require_receiver(transfer, actor)
    return _refuse(transfer, actor, reason)


def accept_on_paper(transfer: Transfer, scan: bytes, *, actor: Actor, sha256: str, signed_by: str) -> Transfer:
    """The sheet came back signed by both: its scan is sealed and bound, and the hash the receiver wrote on it is compared."""
    item = transfer.item
    require_on(actor, "write", item.incident)
    sha256 = _hash(sha256)
    if transfer.means != "paper" or not scan or not signed_by.strip():
        raise Refused("A transfer on paper needs the scan of the signed sheet and the name of who signed it.")
    if len(scan) > MOST_OF_A_SCAN:
        raise Refused("The scan is larger than 50 MiB.", hint="Scan it in lower resolution.")
    _refuse_unless_open(transfer)
    title = f"Signed transfer sheet of {item.name}: {transfer.receiver}"
    paper = evidence.seal_bytes(item.incident, scan, actor=actor, title=title, kind="file", source="paper")
    return _accept(transfer, actor, sha256, paper=paper, signed_by=signed_by.strip())


@transaction.atomic
def withdraw(transfer: Transfer, *, actor: Actor, reason: str) -> Transfer:
    """Take the offer back before it is answered."""
    require_on(actor, "write", transfer.item.incident)
    _lock(transfer.item)
    return _end(transfer, actor, "withdrawn", _reason(reason), "evidence.withdraw")


@transaction.atomic
def give_back(item: Item, sha256: str, *, actor: Actor, reason: str = "", place: str = "") -> bool:
    """It came back: whoever takes it back computed `sha256` anew. False where it is not the same: the holder stays who it was."""
    require_on(actor, "write", item.incident)
    sha256 = _hash(sha256)
    _lock(item)
    if not item.held_by:
        raise Refused(f"{item.name} is in the locker.", hint="Nobody has it who could return it.")
    if item.held_by == actor.name:
        raise Refused("A return has two sides.", hint="Whoever takes it back records it.")
    holder, same = item.held_by, sha256 == item.sha256
    data = {
        "counterparty": holder, "hash_before": item.sha256, "hash_after": sha256, "reason": reason.strip()[:500],
        "place": place.strip()[:200],
    }  # fmt: skip
    if same:
        item.held_by = ""
        item.save(update_fields=["held_by"])
    else:
        data["reason"] = DIFFERS
    verb = "evidence.return" if same else "evidence.refuse"
    ledger.append(item.incident.name, actor=actor, verb=verb, obj=item.name, data=data)
    return same


@transaction.atomic
def _accept(
    transfer: Transfer, actor: Actor, sha256: str, *, paper: Item | None = None, signed_by: str = ""
) -> Transfer:
    sha256 = _hash(sha256)
    _lock(transfer.item)
    transfer.hash_after, transfer.paper = sha256, paper
    if signed_by:
        transfer.answered_by = signed_by[:200]
    if sha256 != transfer.item.sha256:
        return _end(transfer, actor, "refused", DIFFERS, "evidence.refuse")
    ended = _end(transfer, actor, "accepted", "", "evidence.transfer_in")
    transfer.item.held_by = transfer.receiver
    transfer.item.save(update_fields=["held_by"])
    return ended


@transaction.atomic
def _refuse(transfer: Transfer, actor: Actor, reason: str) -> Transfer:
    _lock(transfer.item)
    return _end(transfer, actor, "refused", _reason(reason), "evidence.refuse")


def _end(transfer: Transfer, actor: Actor, state: str, reason: str, verb: str) -> Transfer:
    """The one way out of "offered". An offer is answered once."""
    _refuse_unless_open(transfer, late=reason == "expired")
    transfer.state, transfer.reason, transfer.answered_at = state, reason, timezone.now()
    transfer.answered_by = transfer.answered_by or actor.name
    transfer.full_clean(exclude=["item", "paper"])
    transfer.save()
    _tell(transfer, actor, verb, signed_by=transfer.answered_by, hash_after=transfer.hash_after, reason=reason,
          paper=transfer.paper.name if transfer.paper else "")  # fmt: skip
    return transfer


def _refuse_unless_open(transfer: Transfer, *, late: bool = False) -> None:
    saved = Transfer.objects.get(pk=transfer.pk)
    over = saved.expires_at is not None and saved.expires_at <= timezone.now()
    if saved.state != "offered" or (over and not late):
        raise Refused("This offer was answered or withdrawn, or has expired.", hint="It can be offered again.")


def _tell(transfer: Transfer, actor: Actor, verb: str, **more: str) -> None:
    data = {
        "transfer": transfer.pk, "giver": transfer.giver, "receiver": transfer.receiver, "purpose": transfer.purpose,
        "place": transfer.place, "means": transfer.means, "hash_before": transfer.hash_before,
    }  # fmt: skip
    ledger.append(
        transfer.item.incident.name, actor=actor, verb=verb, obj=transfer.item.name,
        data=data | {name: value for name, value in more.items() if value},
    )  # fmt: skip


def _require_receiver(transfer: Transfer, actor: Actor) -> None:
    require_on(actor, "read", transfer.item.incident)
    if actor.person_id is None or actor.name != transfer.receiver:
        raise Refused(f"Only {transfer.receiver} may answer this offer.", hint="They sign in, or use the link.")


def _lock(item: Item) -> None:
    Chain.objects.select_for_update().get(name=item.incident.name)
    item.refresh_from_db()


def _hash(text: str) -> str:
    found = text.strip().lower()
    if not SHA256.fullmatch(found):
        raise Refused("That is no SHA-256: 64 hex digits.", hint="`sha256sum FILE` prints it.")
    return found


def _reason(text: str) -> str:
    if not text.strip():
        raise Refused("This needs a reason.", hint="Say in one sentence why.")
    return text.strip()[:500]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
