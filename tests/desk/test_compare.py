"""What is held outside against the ledger: grown, rewritten with the key in hand, cut off, or another's."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from held import sign_chain
from hikeshi.custody.held_notes import read_notes
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import keys, verbs
from hikeshi.desk.ledger.compare import compare
from hikeshi.desk.ledger.models import Chain, Entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)


def write(actor: Actor, count: int, text: str = "words") -> None:
    with transaction.atomic():
        for number in range(count):
            verbs.append("INC-1", actor=actor, verb="test.write", obj="x", data={"n": number, "text": text})


def results(text: str) -> list[str]:
    found = compare(read_notes(text, source="f"), find=lambda name: Chain.objects.filter(name=name).first())
    return [one.result for one in found]


def test_a_ledger_that_grew_continues_what_is_held(hikeshi: Actor) -> None:
    write(hikeshi, 5)
    held = sign_chain("INC-1", 3).note + "\n" + sign_chain("INC-1").note
    assert results(held) == ["ahead", "equal"]
    write(hikeshi, 2)
    assert results(held) == ["ahead", "ahead"]


def test_a_ledger_rewritten_as_a_whole_is_found_though_it_verifies(hikeshi: Actor) -> None:
    """Somebody with the database and the key starts over: the chain is whole, its checkpoints are signed, the copy disagrees."""
    write(hikeshi, 5)
    held = sign_chain("INC-1").note
    Entry.objects.filter(chain__name="INC-1").delete()
    Chain.objects.filter(name="INC-1").update(head_seq=0, head_hash="0" * 64)
    write(hikeshi, 6, "other words")
    assert verbs.verify("INC-1").ok
    assert results(sign_chain("INC-1").note) == ["equal"]
    assert results(held) == ["rewritten"]


def test_a_tail_cut_off_is_found(hikeshi: Actor) -> None:
    write(hikeshi, 5)
    held = sign_chain("INC-1").note
    Entry.objects.filter(chain__name="INC-1", seq=5).delete()
    fourth = Entry.objects.get(chain__name="INC-1", seq=4)
    Chain.objects.filter(name="INC-1").update(head_seq=4, head_hash=fourth.hash)
    assert results(held) == ["cut-off"]


def test_an_entry_edited_under_its_old_hash_is_found(hikeshi: Actor) -> None:
    write(hikeshi, 5)
    first, last = sign_chain("INC-1", 2).note, sign_chain("INC-1").note
    Entry.objects.filter(chain__name="INC-1", seq=4).update(actor="somebody else")
    assert results(f"{first}\n{last}") == ["ahead", "damaged"]
    Entry.objects.filter(chain__name="INC-1", seq=4).update(hash="not hex")
    assert results(f"{first}\n{last}") == ["ahead", "rewritten"]


def test_a_note_nobody_of_ours_signed_and_one_of_another_instance(hikeshi: Actor) -> None:
    write(hikeshi, 2)
    note = sign_chain("INC-1").note
    assert results(note.replace("\n2\n", "\n1\n")) == ["not-signed"]
    assert results(note.replace("hikeshi.", "hikeshi.0")) == ["foreign"]
    assert results(note.replace("INC-1", "INC-9")) == ["foreign"]
    assert results("words") == ["unreadable"]


def test_a_note_by_a_key_that_was_replaced_still_counts(hikeshi: Actor, admin: Actor) -> None:
    write(hikeshi, 2)
    held = sign_chain("INC-1").note
    keys.rotate(actor=admin, reason="yearly")
    assert results(f"{held}\n{sign_chain('INC-1').note}") == ["equal", "equal"]
