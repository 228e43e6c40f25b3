"""The whole story in one command, over generated and over real logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hikeshi.simulation import cast

HIKESHI = Path(sys.executable).with_name("hikeshi")


def demo(home: Path, *options: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIKESHI_")}
    done = subprocess.run(
        [HIKESHI, "--home", home, "--json", "demo", "--no-serve", *options],
        env=environment, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["as_expected"]
    assert document["simulated"]
    return document


def facts(document: dict[str, Any], key: str) -> dict[str, Any]:
    """The facts of the stage that tells `key`."""
    return next(stage["facts"] for stage in document["stages"] if key in stage["facts"])


@pytest.mark.slow
def test_the_story_over_generated_logs(tmp_path: Path) -> None:
    document = demo(tmp_path)
    contained = facts(document, "seconds_queue_to_verified")
    assert (contained["severity"], contained["interfaces"], contained["grade"]) == ("SEV-2", 2, "configured")
    assert facts(document, "deliveries") == {"deliveries": 2, "alerts": 1}
    assert facts(document, "unreadable_count")["unreadable_count"] == 1
    assert any(name.startswith(f"attacker {cast.ATTACKER}") for name in facts(document, "why"))
    proof = facts(document, "edited_row")
    assert proof["whole"] is True
    assert proof["found_at"] == [proof["edited_row"]]


@pytest.mark.slow
def test_the_story_over_real_logs(tmp_path: Path, shared_data: Path) -> None:
    folder, attacker, events = "sans504-s3-ransomware", "3.238.12.183", 37
    if not (shared_data / folder).is_dir():
        pytest.skip(f"../shared/data/{folder} is not here")
    document = demo(tmp_path, "--lang", "ja", "--logs", str(shared_data / folder))
    assert facts(document, "why")[f"attacker {attacker}"] == events
    text = next((tmp_path / "reports").glob("*post-mortem.ja.md")).read_text()
    for heading in ("基本情報", "概要", "時系列", "根本原因", "再発防止策"):
        assert f"## {heading}" in text
    assert attacker in text or "攻撃者" in text


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [HIKESHI, "--home", tmp_path / "home", "demo", "--no-serve", "--logs", tmp_path / "gone"],
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 3
    assert b"is not a folder" in done.stderr
    assert b"Traceback" not in done.stderr
