"""The child process: quick to start, alone with us, gone with us."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from hikeshi.errors import Failed
from hikeshi.simulation import cast
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.faults import Fault


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def until_gone(pid: int, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        os.sched_yield()
    return not is_running(pid)


def test_it_answers_within_seconds_knows_no_other_cloud_and_stops_at_once(cloud: SimulatedCloud) -> None:
    cloud.client("iam").create_user(UserName="only-there")
    started = time.monotonic()
    with SimulatedCloud() as own:
        assert own.client("sts").get_caller_identity()["Account"] == cast.ACCOUNT
        assert time.monotonic() - started < 20
        assert own.endpoint_url != cloud.endpoint_url
        assert own.client("iam").list_users()["Users"] == []
        pid = own._child.pid
        assert is_running(pid)
    assert not is_running(pid)
    own.stop()  # twice is harmless
    with pytest.raises(Failed, match="did not take"):
        own.reset()


def test_it_dies_with_the_process_that_started_it() -> None:
    program = """
        import os
        from hikeshi.simulation.cloud import SimulatedCloud
        print(SimulatedCloud()._child.pid, flush=True)
        os._exit(1)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)
    assert until_gone(int(done.stdout))


def test_it_listens_on_this_machine_only(cloud: SimulatedCloud) -> None:
    assert cloud.endpoint_url.startswith("http://127.0.0.1:")


def test_without_moto_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto", None)
    with pytest.raises(Failed) as refused:
        SimulatedCloud()
    assert "hikeshi[drill]" in refused.value.hint


def test_a_child_that_ends_at_once_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ModuleNotFoundError: no flask' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(Failed, match="no flask") as failed:
        SimulatedCloud()
    assert failed.value.hint


def test_the_callers_aws_settings_do_not_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    program = "import os; print(sorted(name for name in os.environ if name.startswith(('AWS_', 'MOTO_'))))"
    from hikeshi.simulation.cloud import _environment

    done = subprocess.run(
        [sys.executable, "-c", program], env=_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_reset_empties_the_account_and_brings_good_weather(cloud: SimulatedCloud) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName="somebody")
    cloud.switch([Fault(service="iam", error="denied", times=99)])
    cloud.reset()
    assert iam.list_users()["Users"] == []
