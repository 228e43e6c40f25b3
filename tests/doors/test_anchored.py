"""From a change to the outside world: a worker signs, has it stamped and copied, and a stranger checks it with openssl."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from hikeshi.custody.checkpoint import read_note, who_signed
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import checkpoints, keys, verbs
from hikeshi.desk.ledger.models import Chain, Checkpoint, Copy, Entry, SigningKey, Stamp
from hikeshi.doors.cli import health_anchors
from hikeshi.doors.worker import Worker
from hikeshi.errors import Failed
from tsa import REPLY, Tsa, openssl

pytestmark = pytest.mark.django_db
ADMIN = Actor(name="aoki", door="cli", role="admin")


@pytest.fixture
def tsa(settings: Settings, tmp_path: Path) -> Iterator[Tsa]:
    (tmp_path / "home").mkdir()
    with Tsa(tmp_path) as made:
        settings.ENVIRONMENT = msgspec.structs.replace(
            settings.ENVIRONMENT, home=tmp_path / "home", timestamp_authorities=(made.url,),
            timestamp_roots=(made.root.pem,), checkpoint_copies=(f"file:{tmp_path / 'notes'}",),
        )  # fmt: skip
        yield made


def work() -> None:
    """As time passes: whatever waits for its minute is due."""
    for table in (Chain, Stamp, Copy):
        table.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    Worker().drain(100)


def declare(title: str) -> str:
    return incidents.declare(title, 2, actor=system("Hikeshi", "worker"), reason="test").name


def test_a_stranger_checks_what_a_worker_anchored(tsa: Tsa, tmp_path: Path) -> None:
    name = declare("Mining traffic")
    work()
    stamp = Stamp.objects.get(checkpoint__chain__name=name)
    (tmp_path / "note").write_text(stamp.checkpoint.note)
    (tmp_path / "reply.tsr").write_bytes(bytes(stamp.reply))
    words = ("ts", "-verify", "-data", tmp_path / "note", "-in", tmp_path / "reply.tsr", "-CAfile", tsa.root.pem)
    assert "Verification: OK" in openssl(*words)
    assert stamp.checkpoint.note in (tmp_path / "notes").read_text()


def test_anchoring_comes_to_an_end(tsa: Tsa) -> None:
    """A line for each stamp would make a checkpoint due, and that a stamp: nothing would ever be quiet."""
    declare("Mining traffic")
    tsa.answer = lambda query: (404, REPLY, b"")
    for _ in range(6):
        work()
    before = Checkpoint.objects.count()
    work()
    assert Checkpoint.objects.count() == before
    assert Entry.objects.filter(verb="stamp.refused").count() == 1


def test_a_key_that_is_gone_lets_checkpoints_wait_and_nothing_else(tsa: Tsa, tmp_path: Path) -> None:
    keys.signer()
    key = tmp_path / "home" / "keys" / "signing.pem"
    key.rename(tmp_path / "away")
    name = declare("While the key is away")
    work()
    assert not Checkpoint.objects.exists()
    incidents.note(Incident.objects.get(name=name), "still writing", actor=ADMIN)
    (tmp_path / "away").rename(key)
    work()
    assert Checkpoint.objects.filter(chain__name=name).exists()


def test_after_a_change_of_keys_the_new_one_signs_and_the_old_one_vouches_for_it(tsa: Tsa, tmp_path: Path) -> None:
    name = declare("Mining traffic")
    work()
    old, new = SigningKey.objects.get(), keys.rotate(actor=ADMIN, reason="yearly")
    incidents.note(Incident.objects.get(name=name), "more", actor=ADMIN)
    work()
    chain = Chain.objects.get(name=name)
    note = Checkpoint.objects.filter(chain=chain).latest("pk").note
    signed = who_signed(read_note(note), checkpoints.origin(name), [old.public, new.public])
    assert signed.by == (new.fingerprint,)
    entry = json.loads(Entry.objects.get(verb="key.rotate").data)
    (tmp_path / "statement").write_text(entry["statement"])
    (tmp_path / "signature").write_bytes(base64.b64decode(entry["by_old"]))
    (tmp_path / "old.pub").write_text(old.public)
    words = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "old.pub", "-in", "statement"]
    done = subprocess.run([*words, "-sigfile", "signature"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout
    assert checkpoints.verify_checkpoints(chain).ok


def test_a_withdrawn_key_signs_nothing(tsa: Tsa) -> None:
    keys.signer()
    keys.retire(actor=ADMIN, reason="break-in")
    declare("Mining traffic")
    work()
    assert not Checkpoint.objects.exists()
    with pytest.raises(Failed, match="withdrawn"):
        keys.signer()


def test_a_clock_that_went_back_is_signed_all_the_same_and_noted(tsa: Tsa) -> None:
    name = declare("Mining traffic")
    with transaction.atomic():
        verbs.append(name, actor=ADMIN, verb="incident.note", obj=name, at=timezone.now() - timedelta(days=1))
    work()
    assert Checkpoint.objects.get(chain__name=name).size == Chain.objects.get(name=name).head_seq
    found = health_anchors.entry_times()
    assert found.state == "part"
    assert name in found.en
