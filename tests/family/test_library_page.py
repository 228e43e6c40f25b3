"""The page for programmers: every block of code on it runs, and its policy names what the code asks of AWS."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from hikeshi.events import lookup, s3
from hikeshi.simulation.cloud import SimulatedCloud
from simulated import cloud

__all__ = ["cloud"]

PAGE = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")
SAMPLES = Path(__file__).parents[1] / "samples"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: SimulatedCloud) -> None:
    """A folder with the logs that the page names, and AWS as the SDK finds it."""
    cloud.reset()
    for name, value in {"ENDPOINT_URL": cloud.endpoint_url, "ACCESS_KEY_ID": "sim", "SECRET_ACCESS_KEY": "sim"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    shutil.copytree(SAMPLES / "cloudtrail", tmp_path / "trail")
    shutil.copy(SAMPLES / "vpcflow" / "v2-header.log", tmp_path / "flow.log")
    shutil.copy(next((SAMPLES / "webaccess").iterdir()), tmp_path / "access.log")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("somewhere")
@pytest.mark.parametrize("block", BLOCKS)
def test_the_code_on_the_page_runs(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block, "docs/library.md", "exec"), {})
    assert capsys.readouterr().out.strip()


@pytest.mark.usefixtures("somewhere")
def test_one_call_puts_cloudtrail_flows_and_application_logs_in_one_order() -> None:
    found: dict[str, list[dict[str, str]]] = {}
    exec(BLOCKS[0], found)  # its names become ours
    lines = found["lines"]
    assert {"cloudtrail", "vpcflow", "webaccess"} <= {line["source"] for line in lines}
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)


def test_the_policy_on_the_page_names_what_is_asked() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    allowed = {statement["Action"] for statement in json.loads(block)["Statement"]}
    assert allowed == {*lookup.PERMISSIONS, *s3.PERMISSIONS}
