"""The environment: checked once, and a mistake never silently means "default"."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hikeshi.environment import VARIABLES, read_environment, secret_key
from hikeshi.errors import Refused


def test_nothing_set_is_a_safe_start() -> None:
    environment = read_environment({})
    assert environment.database["ENGINE"].endswith("sqlite3")
    assert environment.home.is_absolute()
    assert not environment.secure


def test_a_typing_mistake_is_refused_with_what_was_meant() -> None:
    with pytest.raises(Refused, match="HIKESHI_LANGAUGE") as problem:
        read_environment({"HIKESHI_LANGAUGE": "ja"})
    assert "HIKESHI_LANGUAGE" in problem.value.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HIKESHI_LANGUAGE", "de"),
        ("HIKESHI_TIME_ZONE", "Mars/Olympus"),
        ("HIKESHI_LEASE_SECONDS", "soon"),
        ("HIKESHI_LEASE_SECONDS", "0"),
        ("HIKESHI_CHECKPOINT_SECONDS", "9000"),
        ("HIKESHI_LOCKER", "/var/locker"),
        ("HIKESHI_LOCKER", "s3://UPPER"),
        ("HIKESHI_LOCKER_LOCK", "for ever"),
        ("HIKESHI_LOCKER_LOCK", "compliance:365d"),
        ("HIKESHI_QUEUE_URL", "ftp://x"),
        ("HIKESHI_PUBLIC_URL", "http://hikeshi.example"),
        ("HIKESHI_DATABASE_URL", "mysql://x/y"),
        ("HIKESHI_TIMESTAMP_AUTHORITIES", "https://tsa.example"),
        ("HIKESHI_TIMESTAMP_ROOTS", "/etc/root.pem"),
        ("HIKESHI_SMTP_URL", "http://mail.example"),
    ],
)
def test_what_is_not_understood_or_not_safe_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(Refused, match=name) as problem:
        read_environment({name: value})
    assert problem.value.hint


def test_a_password_in_a_wrong_address_is_not_shown() -> None:
    with pytest.raises(Refused) as problem:
        read_environment({"HIKESHI_DATABASE_URL": "mysql://hikeshi:hunter2@db/x"})
    assert "hunter2" not in str(problem.value)


def test_a_postgresql_address_is_taken_apart() -> None:
    url = "postgresql://hikeshi:p%40ss@db.example:5433/ir"
    database = read_environment({"HIKESHI_DATABASE_URL": url}).database
    assert (database["USER"], database["PASSWORD"], database["PORT"]) == ("hikeshi", "p@ss", "5433")


def test_https_switches_secure_cookies_on() -> None:
    assert read_environment({"HIKESHI_PUBLIC_URL": "https://hikeshi.example/"}).secure


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = secret_key(home)
    assert secret_key(home) == first
    assert len(first) >= 50
    assert stat.S_IMODE((home / "secret-key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_every_variable_says_what_it_means() -> None:
    assert all(name.startswith("HIKESHI_") and meaning for name, (_, meaning) in VARIABLES.items())


def test_each_authority_has_its_own_roots() -> None:
    names = {"HIKESHI_TIMESTAMP_AUTHORITIES": "http://a.example, http://b.example"}
    found = read_environment({**names, "HIKESHI_TIMESTAMP_ROOTS": "/a.pem,/b.pem"})
    assert list(zip(found.timestamp_authorities, found.timestamp_roots, strict=True))[1] == (
        "http://b.example",
        Path("/b.pem"),
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"HIKESHI_TIMESTAMP_AUTHORITIES": "https://u:hunter2@tsa.example", "HIKESHI_TIMESTAMP_ROOTS": "/a.pem"},
        {"HIKESHI_SMTP_URL": "smtps://u:hunter2@mail.example"},
    ],
)
def test_passwords_in_addresses_are_refused_and_not_shown(environ: dict[str, str]) -> None:
    with pytest.raises(Refused) as problem:
        read_environment(environ)
    assert "hunter2" not in str(problem.value)


def test_a_locker_in_s3_with_its_lock_and_keys() -> None:
    said = {"": "s3://evidence/hikeshi/", "_LOCK": "Compliance:365d", "_KEY": "~/k", "_KMS_KEY": "alias/evidence"}
    found = read_environment({f"HIKESHI_LOCKER{name}": value for name, value in said.items()})
    assert (found.locker, found.locker_lock) == ("s3://evidence/hikeshi", ("compliance", 365))
    assert (found.locker_key, found.locker_kms_key) == (Path.home() / "k", "alias/evidence")
