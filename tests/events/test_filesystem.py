from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hikeshi.errors import Refused, Unreadable
from hikeshi.events.columns import batch
from hikeshi.events.event import Event
from hikeshi.events.filesystem import walked

SECOND = 1_000_000_000
NOON = 1_794_018_667 * SECOND  # 2026-11-07 02:31:07 UTC


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "mnt"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc" / "passwd").write_text("root")
    os.utime(folder / "etc" / "passwd", ns=(NOON + 5, NOON + 123_456_789))
    return folder


def found(folder: Path) -> tuple[list[Event], list[Unreadable]]:
    both = list(walked(folder))
    return [e for e in both if isinstance(e, Event)], [u for u in both if isinstance(u, Unreadable)]


def of(folder: Path, path: str) -> dict[str, Event]:
    return {event.ts_desc: event for event in found(folder)[0] if event.file_path == path}


def test_each_time_of_a_file_is_an_event_with_its_letter(tree: Path) -> None:
    events = of(tree, "/etc/passwd")
    modified, accessed = events["m..."], events[".a.."]
    assert (modified.ts, modified.ts_sub, modified.ts_precision) == (NOON // 1000 + 123_456, 789, "ns")
    assert (accessed.ts, accessed.ts_sub) == (NOON // 1000, 5)
    assert "..c." in events
    assert modified.message == "m... /etc/passwd"
    assert (modified.file_size, modified.actor_id) == (4, str(os.getuid()))
    assert json.loads(modified.attrs or b"")["kind"] == "file"


def test_equal_times_are_one_event(tree: Path) -> None:
    os.utime(tree / "etc" / "passwd", ns=(NOON, NOON))
    assert set(of(tree, "/etc/passwd")) == {"ma..", "..c."}


def test_a_time_of_zero_was_never_set_and_one_before_1970_is_one(tree: Path) -> None:
    os.utime(tree / "etc" / "passwd", ns=(0, -7 * SECOND))
    events = of(tree, "/etc/passwd")
    assert set(events) == {"m...", "..c."}
    assert events["m..."].ts == -7_000_000


def test_links_are_seen_and_not_followed_and_loops_end(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "away").symlink_to("/")
    (tree / "broken").symlink_to("nowhere")
    events, bad = found(tree)
    assert not bad
    links = {event.file_path for event in events if json.loads(event.attrs or b"")["kind"] == "link"}
    assert links == {"/loop", "/away", "/broken"}
    assert {event.file_path for event in events} == {"/", "/etc", "/etc/passwd"} | links


def test_a_folder_that_cannot_be_opened_is_counted_and_the_rest_goes_on(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "closed").mkdir()
    opened = os.open

    def closed(path: bytes, how: int) -> int:  # the tests may run as root, whom nothing stops
        if path.endswith(b"closed"):
            raise PermissionError(13, "Permission denied")
        return opened(path, how)

    monkeypatch.setattr(os, "open", closed)
    events, bad = found(tree)
    assert [str(one) for one in bad] == [f"{tree}, /closed: it cannot be opened: Permission denied"]
    assert {event.file_path for event in events} == {"/", "/closed", "/etc", "/etc/passwd"}


def test_names_that_are_no_text_are_shown_as_escapes(tree: Path) -> None:
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff\n")).write_text("")
    events, _ = found(tree)
    assert any(event.file_path == "/\\xff\n" for event in events)
    batch(events)


def test_a_deep_tree_is_walked(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(300):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    events, bad = found(tmp_path)
    assert not bad
    assert max(len(event.file_path or "") for event in events) == 600


def test_walking_again_gives_the_same_ids_and_two_hosts_have_two(tree: Path) -> None:
    once = {event.event_uid for event in walked(tree, host="a") if isinstance(event, Event)}
    again = {event.event_uid for event in walked(tree, host="a") if isinstance(event, Event)}
    other = {event.event_uid for event in walked(tree, host="b") if isinstance(event, Event)}
    assert once == again
    assert not once & other


def test_what_is_no_folder_is_refused(tree: Path) -> None:
    with pytest.raises(Refused, match="is no folder"):
        list(walked(tree / "etc" / "passwd"))
