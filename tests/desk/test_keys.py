"""The instance's signing key: made once, on the record, and never silently another one."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import msgspec
import pytest
from pytest_django.fixtures import Settings

from hikeshi.custody.rotation import follow
from hikeshi.custody.signing import make_key_file, signature_holds
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import keys
from hikeshi.desk.ledger.models import Entry, SigningKey
from hikeshi.errors import Failed, Refused
from hikeshi.simulation.cloud import SimulatedCloud

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    return tmp_path


def test_the_first_use_makes_one_key_that_only_its_owner_reads(home: Path) -> None:
    made = keys.signer()
    assert signature_holds(made.public, b"words", made.sign(b"words"))
    assert stat.S_IMODE((home / "keys" / "signing.pem").stat().st_mode) == 0o400
    assert keys.signer().public == made.public
    assert SigningKey.objects.count() == 1


def test_a_new_key_is_on_the_record_without_its_secret(home: Path) -> None:
    keys.signer()
    entry = Entry.objects.get(verb="key.register")
    assert SigningKey.objects.get().fingerprint in entry.data
    assert "PRIVATE" not in entry.data


def test_a_key_file_left_by_an_unfinished_start_is_used(home: Path) -> None:
    make_key_file(home / "keys" / "signing.pem")
    before = (home / "keys" / "signing.pem").read_bytes()
    keys.signer()
    assert (home / "keys" / "signing.pem").read_bytes() == before


def test_another_key_in_its_place_is_refused(home: Path) -> None:
    keys.signer()
    (home / "keys" / "signing.pem").unlink()
    make_key_file(home / "keys" / "signing.pem")
    with pytest.raises(Refused, match="not the one that is registered"):
        keys.signer()


def test_a_lost_key_is_never_replaced_silently(home: Path) -> None:
    keys.signer()
    (home / "keys" / "signing.pem").unlink()
    with pytest.raises(Refused, match="cannot be read"):
        keys.signer()
    assert SigningKey.objects.count() == 1


def test_a_moved_home_keeps_its_key(home: Path, settings: Settings) -> None:
    before = keys.signer().public
    (home / "keys").rename(home / "elsewhere")
    (home / "moved").mkdir()
    (home / "elsewhere").rename(home / "moved" / "keys")
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=home / "moved")
    assert keys.signer().public == before


def _entries(verb: str) -> list[dict[str, object]]:
    return [json.loads(entry.data) for entry in Entry.objects.filter(verb=verb)]


def test_another_key_signs_and_whoever_knows_the_old_one_can_follow(home: Path, admin: Actor) -> None:
    old = keys.signer()
    row = keys.rotate(actor=admin, reason="yearly")
    assert row.place == "file:keys/signing-2.pem"
    assert keys.signer().public == row.public
    assert follow(old.public, keys.rotations()) == (old.public, row.public)
    assert [bool(one.until) for one in SigningKey.objects.all()] == [True, False]
    assert _entries("key.rotate")[0]["reason"] == "yearly"


def test_a_key_goes_to_a_token_named_by_the_environment_or_the_command(
    home: Path, admin: Actor, settings: Settings
) -> None:
    keys.signer()
    make_key_file(home / "elsewhere.pem")
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, signing_key=f"file:{home / 'elsewhere.pem'}")
    assert keys.rotate(actor=admin, reason="moved").place.endswith("elsewhere.pem")
    assert keys.rotate("file:keys/third.pem", actor=admin, reason="moved again").place == "file:keys/third.pem"


def test_a_lost_key_is_replaced_only_when_said_so_and_shown(home: Path, admin: Actor) -> None:
    keys.signer()
    (home / "keys" / "signing.pem").unlink()
    with pytest.raises(Refused, match="cannot be read"):
        keys.rotate(actor=admin, reason="disk died")
    assert SigningKey.objects.filter(until__isnull=True).count() == 1
    keys.rotate(actor=admin, reason="disk died", lost=True)
    assert _entries("key.rotate")[0]["signed_by_old"] is False
    assert keys.signer().public == SigningKey.objects.get(until__isnull=True).public


def test_a_withdrawn_key_signs_no_more_until_another_is_named(home: Path, admin: Actor) -> None:
    keys.signer()
    keys.retire(actor=admin, reason="break-in")
    with pytest.raises(Failed, match="withdrawn"):
        keys.signer()
    keys.rotate(actor=admin, reason="a new one", lost=True)
    assert keys.signer().public == SigningKey.objects.get(until__isnull=True).public
    assert _entries("key.retire")[0]["reason"] == "break-in"


def test_a_key_that_signed_before_does_not_come_back(home: Path, admin: Actor) -> None:
    keys.signer()
    keys.rotate(actor=admin, reason="yearly")
    with pytest.raises(Refused, match="has signed here before"):
        keys.rotate("file:keys/signing.pem", actor=admin, reason="back")


def test_only_an_administrator_changes_keys_and_gives_a_reason(
    home: Path, admin: Actor, commander: Actor, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    keys.signer()
    for actor in (commander, on_it, off_it, outsider):
        with pytest.raises(Refused, match="administrator"):
            keys.rotate(actor=actor, reason="x")
        with pytest.raises(Refused, match="administrator"):
            keys.retire(actor=actor, reason="x")
    with pytest.raises(Refused, match="reason"):
        keys.rotate(actor=admin, reason=" ")
    assert SigningKey.objects.count() == 1


def test_a_first_key_in_kms_is_used_where_it_is_named(home: Path, cloud: SimulatedCloud, settings: Settings) -> None:
    made = cloud.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, signing_key=f"kms:{made}", aws_endpoint_url=cloud.endpoint_url
    )
    found = keys.signer()
    assert signature_holds(found.public, b"words", found.sign(b"words"))
    assert not (home / "keys").exists()


def test_a_key_that_cannot_be_reached_can_be_tried_again(home: Path, settings: Settings) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, signing_key="kms:alias/x", aws_endpoint_url="http://127.0.0.1:9"
    )
    with pytest.raises(Failed) as problem:
        keys.signer()
    assert not problem.value.permanent
    assert not SigningKey.objects.exists()
