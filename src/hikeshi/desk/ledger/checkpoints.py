"""Signed checkpoints of a chain, and what they prove. Nothing else writes tiles and checkpoints.

Once signed, a checkpoint binds us: nothing is signed over a chain whose entries since then do not verify, whose tree does not begin with
the tree that was signed, or which has become shorter. Such a chain stays due and is refused each time; the organisation's chain says so.

A checkpoint is no ledger entry (that entry would ask for the next checkpoint, for ever), by hand as little as by the worker: its row says
when. Whoever may read a chain may have it signed; the doors look chains up accordingly. Signing says nothing new, it only holds it fast.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from hikeshi.custody import checkpoint as notes
from hikeshi.custody.chain import timestamp
from hikeshi.custody.merkle import consistency as consistent_hashes, inclusion
from hikeshi.custody.proof import check_proof, read_proof, write_consistency, write_proof
from hikeshi.custody.signing import is_sound
from hikeshi.custody.verify import Problem
from hikeshi.custody.verify_tree import StoredNote, TreeVerdict, verify_tree
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import anchors, keys, trees, verbs
from hikeshi.desk.ledger.models import ORGANISATION, Chain, Checkpoint, Entry, SigningKey
from hikeshi.desk.ledger.rights import require
from hikeshi.desk.queue import give_back
from hikeshi.errors import Failed, HikeshiError, Refused, Unreadable
from hikeshi.text import Text

SLICE: Final = 20_000
"""Entries read at once by a check."""


def origin(chain: str) -> str:
    """Whose chain this is: the first line of its checkpoints and the name of the keys under them. It stays when keys change."""
    return f"hikeshi.{keys.oldest().fingerprint[:16]}/{chain}"


def publics() -> list[str]:
    """The public keys (PEM) that sign or have signed for this instance."""
    return list(SigningKey.objects.values_list("public", flat=True))


def last(chain: Chain) -> Checkpoint | None:
    """The newest checkpoint, which is the one over most entries."""
    return chain.checkpoints.order_by("pk").last()


def checkpoint(chain: Chain, *, actor: Actor) -> Checkpoint:
    """Sign the chain as it is now, or give the last checkpoint where nothing was added since.

    Raises `Refused` or `Unreadable` where nothing may be signed, and the organisation's chain then says why; `Failed` when the key cannot
    be reached.
    """
    try:
        return _checkpoint(Chain.objects.get(pk=chain.pk))
    except (Refused, Unreadable) as problem:
        _note_refusal(chain, problem, actor)
        raise


def sign_due(chain: Chain, *, actor: Actor) -> None:
    """As `checkpoint`, for a worker: where nothing was signed the chain stays due, for another look after the usual time."""
    try:
        checkpoint(chain, actor=actor)
    except HikeshiError:
        Chain.objects.filter(pk=chain.pk).update(due_at=_later(), lease_owner="", lease_until=None)
        raise


def refusal(chain: Chain) -> Entry | None:
    """The entry that says why nothing was signed at the last try, or None where something has been signed since."""
    said = Entry.objects.filter(chain__name=ORGANISATION, verb="checkpoint.refuse", object=chain.name).last()
    newest = last(chain)
    return None if said is None or (newest and timestamp(newest.made_at) > said.time) else said


def refused() -> set[str]:
    """The names of the chains whose last try to sign was refused, with nothing signed since: `refusal` for all of them at once."""
    said = Entry.objects.filter(chain__name=ORGANISATION, verb="checkpoint.refuse").order_by()
    latest = dict(said.values_list("object").annotate(latest=Max("time")))
    made = Checkpoint.objects.filter(chain__name__in=latest).order_by().values_list("chain__name")
    signed = {name: timestamp(at) for name, at in made.annotate(latest=Max("made_at"))}
    return {name for name, time in latest.items() if signed.get(name, "") <= time}


def prove(chain: Chain, seq: int) -> str:
    """The proof of entry `seq` under the newest checkpoint, as a text that stands alone (custody/proof.py).

    Raises `Refused` for an entry that no checkpoint covers, `Failed` where the proof would not hold because something stored is damaged.
    """
    newest = last(chain)
    entry = next(verbs.lines(chain, after=seq - 1, until=seq), None) if seq > 0 else None
    if newest is None or entry is None or seq > newest.size:
        raise Refused(
            f"No checkpoint of {chain} covers an entry {seq}; the last one is over {newest.size if newest else 0}.",
            hint=f"`hikeshi audit checkpoint {chain}` signs one now.",
        )
    text = write_proof(entry, inclusion(seq - 1, newest.size, trees.reader(chain)), newest.note)
    if not check_proof(read_proof(text), publics()).ok:
        raise Failed(
            f"The proof of {chain} {seq} would not hold: the entry, a tile or the checkpoint is damaged.",
            hint=f"`hikeshi audit verify {chain}` says which.",
        )
    return text


def consistency(chain: Chain, old: int, new: int | None = None) -> str:
    """What shows that the checkpoint over `new` entries (the newest, when not given) continues the tree over `old` (custody/proof.py).

    Raises `Refused` where no checkpoint is over exactly `new` entries, or `old` is more.
    """
    newer = last(chain) if new is None else chain.checkpoints.filter(size=new).last()
    if newer is None or not 0 < old <= newer.size:
        raise Refused(
            f"{chain} has no checkpoint at {new or old} that could continue one at {old}.",
            hint=f"`hikeshi audit checkpoints {chain}` lists them.",
        )
    return write_consistency(old, consistent_hashes(old, newer.size, trees.reader(chain)), newer.note)


@transaction.atomic
def rebuild(chain: Chain, *, actor: Actor) -> int:
    """Make the tiles again from the entries, where nothing but tiles is damaged. Returns how many were not right.

    Tiles say nothing that the entries do not: what proves them right is the root that was signed. Raises `Refused` where entries or
    checkpoints are damaged too: that cannot be made good, and must stay to be seen.
    """
    require(actor, "anchors")
    locked = Chain.objects.select_for_update().get(pk=chain.pk)
    others = verify_checkpoints(locked, with_tiles=False)
    if not (others.ok and verbs.verify(locked.name).ok):
        raise Refused(
            f"More than the tiles of {chain} is damaged; nothing was changed.",
            hint=f"`hikeshi audit verify {chain}` lists it. Compare with what is held outside: `hikeshi audit compare`.",
        )
    wrong = trees.write_again(locked, others.size)
    verbs.append(ORGANISATION, actor=actor, verb="checkpoint.rebuild", obj=chain.name, data={"count": wrong})
    return wrong


def verify_checkpoints(
    chain: Chain, *, with_tiles: bool = True, meanwhile: Callable[[], None] = lambda: None
) -> TreeVerdict:
    """Check every checkpoint and every tile against the chain's entries: signatures, roots, each stored hash, nothing going back.

    `meanwhile` is called between slices of the chain; what it raises ends the check.
    """
    stored, tiles = _stored(chain)
    if not stored and not tiles:  # nothing signed yet; `origin` would make a key, and a check writes nothing
        return TreeVerdict(ok=True, count=0, size=0, problem_count=0, problems=())
    sound = [row for row in SigningKey.objects.all() if is_sound(row.public, row.fingerprint)]
    verdict = verify_tree(
        _hashes(chain, meanwhile), stored, origin=origin(chain.name), publics=[row.public for row in sound],
        tiles=tiles if with_tiles else None,
    )  # fmt: skip
    damaged = SigningKey.objects.exclude(pk__in=[row.pk for row in sound])
    more = [Problem(0, "key", _key_words(row)) for row in damaged]
    head = Chain.objects.get(pk=chain.pk).head_seq
    if head < verdict.size:
        more.append(Problem(head + 1, "cut-off", _head_words(head, verdict.size)))
    return verdict.with_problems(more)


def _checkpoint(chain: Chain) -> Checkpoint:
    before = last(chain)
    if before is not None and before.size == chain.head_seq:
        return _keep(chain, before, None, before.note)
    name = origin(chain.name)
    grown = trees.grow(chain, before, origin=name, publics=publics())
    # Outside of a transaction: a key may be on the other side of a network.
    note = notes.sign(notes.Checkpoint(name, grown.size, grown.root), keys.signers())
    return _keep(chain, before, grown, note)


@transaction.atomic
def _keep(chain: Chain, before: Checkpoint | None, grown: trees.Grown | None, note: str) -> Checkpoint:
    """Write the checkpoint with its tiles, unless somebody else was faster, and say when the chain is due again."""
    locked = Chain.objects.select_for_update().get(pk=chain.pk)
    newest = last(locked)
    if grown is not None and newest == before:
        newest = Checkpoint(chain=locked, size=grown.size, root=grown.root.hex(), note=note, made_at=timezone.now())
        newest.full_clean()
        newest.save()
        trees.write(locked, grown)
        anchors.plan(newest)
    if newest is None:
        raise Failed(f"The checkpoints of {chain} were removed while one was made.", hint="Sign again.")
    left = locked.head_seq - newest.size
    give_back(locked, due_at=None if left <= 0 else timezone.now() if left > trees.MOST_AT_ONCE else _later())
    locked.save(update_fields=["due_at", "lease_owner", "lease_until", "attempts"])
    return newest


@transaction.atomic
def _note_refusal(chain: Chain, problem: HikeshiError, actor: Actor) -> None:
    """One entry per reason, not one per try."""
    said = refusal(chain)
    if said is None or json.loads(said.data).get("problem") != problem.message:
        verbs.append(
            ORGANISATION, actor=actor, verb="checkpoint.refuse", obj=chain.name, data={"problem": problem.message}
        )


def _stored(chain: Chain) -> tuple[list[StoredNote], dict[tuple[int, int], str]]:
    """The checkpoints and the digests of the tiles as they were at one moment, although a worker may be signing."""
    while True:
        before = last(chain)
        tiles = trees.digests(chain)
        rows = list(chain.checkpoints.order_by("pk"))
        if before == (rows[-1] if rows else None):
            return [StoredNote(row.size, row.root, row.note) for row in rows], tiles


def _hashes(chain: Chain, meanwhile: Callable[[], None]) -> Iterator[str]:
    """The hash of each entry, in slices: on SQLite a read that stays open is in the way of others."""
    after = 0
    while some := list(chain.entries.filter(seq__gt=after).order_by("seq").values_list("seq", "hash")[:SLICE]):
        yield from (hashed for _, hashed in some)
        after = some[-1][0]
        meanwhile()


def _later() -> datetime:
    return timezone.now() + timedelta(seconds=settings.ENVIRONMENT.checkpoint_seconds)


def _key_words(row: SigningKey) -> Text:
    return Text(
        f"The signing key {row.fingerprint[:16]} was changed after it was registered.",
        f"署名鍵 {row.fingerprint[:16]} が登録後に書き換えられています。",
    )


def _head_words(head: int, signed: int) -> Text:
    return Text(
        f"The chain says it ends at entry {head}; entries up to {signed} were signed for.",
        f"チェーンの末尾がエントリー {head} とされていますが、{signed} 件目まで署名済みです。",
    )
