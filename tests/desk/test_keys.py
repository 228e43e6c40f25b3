"""The instance's signing key: made once, on the record, and never silently another one."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest
from pytest_django.fixtures import Settings

from hikeshi.custody.signing import make_key_file, signature_holds
from hikeshi.desk.ledger import keys
from hikeshi.desk.ledger.models import Entry, SigningKey
from hikeshi.errors import Refused

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
