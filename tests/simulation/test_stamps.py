"""Stamps and drift: what was simulated, and what is not that any more."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from hikeshi.actions import ACTIONS
from hikeshi.actions.fingerprint import fingerprint, modules
from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.playbook import Playbook
from hikeshi.playbooks.shelf import library
from hikeshi.simulation import stamps
from hikeshi.simulation.simulating import Report

TODAY = date(2026, 11, 27)


def nothing(name: str) -> Playbook:
    raise Refused(name)


def stamped(book: Playbook) -> stamps.Stamp:
    report = Report(playbook=book.name, version=book.version, digest=book.digest, traces=())
    return stamps.stamp_of(report, book, nothing, TODAY)


def test_a_fingerprint_is_of_the_action_what_it_is_built_on_and_its_scripts() -> None:
    assert len({fingerprint(name) for name in ACTIONS}) == len(ACTIONS)
    used = modules(ACTIONS["aws.ec2.isolate"].__module__)
    assert {"hikeshi.actions.aws.network.isolation", "hikeshi.actions.aws.network.isolate"} <= used
    assert "hikeshi.actions.aws.world" not in used
    with pytest.raises(Refused, match="no action"):
        fingerprint("aws.ec2.smile")


def test_drift_says_what_has_changed_since() -> None:
    book = library()["compromised-ec2"]
    good = stamped(book)
    assert "aws.ec2.isolate" in good.actions

    def state(stamp: stamps.Stamp | None) -> stamps.Drift:
        return stamps.drift([book], {book.name: stamp} if stamp else {}, nothing)[0]

    assert (state(None).state, state(good).state, state(good).simulated_on) == ("never", "fresh", TODAY)
    assert state(msgspec.structs.replace(good, digest="0" * 64)).state == "changed"
    moved = state(msgspec.structs.replace(good, actions={**good.actions, "aws.ec2.isolate": "0" * 64}))
    assert (moved.state, moved.changed_actions) == ("actions_changed", ("aws.ec2.isolate",))


def test_stamps_are_kept_beside_each_other_and_a_broken_file_is_named(tmp_path: Path) -> None:
    books = [library()["compromised-ec2"], library()["ransomware"]]
    for book in books:
        stamps.write(tmp_path, {book.name: stamped(book)})
    assert stamps.read(tmp_path) == {book.name: stamped(book) for book in books}
    (tmp_path / stamps.NAME).write_text("[]")
    with pytest.raises(Unreadable, match=r"simulated\.json"):
        stamps.read(tmp_path)
