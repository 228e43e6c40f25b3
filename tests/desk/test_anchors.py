"""Stamps and copies of checkpoints: lined up with them, waiting for whoever is silent, refused when lied to, never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django.fixtures import Settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import anchors, copies, stamps
from hikeshi.desk.ledger.models import Chain, Checkpoint, Copy, Entry, Stamp
from hikeshi.desk.queue import claim
from hikeshi.errors import Refused
from tsa import REPLY, Tsa

pytestmark = pytest.mark.django_db
DEAD = "http://127.0.0.1:9/tsa"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with Tsa(tmp_path_factory.mktemp("tsa")) as running:
        yield running


@pytest.fixture
def tsa(authority: Tsa, settings: Settings, tmp_path: Path) -> Tsa:
    """One authority, and copies in one file."""
    authority.answer, authority.asked = authority.honest, 0
    configure(settings, tmp_path, authority.url, authority.root.pem)
    return authority


def configure(settings: Settings, home: Path, url: str, roots: Path) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, home=home, timestamp_authorities=(url,), timestamp_roots=(roots,),
        checkpoint_copies=(f"file:{home / 'notes'}",),
    )  # fmt: skip


def checkpoint(size: int = 1) -> Checkpoint:
    chain, _ = Chain.objects.get_or_create(name="INC-1")
    note = f"hikeshi.x/INC-1\n{size}\nroot\n\n— hikeshi.x/INC-1 AAAA\n"
    made = Checkpoint.objects.create(chain=chain, size=size, root="ab" * 32, note=note, made_at=timezone.now())
    anchors.plan(made)
    return made


def take_due(actor: Actor) -> int:
    """As a worker does: claim and take whatever is due, until nothing is."""

    def all_of(rows: QuerySet[Any], take: Callable[..., None]) -> int:
        row = claim(rows, worker="w", now=timezone.now(), seconds=30)
        if row is None:
            return 0
        take(row, actor=actor)
        return 1 + all_of(rows, take)

    return all_of(Stamp.objects.all(), stamps.take) + all_of(Copy.objects.all(), copies.take)


def test_a_checkpoint_is_stamped_and_copied(tsa: Tsa, hikeshi: Actor, tmp_path: Path) -> None:
    made = checkpoint()
    assert take_due(hikeshi) == 2
    stamp, copy = Stamp.objects.get(), Copy.objects.get()
    assert (stamp.state, copy.state, stamp.problem) == ("held", "held", "")
    assert stamp.said_at is not None
    assert stamps.check(stamp).time == stamp.said_at
    assert (copy.receipt, (tmp_path / "notes").read_text()) == ("byte 0", f"{made.note}\n")
    assert not Entry.objects.exists()


def test_what_waits_for_a_silent_authority_waits_together_and_goes_at_once(
    tsa: Tsa, hikeshi: Actor, settings: Settings, tmp_path: Path
) -> None:
    tsa.answer = lambda query: (503, REPLY, b"")
    for size in range(1, 6):
        checkpoint(size)
    take_due(hikeshi)
    assert tsa.asked == 1
    assert Stamp.objects.filter(state="waiting", due_at__gt=timezone.now()).count() == 5
    assert "HTTP 503" in Stamp.objects.exclude(problem="").get().problem
    tsa.answer = tsa.honest
    Stamp.objects.filter(pk=Stamp.objects.earliest("pk").pk).update(due_at=timezone.now())
    assert take_due(hikeshi) == 5
    assert set(Stamp.objects.values_list("state", "problem")) == {("held", "")}


def test_waiting_grows_longer_up_to_an_hour(hikeshi: Actor, tsa: Tsa) -> None:
    tsa.answer = lambda query: (503, REPLY, b"")
    checkpoint()
    waits = []
    for _ in range(15):
        Stamp.objects.update(due_at=timezone.now())
        take_due(hikeshi)
        due_at = Stamp.objects.get().due_at
        assert due_at is not None
        waits.append(round((due_at - timezone.now()).total_seconds()))
    assert waits == sorted(waits)
    assert waits[-1] == 3600


def test_a_lie_is_refused_shown_and_on_the_record_once(tsa: Tsa, hikeshi: Actor, admin: Actor) -> None:
    tsa.answer = lambda query: (200, REPLY, tsa.reply_to(b"something else"))
    for size in (1, 2):
        checkpoint(size)
        take_due(hikeshi)
    assert set(Stamp.objects.values_list("state", flat=True)) == {"refused"}
    assert "imprint" in Stamp.objects.latest("pk").problem
    assert Entry.objects.filter(verb="stamp.refused").count() == 1
    party = next(one for one in anchors.parties() if one.kind == "stamps")
    assert (party.refused, party.held) == (2, 0)
    assert "imprint" in party.problem
    with pytest.raises(Refused, match="not held"):
        stamps.check(Stamp.objects.earliest("pk"))


def test_trying_again_is_for_those_who_read_everything(
    tsa: Tsa, hikeshi: Actor, commander: Actor, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    tsa.answer = lambda query: (404, REPLY, b"")
    checkpoint()
    take_due(hikeshi)
    tsa.answer = tsa.honest
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused):
            anchors.again("stamps", tsa.url, actor=actor)
    assert anchors.again("stamps", tsa.url, actor=commander) == 1
    take_due(hikeshi)
    assert Stamp.objects.get().state == "held"
    assert Entry.objects.filter(verb="stamp.again").count() == 1
    assert anchors.again("stamps", tsa.url, actor=commander) == 0
    with pytest.raises(Refused, match="Nothing was ever"):
        anchors.again("stamps", "http://elsewhere.example", actor=commander)


def test_a_copy_that_cannot_be_written_waits(tsa: Tsa, hikeshi: Actor, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    checkpoint()
    take_due(hikeshi)
    row = Copy.objects.get()
    assert (row.state, "Is a directory" in row.problem) == ("waiting", True)
    (tmp_path / "notes").rmdir()
    Copy.objects.update(due_at=timezone.now())
    take_due(hikeshi)
    assert Copy.objects.get().state == "held"


def test_what_is_not_configured_any_more_is_refused(
    tsa: Tsa, hikeshi: Actor, settings: Settings, tmp_path: Path
) -> None:
    checkpoint()
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, timestamp_authorities=(), timestamp_roots=(), checkpoint_copies=()
    )
    take_due(hikeshi)
    for row in (Stamp.objects.get(), Copy.objects.get()):
        assert (row.state, "not configured" in row.problem) == ("refused", True)


def test_a_clock_of_ours_that_is_wrong_is_noted_and_the_stamp_held(
    tsa: Tsa, hikeshi: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our clock went back an hour: the authority's word is worth all the more."""
    checkpoint()
    row = Stamp.objects.get()
    real = timezone.now
    monkeypatch.setattr("hikeshi.desk.ledger.stamps.timezone.now", lambda: real() - timedelta(hours=1))
    stamps.take(row, actor=hikeshi)
    stamp = Stamp.objects.get()
    assert stamp.state == "held"
    assert "s ahead of ours" in stamp.problem


def test_the_webhooks_address_is_not_kept(settings: Settings, tmp_path: Path) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, checkpoint_copies=("https://hooks.example/T0/secret",)
    )
    checkpoint()
    assert Copy.objects.get().place.startswith("https://hooks.example/...")
    assert "secret" not in Copy.objects.get().place


def test_an_answer_that_comes_late_does_not_undo_what_is_held(tsa: Tsa, hikeshi: Actor) -> None:
    checkpoint()
    late = Stamp.objects.get()
    take_due(hikeshi)
    tsa.answer = lambda query: (404, REPLY, b"")
    stamps.take(late, actor=hikeshi)
    assert Stamp.objects.get().state == "held"


def test_an_authority_set_later_is_given_the_newest_checkpoint_of_each_chain(
    settings: Settings, authority: Tsa, tmp_path: Path, hikeshi: Actor, commander: Actor
) -> None:
    authority.answer = authority.honest
    checkpoint(1)
    newest = checkpoint(2)
    assert not Stamp.objects.exists()
    configure(settings, tmp_path, authority.url, authority.root.pem)
    assert [(one.name, one.held) for one in anchors.parties() if one.kind == "stamps"] == [(authority.url, 0)]
    assert anchors.again("stamps", authority.url, actor=commander) == 1
    take_due(hikeshi)
    assert Stamp.objects.get().checkpoint == newest
    assert anchors.again("stamps", authority.url, actor=commander) == 0
