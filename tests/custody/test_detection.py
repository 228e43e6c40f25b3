"""Every single bit: of sealed files, of a manifest, of a hole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hikeshi.custody.locker import Locker, Sealed
from hikeshi.custody.manifest import ManifestEntry


def flipped(path: Path, places: range) -> Iterator[tuple[int, int]]:
    """Each bit of the bytes at `places` in turn, flipped in the file; afterwards it is as it was."""
    path.chmod(0o600)
    with path.open("r+b", buffering=0) as stream:
        for place in places:
            stream.seek(place)
            (byte,) = stream.read(1)
            for bit in range(8):
                stream.seek(place)
                stream.write(bytes([byte ^ 1 << bit]))
                yield place, bit
            stream.seek(place)
            stream.write(bytes([byte]))


def test_every_bit_of_sealed_files_and_of_their_manifest_is_watched(locker: Locker, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name, content in (("a", b"\x00"), ("b", b"bash history"), ("c", bytes(range(64)))):
        (folder / name).write_bytes(content)
    sealed, manifest = locker.seal_tree(folder, also=("sha512", "blake3"))
    held: list[ManifestEntry | Sealed] = [*manifest.entries, sealed]
    for entry in held:
        path = locker.path(entry.sha256)
        unnoticed = [
            where for where in flipped(path, range(path.stat().st_size)) if locker.verify(entry.sha256) != "mismatch"
        ]
        assert unnoticed == []
        assert locker.verify(entry.sha256, sha512=entry.sha512, blake3=entry.blake3) == "match"


def test_every_bit_of_a_recorded_hash_is_watched(locker: Locker, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    sealed = locker.seal(tmp_path / "x", also=("sha512", "blake3"))
    for name, value in (("sha512", sealed.sha512), ("blake3", sealed.blake3)):
        for bit in range(len(value) * 4):
            wrong = f"{int(value, 16) ^ 1 << bit:0{len(value)}x}"
            assert locker.verify(sealed.sha256, **{name: wrong}) == "mismatch"


def test_a_file_that_grew_or_shrank_is_noticed(locker: Locker, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"xyz")
    sealed = locker.seal(tmp_path / "x")
    sealed.path.chmod(0o600)
    for content in (b"", b"xy", b"xyz\x00", b"xyzxyz"):
        sealed.path.write_bytes(content)
        assert locker.verify(sealed.sha256) == "mismatch"


def test_bits_in_a_hole_are_watched(locker: Locker, tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(1 << 20)
    sealed = locker.seal(tmp_path / "sparse")
    for places in (range(1), range(5000, 5001), range((1 << 20) - 1, 1 << 20)):
        assert all(locker.verify(sealed.sha256) == "mismatch" for _ in flipped(sealed.path, places))
    assert locker.verify(sealed.sha256) == "match"
