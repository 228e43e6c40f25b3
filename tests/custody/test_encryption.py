"""Evidence encrypted at rest: in the stock format, every changed bit is found, and a missing key is never called a change."""

from __future__ import annotations

import os
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest

from hikeshi.custody.encrypting_locker import EncryptingLocker
from hikeshi.custody.encryption import Damaged, Keys, NoKey, make_key
from hikeshi.custody.extents import CHUNK
from hikeshi.custody.locker import Locker
from hikeshi.errors import Failed, Refused, Unreadable


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    make_key(tmp_path / "locker.key")
    return Keys(tmp_path / "locker.key")


@pytest.fixture
def other(tmp_path: Path) -> Keys:
    make_key(tmp_path / "other.key")
    return Keys(tmp_path / "other.key")


@pytest.fixture
def closed(tmp_path: Path, keys: Keys) -> EncryptingLocker:
    return EncryptingLocker(tmp_path / "locker", keys)


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize("size", [0, 1, 65_536, 3 * CHUNK + 17])
def test_bytes_come_back_as_they_went_in(closed: EncryptingLocker, size: int) -> None:
    content = os.urandom(size)
    sealed = closed.seal(BytesIO(content))
    with closed.open(sealed.sha256) as stream:
        assert stream.read() == content
    assert closed.verify(sealed.sha256) == "match"
    assert (sealed.size, sealed.path.name, sealed.path.stat().st_mode & 0o777) == (size, f"{sealed.sha256}.age", 0o444)
    assert size < 100 or content[:64] not in sealed.path.read_bytes()


def test_stock_age_opens_what_is_sealed(closed: EncryptingLocker, keys: Keys) -> None:
    if shutil.which("age") is None:
        pytest.skip("needs Debian's age")
    sealed = closed.seal(BytesIO(b"memory" * 100_000))
    command = ["age", "--decrypt", "-i", str(keys.path), str(sealed.path)]
    assert subprocess.run(command, check=True, capture_output=True).stdout == b"memory" * 100_000


def test_a_key_made_by_age_keygen_is_taken(tmp_path: Path) -> None:
    if shutil.which("age-keygen") is None:
        pytest.skip("needs Debian's age")
    subprocess.run(["age-keygen", "-o", str(tmp_path / "stock")], check=True, capture_output=True)
    assert Keys(tmp_path / "stock").recipients[0].startswith("age1")


def test_every_single_bit_that_flips_is_found(closed: EncryptingLocker) -> None:
    sealed = closed.seal(BytesIO(b"evidence"))
    content = sealed.path.read_bytes()
    for bit in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        rewrite(sealed.path, bytes(flipped))
        assert closed.verify(sealed.sha256) == "mismatch", f"bit {bit}"
    rewrite(sealed.path, content)
    assert closed.verify(sealed.sha256) == "match"


@pytest.mark.parametrize("length", [0, 10, 200, 70_000, -1])
def test_a_cut_tail_is_a_change(closed: EncryptingLocker, length: int) -> None:
    sealed = closed.seal(BytesIO(os.urandom(200_000)))
    rewrite(sealed.path, sealed.path.read_bytes()[:length])
    assert closed.verify(sealed.sha256) == "mismatch"
    with pytest.raises(Damaged), closed.open(sealed.sha256) as stream:
        stream.read()


def test_other_bytes_encrypted_for_the_same_key_are_a_change(closed: EncryptingLocker, keys: Keys) -> None:
    sealed, forged = closed.seal(BytesIO(b"true")), BytesIO()
    keys.encrypt(BytesIO(b"false"), forged)
    rewrite(sealed.path, forged.getvalue())
    assert closed.verify(sealed.sha256) == "mismatch"


def test_a_missing_key_is_never_called_a_change(closed: EncryptingLocker) -> None:
    sealed = closed.seal(BytesIO(b"memory"))
    without = EncryptingLocker(closed.root)
    assert without.check(sealed.sha256).result == "could-not-check"
    assert "HIKESHI_LOCKER_KEY" in without.check(sealed.sha256).reason
    with pytest.raises(Refused, match="no key is configured"):
        without.open(sealed.sha256)
    with pytest.raises(Refused, match="no key is configured"):
        without.seal(BytesIO(b"never plain by accident"))


def test_a_wrong_key_is_never_called_a_change(closed: EncryptingLocker, other: Keys) -> None:
    sealed = closed.seal(BytesIO(b"memory"))
    wrong = EncryptingLocker(closed.root, other)
    assert wrong.verify(sealed.sha256) == "could-not-check"
    wrong.seal(BytesIO(b"another"))  # which notes the other key beside the first
    assert wrong.verify(sealed.sha256) == "could-not-check"
    with pytest.raises(NoKey), wrong.open(sealed.sha256) as stream:
        stream.read()


def test_without_the_list_of_keys_a_header_that_does_not_open_proves_nothing(
    closed: EncryptingLocker, other: Keys
) -> None:
    sealed = closed.seal(BytesIO(b"memory"))
    (closed.root / "recipients").unlink()
    assert EncryptingLocker(closed.root, other).verify(sealed.sha256) == "could-not-check"
    assert closed.verify(sealed.sha256) == "match"


def test_a_new_key_on_top_still_opens_what_the_old_one_closed(closed: EncryptingLocker, other: Keys) -> None:
    first = closed.seal(BytesIO(b"before"))
    closed.keys.path.write_text(other.path.read_text() + closed.keys.path.read_text())
    both = EncryptingLocker(closed.root, Keys(closed.keys.path))
    second = both.seal(BytesIO(b"after"))
    assert [both.verify(one.sha256) for one in (first, second)] == ["match", "match"]
    assert EncryptingLocker(closed.root, other).verify(second.sha256) == "match"


def test_plain_and_encrypted_files_live_side_by_side(closed: EncryptingLocker) -> None:
    plain = Locker(closed.root).seal(BytesIO(b"before there was a key"))
    assert closed.verify(plain.sha256) == "match"
    with closed.open(plain.sha256) as stream:
        assert stream.read() == b"before there was a key"
    again = closed.seal(BytesIO(b"before there was a key"))
    assert again.path.suffix == ".age"
    rewrite(plain.path, b"changed")
    assert closed.verify(plain.sha256) == "mismatch"
    assert closed.remove(plain.sha256)
    assert not plain.path.exists()
    assert not again.path.exists()


def test_readers_of_files_get_plain_ones_for_as_long_as_they_read(closed: EncryptingLocker) -> None:
    sealed = closed.seal(BytesIO(b"log line"))
    with closed.plain([sealed.sha256]) as files:
        path = files[sealed.sha256]
        assert (path.name, path.read_bytes()) == (sealed.sha256, b"log line")
    assert not path.exists()


def test_plain_copies_of_a_reader_that_died_go_with_the_next_one(closed: EncryptingLocker) -> None:
    sealed = closed.seal(BytesIO(b"log line"))
    left = closed.root / "reading" / "left"
    left.mkdir(parents=True)
    (left / sealed.sha256).write_bytes(b"log line")
    with closed.plain([sealed.sha256]) as first, closed.plain([sealed.sha256]) as second:
        assert not left.exists()
        assert first[sealed.sha256].exists()
        assert second[sealed.sha256].exists()


def test_the_same_bytes_are_kept_once(closed: EncryptingLocker) -> None:
    first = closed.seal(BytesIO(b"twice"))
    content = first.path.read_bytes()
    assert closed.seal(BytesIO(b"twice")).path == first.path
    assert first.path.read_bytes() == content
    rewrite(first.path, content[:-1])
    with pytest.raises(Failed, match="Move it aside"):
        closed.seal(BytesIO(b"twice"))


def test_what_breaks_while_it_is_read_leaves_nothing(closed: EncryptingLocker) -> None:
    class Breaking(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(Unreadable, match="cannot be read"):
        closed.seal(Breaking())
    with pytest.raises(Refused, match="more than the 5 bytes"):
        closed.seal(BytesIO(b"x" * 6), limit=5)
    assert not [path for path in closed.root.rglob("*") if path.is_file() and path.name != "recipients"]


def test_a_full_disk_leaves_nothing_and_says_so(tiny: Locker, keys: Keys) -> None:
    with pytest.raises(Failed, match="cannot take more"):
        EncryptingLocker(tiny.root, keys).seal(BytesIO(os.urandom(8 * CHUNK)))
    assert not [path for path in tiny.root.rglob("*") if path.is_file() and path.name != "recipients"]


def test_whoever_stops_reading_early_leaves_no_thread_behind(closed: EncryptingLocker) -> None:
    sealed = closed.seal(BytesIO(os.urandom(8 * CHUNK)))
    with closed.open(sealed.sha256) as stream:
        assert len(stream.read(10)) == 10


@pytest.mark.parametrize("content", ["", "# nothing\n", "AGE-SECRET-KEY-1NOTAKEY\n", "age1abc\n"])
def test_a_file_without_a_key_is_refused_and_not_shown(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Refused) as problem:
        Keys(path)
    assert "NOTAKEY" not in str(problem.value)


def test_a_key_others_may_read_is_refused(keys: Keys) -> None:
    keys.path.chmod(0o640)
    with pytest.raises(Refused, match="Others may read"):
        Keys(keys.path)
    with pytest.raises(Refused, match="left alone"):
        make_key(keys.path)
    with pytest.raises(Refused, match="cannot be read"):
        Keys(keys.path.with_name("gone"))
