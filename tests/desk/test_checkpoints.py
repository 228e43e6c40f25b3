"""Checkpoints of a chain: signed when due, never over what is not whole, proving each entry, and every stored bit is watched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from hikeshi.custody import checkpoint as notes
from hikeshi.custody.checkpoint import read_note, read_text
from hikeshi.custody.merkle import EMPTY_ROOT
from hikeshi.custody.proof import check_consistency, check_proof, read_consistency, read_proof
from hikeshi.custody.signing import Signer
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import anchors, checkpoints, keys, trees, verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION, Chain, Checkpoint, Entry, SigningKey, Tile
from hikeshi.doors.worker import Worker
from hikeshi.errors import Failed, HikeshiError, Refused

pytestmark = pytest.mark.django_db
NAME = "INC-1"


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    return tmp_path


def write(actor: Actor, count: int = 3, chain: str = NAME) -> Chain:
    with transaction.atomic():
        ledger.append_many(chain, [ledger.Draft("test.write", "thing", {"n": n}) for n in range(count)], actor=actor)
    return Chain.objects.get(name=chain)


def edit(table: str, column: str, value: Any, where: str = "1 = 1") -> None:
    """As somebody with the database's password would, past every verb."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE ledger_{table} SET {column} = %s WHERE {where}", [value])


def whole(chain: str = NAME) -> bool:
    row = Chain.objects.get(name=chain)
    return ledger.verify(chain).ok and checkpoints.verify_checkpoints(row).ok


def kinds(chain: Chain) -> set[str]:
    return {problem.kind for problem in checkpoints.verify_checkpoints(chain).problems}


def test_a_checkpoint_is_a_note_over_the_whole_chain(hikeshi: Actor) -> None:
    made = checkpoints.checkpoint(write(hikeshi), actor=hikeshi)
    told = read_text(read_note(made.note).text)
    assert (told.origin, told.size, told.root.hex()) == (checkpoints.origin(NAME), 3, made.root)
    assert told.origin == f"hikeshi.{SigningKey.objects.get().fingerprint[:16]}/{NAME}"
    assert told.root != EMPTY_ROOT
    assert whole()


def test_nothing_new_gives_the_last_checkpoint(hikeshi: Actor) -> None:
    chain = write(hikeshi)
    assert checkpoints.checkpoint(chain, actor=hikeshi) == checkpoints.checkpoint(chain, actor=hikeshi)
    assert Entry.objects.filter(chain=chain).count() == 3


@pytest.mark.parametrize("steps", [[1, 1], [255, 1, 1], [256, 300]])
def test_a_growing_chain_keeps_every_checkpoint_good(hikeshi: Actor, steps: list[int]) -> None:
    for count in steps:
        checkpoints.checkpoint(write(hikeshi, count), actor=hikeshi)
    assert [row.size for row in Checkpoint.objects.all()] == [sum(steps[: n + 1]) for n in range(len(steps))]
    assert whole()


def test_a_chain_that_grew_by_very_much_is_signed_in_parts(hikeshi: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MOST_AT_ONCE", 4)
    chain = write(hikeshi, 10)
    for expected, due in ((4, True), (8, True), (10, False)):
        assert checkpoints.checkpoint(chain, actor=hikeshi).size == expected
        assert (Chain.objects.get(pk=chain.pk).due_at is not None) == due
    assert whole()


def test_every_entry_can_be_proven_to_a_stranger(hikeshi: Actor) -> None:
    chain = write(hikeshi, 5)
    checkpoints.checkpoint(chain, actor=hikeshi)
    for seq in range(1, 6):
        proof = read_proof(checkpoints.prove(chain, seq))
        assert check_proof(proof, [SigningKey.objects.get().public]).ok
        assert proof.entry.seq == seq


@pytest.mark.parametrize("seq", [-1, 0, 4, 2**62])
def test_what_no_checkpoint_covers_has_no_proof(hikeshi: Actor, seq: int) -> None:
    chain = write(hikeshi)
    checkpoints.checkpoint(chain, actor=hikeshi)
    write(hikeshi, 1)
    with pytest.raises(Refused, match="covers"):
        checkpoints.prove(chain, seq)


def test_a_proof_that_would_not_hold_is_not_given_out(hikeshi: Actor) -> None:
    chain = write(hikeshi)
    checkpoints.checkpoint(chain, actor=hikeshi)
    edit("entry", "actor", "mallory", "seq = 2")
    with pytest.raises(Failed, match="would not hold"):
        checkpoints.prove(chain, 2)
    assert check_proof(read_proof(checkpoints.prove(chain, 3)), checkpoints.publics()).ok


def test_a_kept_checkpoint_is_shown_to_be_continued(hikeshi: Actor) -> None:
    kept = checkpoints.checkpoint(write(hikeshi), actor=hikeshi).note
    chain = write(hikeshi, 4)
    checkpoints.checkpoint(chain, actor=hikeshi)
    proven = check_consistency(kept, read_consistency(checkpoints.consistency(chain, 3)), checkpoints.publics())
    assert (proven.ok, proven.size) == (True, 7)
    with pytest.raises(Refused, match="no checkpoint"):
        checkpoints.consistency(chain, 3, 6)


def test_a_rewritten_history_does_not_continue_the_checkpoint_somebody_kept(hikeshi: Actor) -> None:
    """The owner of database and key rewrites everything: only what is outside shows it."""
    kept = checkpoints.checkpoint(write(hikeshi), actor=hikeshi).note
    for rows in (Checkpoint, Tile, Entry):
        rows.objects.filter(chain__name=NAME).delete()
    Chain.objects.filter(name=NAME).update(head_seq=0, head_hash="0" * 64)
    forged = write(hikeshi, 4)
    checkpoints.checkpoint(forged, actor=hikeshi)
    assert whole()
    proven = check_consistency(kept, read_consistency(checkpoints.consistency(forged, 3)), checkpoints.publics())
    assert not proven.ok
    assert "does not continue" in proven.problems[0].en


def _damages() -> Iterator[Any]:
    yield pytest.param(lambda: edit("entry", "data", '{"n":9}', "seq = 5"), "not whole", id="a new entry edited")
    yield pytest.param(lambda: Entry.objects.filter(seq=5).delete(), "not whole", id="a new entry deleted")
    yield pytest.param(lambda: Entry.objects.filter(seq=6).delete(), "not whole", id="the tail cut off")
    yield pytest.param(lambda: edit("chain", "head_seq", 2), "were signed for", id="shorter than signed")
    yield pytest.param(lambda: edit("checkpoint", "root", "ab" * 32), "was changed", id="a root edited")
    yield pytest.param(lambda: edit("tile", "hashes", b"\x00" * 96), "was changed", id="a tile edited")
    yield pytest.param(lambda: Tile.objects.all().delete(), "missing", id="the tiles removed")


@pytest.mark.parametrize(("damage", "said"), list(_damages()))
def test_what_is_not_whole_is_never_signed_and_the_refusal_stays_visible(
    hikeshi: Actor, damage: Any, said: str
) -> None:
    chain = write(hikeshi)
    checkpoints.checkpoint(chain, actor=hikeshi)
    write(hikeshi)
    damage()
    for _ in range(2):
        with pytest.raises(HikeshiError, match=said):
            checkpoints.checkpoint(chain, actor=hikeshi)
    assert Checkpoint.objects.count() == 1
    refused = Entry.objects.filter(verb="checkpoint.refuse")
    assert [row.chain.name for row in refused] == [ORGANISATION]
    assert checkpoints.refusal(chain) == refused.get()
    assert checkpoints.refused() == {NAME}


def test_a_rewritten_but_well_formed_history_is_not_signed(hikeshi: Actor) -> None:
    chain = write(hikeshi)
    checkpoints.checkpoint(chain, actor=hikeshi)
    Entry.objects.filter(chain=chain).delete()
    Chain.objects.filter(pk=chain.pk).update(head_seq=0, head_hash="0" * 64)
    write(hikeshi, 6)
    assert ledger.verify(NAME).ok
    assert kinds(chain) == {"root", "tile"}
    with pytest.raises(Refused, match="was changed"):
        checkpoints.checkpoint(chain, actor=hikeshi)


def test_a_refusal_ends_with_the_next_signature(hikeshi: Actor) -> None:
    chain = write(hikeshi)
    edit("entry", "actor", "mallory", "seq = 2")
    with pytest.raises(Refused):
        checkpoints.checkpoint(chain, actor=hikeshi)
    edit("entry", "actor", hikeshi.name, "seq = 2")
    checkpoints.checkpoint(chain, actor=hikeshi)
    assert checkpoints.refusal(chain) is None
    assert checkpoints.refused() == set()


def test_without_its_key_nothing_is_signed_and_nothing_is_lost(hikeshi: Actor, home: Path) -> None:
    chain = write(hikeshi)
    keys.signer()
    (home / "keys" / "signing.pem").rename(home / "away")
    with pytest.raises(Refused, match="cannot be read"):
        checkpoints.checkpoint(chain, actor=hikeshi)
    assert not Tile.objects.exists()
    (home / "away").rename(home / "keys" / "signing.pem")
    assert checkpoints.checkpoint(chain, actor=hikeshi).size == 3


def test_damaged_tiles_are_made_again_and_signing_goes_on(hikeshi: Actor, admin: Actor) -> None:
    chain = write(hikeshi, 300)
    checkpoints.checkpoint(chain, actor=hikeshi)
    edit("tile", "hashes", b"\x00" * 96, "level = 0")
    Tile.objects.create(chain=chain, level=5, index=0, hashes=b"")
    assert kinds(chain) == {"tile"}
    assert checkpoints.rebuild(chain, actor=admin) == 3
    assert checkpoints.checkpoint(write(hikeshi), actor=hikeshi).size == 303
    assert whole()
    assert checkpoints.rebuild(chain, actor=admin) == 0


def test_what_is_more_than_tiles_is_not_made_good(hikeshi: Actor, admin: Actor, on_it: Actor, outsider: Actor) -> None:
    chain = write(hikeshi)
    checkpoints.checkpoint(chain, actor=hikeshi)
    edit("entry", "actor", "mallory", "seq = 2")
    with pytest.raises(Refused, match="More than the tiles"):
        checkpoints.rebuild(chain, actor=admin)
    for who in (on_it, outsider):
        with pytest.raises(Refused, match="may not"):
            checkpoints.rebuild(chain, actor=who)


def test_two_that_sign_at_once_make_one_checkpoint(hikeshi: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = write(hikeshi)

    def slowly(told: notes.Checkpoint, signers: list[Signer]) -> str:
        monkeypatch.setattr(notes, "sign", sign)
        checkpoints.checkpoint(chain, actor=hikeshi)  # another worker, faster than this one
        return sign(told, signers)

    sign = notes.sign
    monkeypatch.setattr(notes, "sign", slowly)
    assert checkpoints.checkpoint(chain, actor=hikeshi) == Checkpoint.objects.get()
    assert whole()


def test_every_checkpoint_is_lined_up_for_the_world_outside(hikeshi: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Checkpoint] = []
    monkeypatch.setattr(anchors, "plan", seen.append)
    made = checkpoints.checkpoint(write(hikeshi), actor=hikeshi)
    assert seen == [made]


def test_a_worker_signs_when_the_chain_is_due(hikeshi: Actor, settings: Settings) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, checkpoint_seconds=60)
    chain = write(hikeshi)
    assert chain.due_at
    assert timedelta(seconds=50) < chain.due_at - timezone.now() <= timedelta(seconds=60)
    Worker().drain()
    assert not Checkpoint.objects.exists()
    Chain.objects.filter(pk=chain.pk).update(due_at=timezone.now())
    Worker().drain()
    assert Checkpoint.objects.get(chain=chain).size == 3
    assert Chain.objects.get(pk=chain.pk).due_at is None


def test_a_later_entry_does_not_put_the_checkpoint_off(hikeshi: Actor) -> None:
    due = write(hikeshi).due_at
    assert write(hikeshi).due_at == due


def test_a_worker_looks_again_later_at_what_it_may_not_sign(hikeshi: Actor) -> None:
    chain = write(hikeshi)
    edit("entry", "actor", "mallory", "seq = 2")
    Chain.objects.filter(pk=chain.pk).update(due_at=timezone.now())
    assert Worker(prompt=()).drain() == 1
    again = Chain.objects.get(pk=chain.pk)
    assert again.due_at
    assert again.due_at > timezone.now()
    assert again.lease_until is None


def test_a_check_of_what_was_never_signed_makes_no_key(hikeshi: Actor) -> None:
    assert checkpoints.verify_checkpoints(write(hikeshi)).ok
    assert not SigningKey.objects.exists()


def _bits(value: Any) -> Iterator[Any]:
    """Values that differ from `value` in one bit, as the column can hold it: every bit of a short one, one of each byte of a long one."""
    if isinstance(value, int):
        yield from (value ^ 1 << bit for bit in range(62))
        return
    raw = bytes(value) if isinstance(value, bytes | memoryview) else value.encode()
    for bit in range(0, len(raw) * 8, 1 if len(raw) <= 16 else 9):  # of each byte another one
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        if not isinstance(value, str):
            yield bytes(flipped)
            continue
        text = flipped.decode(errors="replace")
        if "\x00" not in text:  # no database keeps it in text
            yield text


SAMPLED = (
    ("chain", ("name", "head_seq", "head_hash")),
    ("entry", ("seq", "time", "actor", "door", "verb", "object", "data", "prev", "hash")),
    ("tile", ("level", "index", "hashes")),
    ("checkpoint", ("size", "root", "note")),
    ("signingkey", ("fingerprint", "public")),
)


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column"), [(table, column) for table, columns in SAMPLED for column in columns])
def test_every_flipped_bit_of_what_is_stored_is_found(hikeshi: Actor, table: str, column: str) -> None:
    chain = write(hikeshi)
    checkpoints.checkpoint(chain, actor=hikeshi)
    checkpoints.checkpoint(write(hikeshi, 1), actor=hikeshi)
    model = {row._meta.model_name: row for row in (Chain, Entry, Tile, Checkpoint, SigningKey)}[table]
    rows = (
        model.objects.all()
        if model is SigningKey
        else model.objects.filter(**{f"{'pk' if model is Chain else 'chain'}": chain.pk})
    )
    first = rows.order_by("pk")[0]
    before, looked = getattr(first, column), 0
    for flipped in _bits(before):
        try:
            with transaction.atomic():
                edit(table, f'"{column}"', flipped, f"id = {first.pk}")
        except DatabaseError:
            continue  # two entries at one place: the database itself does not hold that
        name = Chain.objects.get(pk=chain.pk).name
        assert not whole(name), (column, flipped)
        looked += 1
    edit(table, f'"{column}"', before, f"id = {first.pk}")
    assert looked >= 15  # of a small integer, PostgreSQL itself refuses the rest
    assert whole()
