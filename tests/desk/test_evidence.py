"""Evidence: sealed under its hash, with its custody line; a changed byte is found."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from pytest_django import Settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Failed, Refused

pytestmark = pytest.mark.django_db


def seal(incident: Incident, actor: Actor, content: bytes = b"memory") -> Item:
    return evidence.seal_bytes(incident, content, actor=actor, title="a file", kind="file")


def test_bytes_are_kept_under_their_hash(incident: Incident, on_it: Actor) -> None:
    item = seal(incident, on_it)
    assert item.sha256 == hashlib.sha256(b"memory").hexdigest()
    assert item.name == "EV-001"
    with evidence.locker().open(item.sha256) as stream:
        assert stream.read() == b"memory"


def test_each_item_has_its_custody_lines(incident: Incident, on_it: Actor) -> None:
    item = seal(incident, on_it)
    evidence.verify(item, actor=on_it)
    assert [entry.verb for entry in evidence.custody(item)] == ["evidence.seal", "evidence.verify"]
    assert item.sha256 in evidence.custody(item)[0].data


def test_a_folder_becomes_one_item_with_a_manifest(incident: Incident, on_it: Actor, tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(name)
    item = evidence.seal_files(incident, [tmp_path], actor=on_it, title="logs", kind="logs")
    assert (item.files, item.size) == (2, 10)
    assert sorted(evidence.files_of(item)) == sorted(hashlib.sha256(n.encode()).hexdigest() for n in ("a.log", "b.log"))
    assert evidence.verify(item, actor=on_it) == "match"


def test_a_changed_byte_in_a_folder_is_found(incident: Incident, on_it: Actor, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("only here")
    item = evidence.seal_files(incident, [tmp_path], actor=on_it, title="logs", kind="logs")
    path = evidence.locker().path(next(iter(evidence.files_of(item))))
    path.chmod(0o644)
    path.write_text("other now")
    assert evidence.verify(item, actor=on_it) == "mismatch"
    path.unlink()
    assert evidence.verify(item, actor=on_it) == "could-not-check"


def test_what_is_not_there_cannot_be_sealed(incident: Incident, on_it: Actor, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not there"):
        evidence.seal_files(incident, [tmp_path / "gone"], actor=on_it, title="x")
    assert not Item.objects.exists()


def test_only_those_on_it_may_seal_or_check(incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor) -> None:
    item = seal(incident, on_it)
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            seal(incident, actor)
        with pytest.raises(Refused, match="may not"):
            evidence.verify(item, actor=actor)


@pytest.fixture
def full_disk(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A home on a disk of 256 KiB."""
    home = tmp_path / "home"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "hikeshi-test", str(home)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a tiny disk needs root; tests/custody tries a file size limit instead")
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=home)
    yield home
    subprocess.run(["umount", str(home)], check=True)


def test_a_full_disk_seals_nothing_by_half_and_says_so(incident: Incident, on_it: Actor, full_disk: Path) -> None:
    with pytest.raises(Failed, match="cannot take more") as problem:
        seal(incident, on_it, os.urandom(1_000_000))
    assert not problem.value.permanent
    assert "Free space" in problem.value.hint
    assert not Item.objects.exists()
    assert not Entry.objects.filter(verb="evidence.seal").exists()
    assert not [path for path in full_disk.rglob("*") if path.is_file()]
    assert seal(incident, on_it, b"small enough").name == "EV-001"


def test_whoever_takes_a_copy_leaves_a_custody_line(incident: Incident, on_it: Actor, off_it: Actor) -> None:
    item = seal(incident, on_it)
    with evidence.hand_out(item, actor=on_it) as stream:
        assert stream.read() == b"memory"
    assert evidence.custody(item)[-1].verb == "evidence.hand_out"
    with pytest.raises(Refused, match="may not"):
        evidence.hand_out(item, actor=off_it)
    with pytest.raises(Refused, match="no such file"):
        evidence.hand_out(item, actor=on_it, sha256="0" * 64)


@pytest.mark.skipif(not shutil.which("ewfacquire"), reason="ewf-tools is not installed")
def test_an_image_is_registered_as_it_describes_itself_and_its_content_is_checked(
    incident: Incident, on_it: Actor, tmp_path: Path
) -> None:
    (tmp_path / "raw.dd").write_bytes(bytes(512 * 3000))
    command = ["ewfacquire", "-u", "-q", "-t", str(tmp_path / "disk"), "-f", "encase6", str(tmp_path / "raw.dd")]
    subprocess.run(command, check=True, capture_output=True)
    item = evidence.seal_files(incident, [tmp_path / "disk.E01"], actor=on_it, title="disk", also=["sha512", "blake3"])
    assert (item.container, list(item.recorded_hashes)) == ("E01", ["md5"])
    assert (len(item.sha512), len(item.blake3)) == (128, 64)
    assert evidence.check_content(item, actor=on_it).result == "match"
    assert evidence.verify(item, actor=on_it) == "match"
    assert [line.verb for line in evidence.custody(item)][-2:] == ["evidence.verify_content", "evidence.verify"]


def test_every_hash_that_was_recorded_is_compared(incident: Incident, on_it: Actor, tmp_path: Path) -> None:
    item = evidence.seal_bytes(incident, b"x", actor=on_it, title="x", kind="file", also=["sha512"])
    item.sha512 = "0" * 128
    assert evidence.verify(item, actor=on_it) == "mismatch"
