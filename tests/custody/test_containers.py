"""Formats by content, the hashes that images record, and what libewf says of them."""

from __future__ import annotations

import hashlib
import io
import random
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.custody.containers import MAGIC, Container, recognise, recognise_all
from hikeshi.custody.content import check_content

MD5, SHA1 = "0f" * 16, "a7" * 20
EWFTOOLS = shutil.which("ewfacquire") and shutil.which("ewfverify")
without_ewf = pytest.mark.skipif(not EWFTOOLS, reason="ewf-tools is not installed")


def e01(*sections: tuple[bytes, bytes]) -> bytes:
    """An E01 segment that has these sections and nothing else."""
    content = b"EVF\x09\x0d\x0a\xff\x00\x01\x01\x00\x00\x00"
    for kind, body in (*sections, (b"done", b"")):
        after = len(content) + (76 + len(body) if kind != b"done" else 0)
        content += struct.pack("<16sQQ40xI", kind, after, 76 + len(body), 0) + body
    return content


def ex01(*sections: tuple[int, bytes]) -> bytes:
    """An Ex01 file that has these sections and nothing else: each described behind its content."""
    content, before = b"EVF2\x0d\x0a\x81\x00" + bytes(24), 0
    for kind, body in sections:
        content += body
        at = len(content)
        content += struct.pack("<IIQQII16s12xI", kind, 0, before, len(body), 64, 0, b"", 0)
        before = at
    return content


def aff4(turtle: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("container.description", "aff4://c215ba20-5648-4209-a793-1f918c723610")
        archive.writestr("information.turtle", turtle)
    return out.getvalue()


TURTLE = f"""@prefix aff4: <http://aff4.org/Schema#> .
<aff4://image> a aff4:Image ; aff4:hash "{SHA1}"^^aff4:SHA1 , "{MD5}"^^aff4:MD5 .
<aff4://stream> a aff4:ImageStream ; aff4:hash "{MD5}"^^aff4:MD5 .
"""


@pytest.mark.parametrize(("at", "magic", "name"), MAGIC)
def test_each_format_is_known_by_its_content(at: int, magic: bytes, name: str) -> None:
    assert recognise(io.BytesIO(bytes(at) + magic + bytes(600))).name == name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", ""),
        (b"just text", ""),
        (b"PK\x05\x06" + bytes(18), "zip"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x04\x00" + bytes(40), "ELF core"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + bytes(40), "ELF"),
        (bytes(1536) + b"conectix" + bytes(504), "VHD"),
        (bytes(510) + b"\x55\xaaEFI PART" + bytes(1000), "raw (GPT)"),
    ],
)
def test_some_formats_show_themselves_elsewhere(content: bytes, name: str) -> None:
    assert recognise(io.BytesIO(content)) == Container(name)


def test_hashes_are_kept_as_an_e01_records_them() -> None:
    assert recognise(io.BytesIO(e01((b"volume", bytes(94)), (b"hash", bytes.fromhex(MD5) + bytes(20))))) == Container(
        "E01", {"md5": MD5}
    )
    digest = bytes.fromhex(MD5 + SHA1) + bytes(44)
    assert recognise(io.BytesIO(e01((b"digest", digest)))).recorded == {"md5": MD5, "sha1": SHA1}
    assert recognise(io.BytesIO(e01((b"hash", bytes(36))))).recorded == {}


def test_hashes_are_kept_as_an_ex01_records_them() -> None:
    image = ex01(
        (3, b"sector data"), (8, bytes.fromhex(MD5) + bytes(16)), (9, bytes.fromhex(SHA1) + bytes(12)), (15, b"")
    )
    assert recognise(io.BytesIO(image)) == Container("Ex01", {"md5": MD5, "sha1": SHA1})


def test_hashes_are_kept_as_an_aff4_states_them() -> None:
    assert recognise(io.BytesIO(aff4(TURTLE))) == Container(
        "AFF4", {"sha1": SHA1, "md5": MD5, "md5 aff4://stream": MD5}
    )


SAMPLES = (
    e01((b"volume", bytes(94)), (b"digest", bytes.fromhex(MD5 + SHA1) + bytes(44))),
    ex01((3, b"x" * 50), (8, bytes.fromhex(MD5) + bytes(16)), (15, b"")),
    aff4(TURTLE),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0), st.binary(max_size=9), st.integers(0))
def test_a_damaged_container_is_no_harm(sample: bytes, at: int, damage: bytes, end: int) -> None:
    at %= len(sample)
    found = recognise(io.BytesIO((sample[:at] + damage + sample[at + len(damage) :])[: end % (2 * len(sample))]))
    assert all(set(value) <= set("0123456789abcdef") for value in found.recorded.values())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([magic for at, magic, _ in MAGIC if not at]), st.binary(max_size=300))
def test_anything_behind_a_magic_is_no_harm(magic: bytes, rest: bytes) -> None:
    assert recognise(io.BytesIO(magic + rest)).name


def test_of_several_files_each_hash_has_its_name(tmp_path: Path) -> None:
    (tmp_path / "disk.E01").write_bytes(SAMPLES[0])
    (tmp_path / "notes.txt").write_bytes(b"notes")
    files = [(path.name, path) for path in sorted(tmp_path.iterdir())]
    assert recognise_all(files) == Container("E01", {"disk.E01: md5": MD5, "disk.E01: sha1": SHA1})


@pytest.fixture
def image(tmp_path: Path) -> dict[str, Path]:
    """An E01 in three segments, made by libewf."""
    raw = tmp_path / "raw.dd"
    raw.write_bytes(random.Random(1).randbytes(512 * 6000))
    command = ["ewfacquire", "-u", "-q", "-t", str(tmp_path / "disk"), "-f", "encase6", "-d", "sha1", "-c", "none"]
    subprocess.run([*command, "-S", "1500000", str(raw)], check=True, capture_output=True)
    return {f"case 7/{path.name}": path for path in sorted(tmp_path.glob("disk.E*"))}


@without_ewf
def test_an_image_of_libewf_records_the_hashes_of_its_content(image: dict[str, Path], tmp_path: Path) -> None:
    content = (tmp_path / "raw.dd").read_bytes()
    assert len(image) == 3
    found = recognise_all((path.name, path) for path in image.values())
    assert found == Container(
        "E01",
        {
            "disk.E03: md5": hashlib.md5(content).hexdigest(),
            "disk.E03: sha1": hashlib.sha1(content).hexdigest(),
        },
    )


@without_ewf
def test_content_that_is_as_recorded_matches(image: dict[str, Path]) -> None:
    assert check_content(image).result == "match"


@without_ewf
def test_content_that_was_changed_is_a_mismatch(image: dict[str, Path]) -> None:
    with image["case 7/disk.E02"].open("r+b") as stream:
        stream.seek(700_000)
        stream.write(b"changed")
    found = check_content(image)
    assert found.result == "mismatch"
    assert "case 7/disk.E01: MD5 as recorded" in found.reason


@without_ewf
def test_an_image_without_its_last_segment_could_not_be_checked(image: dict[str, Path]) -> None:
    found = check_content({name: path for name, path in image.items() if not name.endswith("E03")})
    assert found.result == "could-not-check"
    assert "is a segment missing?" in found.reason


def test_where_there_is_no_tool_or_no_image_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk.E01").write_bytes(SAMPLES[0])
    assert "There is no E01" in check_content({"notes.txt": tmp_path / "disk.E01"}).reason
    monkeypatch.setenv("PATH", "")
    found = check_content({"disk.E01": tmp_path / "disk.E01"})
    assert (found.result, found.reason) == ("could-not-check", "ewfverify is not installed (Debian: ewf-tools).")
