"""Packed, damaged and cut-off files."""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events.unpacking import unpack

CONTENT = b"".join(b"line %d of a log that is not too regular %d\n" % (n, n * n * 7919 % 1013) for n in range(40_000))
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "bzip2": bz2.compress,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
every_packing = pytest.mark.parametrize("pack", PACKED.values(), ids=list(PACKED))


def unpacked(data: bytes) -> tuple[bytes, Unreadable | None]:
    pieces = []
    try:
        for piece in unpack(io.BytesIO(data), "a.log"):
            pieces.append(piece)  # noqa: PERF402  what came before the error counts
    except Unreadable as trouble:
        return b"".join(pieces), trouble
    return b"".join(pieces), None


@every_packing
def test_packing_is_undone(pack: Callable[[bytes], bytes]) -> None:
    assert unpacked(pack(CONTENT)) == (CONTENT, None)


@every_packing
def test_packed_files_put_together_are_one_content(pack: Callable[[bytes], bytes]) -> None:
    assert unpacked(pack(b"one\n") + pack(b"two\n")) == (b"one\ntwo\n", None)


@every_packing
def test_of_a_cut_off_file_the_readable_part_is_kept_and_the_offset_named(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(CONTENT)
    content, trouble = unpacked(packed[: len(packed) // 2])
    assert CONTENT.startswith(content)
    assert len(content) > len(CONTENT) // 4 or pack is bz2.compress  # bzip2 unpacks whole blocks only
    assert trouble is not None
    assert "cut off" in str(trouble)
    assert f"byte {len(packed) // 2:,}" in trouble.place


@every_packing
def test_other_bytes_behind_the_data_are_said(pack: Callable[[bytes], bytes]) -> None:
    content, trouble = unpacked(pack(CONTENT) + b"rm -rf")
    assert content == CONTENT
    assert trouble is not None
    assert "other bytes follow" in str(trouble)


def test_a_wrong_checksum_is_damage() -> None:
    packed = bytearray(gzip.compress(CONTENT))
    packed[-6] ^= 0xFF
    content, trouble = unpacked(bytes(packed))
    assert trouble is not None
    assert "damaged" in str(trouble)
    assert CONTENT.startswith(content)


def test_zeros_behind_the_data_are_padding() -> None:
    assert unpacked(gzip.compress(b"one\n") + b"\0" * 512) == (b"one\n", None)


@given(st.binary(max_size=300))
def test_what_is_not_packed_comes_as_it_is(data: bytes) -> None:
    content, trouble = unpacked(b"#" + data)
    assert (content, trouble) == (b"#" + data, None)


@given(st.sampled_from(sorted(PACKED)), st.binary(max_size=200), st.integers(0, 400))
def test_no_damage_raises_anything_else(name: str, data: bytes, at: int) -> None:
    packed = PACKED[name](CONTENT[:500])
    unpacked(packed[:at] + data + packed[at + len(data) :])
