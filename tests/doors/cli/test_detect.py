"""Rules at the command line, with a database and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.incidents.models import Incident

TRAIL = str(Path(__file__).parents[2] / "samples" / "cloudtrail" / "s3.json")
RULE = """
title: Somebody called
id: 0c2c4a0e-5d0d-4c66-9c1c-3a0f2b8f3f10
level: high
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: '*'}, condition: s}
"""


@pytest.fixture
def rules(tmp_path: Path) -> str:
    (tmp_path / "called.yml").write_text(RULE)
    return str(tmp_path)


def _lines(text: str) -> list[str]:
    return text.splitlines()


def test_a_timeline_and_the_files_themselves_give_the_same_hits(
    admin: Keyboard, incident: Incident, rules: str
) -> None:
    admin.json("timeline", "build", incident.name, "main", TRAIL)
    kept = admin("timeline", "detect", incident.name, "main", "--rules", rules, "--json")
    typed = admin("events", "detect", TRAIL, "--rules", rules, "--json")
    assert (kept.code, typed.code) == (0, 0)
    assert kept.out == typed.out
    [line] = _lines(kept.out)
    assert '"rule":"0c2c4a0e-5d0d-4c66-9c1c-3a0f2b8f3f10","title":"Somebody called","file":"called.yml","level":"high","hits":' in line  # fmt: skip


def test_a_rule_with_a_mistake_is_named_on_stderr_only(keyboard: Keyboard, rules: str) -> None:
    (Path(rules) / "broken.yml").write_text("title: [")
    typed = keyboard("events", "detect", TRAIL, "--rules", rules, "--json")
    assert typed.code == 0
    assert len(_lines(typed.out)) == 1
    assert "broken.yml" in typed.err


def test_a_log_that_cannot_be_read_is_5_and_a_missing_folder_3(keyboard: Keyboard, rules: str, tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(b"no log at all")
    assert keyboard("events", "detect", str(tmp_path / "noise.bin"), "--rules", rules, "--json").code == 5
    assert keyboard("events", "detect", TRAIL, "--rules", str(tmp_path / "nowhere"), "--json").code == 3


def test_our_own_pack_is_asked_besides_only_where_it_is_wanted(keyboard: Keyboard, rules: str) -> None:
    alone = _lines(keyboard("events", "detect", TRAIL, "--json").out)
    named = _lines(keyboard("events", "detect", TRAIL, "--rules", rules, "--json").out)
    both = _lines(keyboard("events", "detect", TRAIL, "--rules", rules, "--own", "--json").out)
    assert sorted(both) == sorted(alone + named)
