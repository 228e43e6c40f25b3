from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events import archives
from hikeshi.events.event import Event
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Limits, Source

SAMPLES = Path(__file__).parents[1] / "samples"
TRAIL = (SAMPLES / "cloudtrail" / "lines.jsonl").read_bytes()
FLOWS = (SAMPLES / "vpcflow" / "v2-no-header.log").read_bytes()


def zipped(members: dict[str, bytes], *, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def found(content: bytes, *, limits: Limits | None = None) -> tuple[list[Event], list[str]]:
    both = list(read(Source.of(content, limits=limits)))
    return [e for e in both if isinstance(e, Event)], [str(u) for u in both if isinstance(u, Unreadable)]


def plain(content: bytes) -> list[bytes]:
    return [event.raw for event in read(Source.of(content)) if isinstance(event, Event)]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_each_member_is_a_log_of_its_own(packing: int) -> None:
    events, bad = found(
        zipped({"a/trail.json": TRAIL, "b/flows.log.gz": gzip.compress(FLOWS), "b/": b""}, packing=packing)
    )
    assert [event.raw for event in events] == [*plain(TRAIL), *plain(FLOWS)]
    assert {event.path for event in events} == {"memory!a/trail.json", "memory!b/flows.log.gz"}
    assert {event.source_kind for event in events} == {"cloudtrail", "vpcflow"}
    assert not bad


def test_an_event_is_known_again_and_places_in_two_members_are_two() -> None:
    content = zipped({"1.log": (SAMPLES / "timesketch" / "rows.csv").read_bytes(), "2": TRAIL, "3": TRAIL})
    events, _ = found(content)
    outside = {event.event_uid for event in read(Source.of(TRAIL)) if isinstance(event, Event)}
    assert outside <= {event.event_uid for event in events}
    web = (SAMPLES / "webaccess" / "combined.log").read_bytes()
    twice, _ = found(zipped({"one": web, "two": web}))
    assert len({event.event_uid for event in twice}) == len(twice) == 2 * len(plain(web))


def test_a_file_on_disk_is_read_in_place_packed_or_not(tmp_path: Path) -> None:
    content = zipped({"t": TRAIL})
    (tmp_path / "a.zip").write_bytes(content)
    (tmp_path / "b.zip.gz").write_bytes(gzip.compress(content))
    events = [event for event in parse([tmp_path]) if isinstance(event, Event)]
    assert len(events) == 2 * len(plain(TRAIL))
    assert len({event.evidence_sha256 for event in events}) == 2


def test_names_lead_nowhere_and_cannot_talk_to_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"../../evil\x1b[2J\u202e.log": TRAIL, "/etc/x" + "y" * 999: TRAIL}))
    paths = {event.path for event in parse([tmp_path]) if isinstance(event, Event)}
    assert any(path.endswith("!../../evil\\u001b[2J\\u202e.log") for path in paths)
    assert all(len(path) < 500 and path.isprintable() for path in paths)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("inner", [zipped({"a": TRAIL}), b"7z\xbc\xaf\x27\x1c....", b"\0" * 257 + b"ustar", zipped({})])
def test_an_archive_in_an_archive_is_refused_and_the_rest_read(inner: bytes) -> None:
    events, bad = found(zipped({"inner.bin": inner, "trail": TRAIL}))
    assert len(events) == len(plain(TRAIL))
    assert bad == [f"memory, inner.bin: an archive inside an archive is not read. {archives.UNPACK}"]


def test_a_member_that_is_no_log_is_named() -> None:
    assert found(zipped({"read.me": b"hello"}))[1][0].startswith("memory!read.me: this is no log that is known")


def test_a_member_that_is_encrypted_or_a_link_is_named() -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("secret", TRAIL)
    content = out.getvalue()
    at = content.rindex(b"PK\x01\x02")
    content = content[: at + 8] + b"\x01" + content[at + 9 :]
    assert [text.partition(": ")[2][:30] for text in found(content)[1]] == [
        "this member is a symbolic link", "this member is encrypted. Unpa",
    ]  # fmt: skip


def test_a_member_that_grows_without_bounds_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FREE", 1 << 20)
    monkeypatch.setattr(archives, "RATIO", 10)
    events, bad = found(zipped({"bomb": TRAIL + b"\n" * (64 << 20), "trail": TRAIL}))
    assert len(events) == 2 * len(plain(TRAIL))
    assert "grows to more than 10 times its size" in bad[0]


def test_all_members_together_have_a_limit() -> None:
    members = {f"{number}.log": TRAIL for number in range(20)}
    events, bad = found(zipped(members), limits=Limits(file=3 * len(TRAIL)))
    assert 3 * len(plain(TRAIL)) <= len(events) < 20 * len(plain(TRAIL))
    assert any("the rest was not read" in text for text in bad)


def test_so_many_members_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MEMBERS", 2)
    events, bad = found(zipped(dict.fromkeys("abc", TRAIL)))
    assert len(events) == 2 * len(plain(TRAIL))
    assert "more than 2 members" in bad[0]


def test_a_directory_that_would_fill_the_memory_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "DIRECTORY", 40)
    assert "the directory of the archive is longer" in found(zipped({"a": TRAIL}))[1][0]


def test_a_damaged_member_costs_no_other() -> None:
    content = bytearray(zipped({"a": TRAIL, "b": FLOWS}, packing=zipfile.ZIP_STORED))
    content[content.index(TRAIL[:20]) + 3] ^= 1
    events, bad = found(bytes(content))
    assert events[-1].raw == plain(FLOWS)[-1]
    assert any("the archive is damaged" in text for text in bad)


def test_a_cut_off_archive_says_so() -> None:
    assert "the archive has no directory that can be read" in found(zipped({"a": TRAIL})[:-30])[1][0]


@settings(max_examples=80, deadline=None)
@given(hits=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=6))
def test_damage_anywhere_never_raises(hits: list[tuple[int, int]]) -> None:
    content = bytearray(zipped({"a": TRAIL[:2000], "b": FLOWS[:500]}))
    for at, value in hits:
        content[at % len(content)] = value
    for one in read(Source.of(bytes(content))):
        assert isinstance(one, Event | Unreadable)
