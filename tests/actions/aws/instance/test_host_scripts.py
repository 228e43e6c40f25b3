"""The scripts that run on real hosts, run for real: the firewall in a network namespace of its own, never on this machine's network."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from hikeshi.actions.aws.instance import host_firewall, host_triage

FIREWALL, TRIAGE = host_firewall.SCRIPTS["Linux"], host_triage.SCRIPTS["Linux"]
TOOLS = all(shutil.which(tool) for tool in ("nft", "ss", "unshare", "ip", "setsid"))


def _namespaces() -> bool:
    return (
        TOOLS
        and subprocess.run(["unshare", "-n", "nft", "list", "ruleset"], capture_output=True, check=False).returncode
        == 0
    )


needs_namespace = pytest.mark.skipif(
    not _namespaces(), reason="needs root, nft, ss and a network namespace of its own (unshare -n)"
)
needs_shell = pytest.mark.skipif(
    not shutil.which("gzip") or not shutil.which("timeout"), reason="needs gzip and timeout"
)


def filled(mode: str, *, seconds: int = 60, allow: str = "192.0.2.9,2001:db8::/64") -> str:
    script = FIREWALL
    for name, value in {"MODE": mode, "TOKEN": "ab12", "SECONDS": str(seconds), "ALLOW": allow}.items():
        script = script.replace(f"@{name}@", value)
    return script


class Namespace:
    """A network of its own, with two addresses on its loop and a rule of its owner; it ends with the process that holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        setting_up = """
            ip link set lo up; ip address add 192.0.2.1/32 dev lo; ip address add 192.0.2.9/32 dev lo
            nft add table inet other; nft add chain inet other c '{ type filter hook input priority 0; policy accept; }'
            echo ready; exec sleep 60
        """
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", setting_up], stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout
        assert self.holder.stdout.readline() == "ready\n"

    def run(self, *command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        inside = ["nsenter", "-t", str(self.holder.pid), "-n", *command]
        state = {**os.environ, "HIKESHI_STATE": str(self.folder / "state")}
        return subprocess.run(inside, input=text, capture_output=True, text=True, timeout=120, check=False, env=state)

    def firewall(self, mode: str, seconds: int = 60) -> dict[str, object]:
        ran = self.run("sh", text=filled(mode, seconds=seconds))
        assert (ran.returncode, ran.stderr) == (0, "")
        told: dict[str, object] = json.loads(ran.stdout)
        return told

    def end(self) -> None:
        self.holder.kill()
        self.holder.wait()


@pytest.fixture
def namespace(tmp_path: Path) -> object:
    held = Namespace(tmp_path)
    yield held
    held.end()


@needs_namespace
def test_the_firewall_closes_is_confirmed_and_leaves_no_trace(namespace: Namespace) -> None:
    before = namespace.run("nft", "list", "ruleset").stdout
    closed = namespace.firewall("on")
    assert (closed["table"], closed["waiting"]) == (True, True)
    rules = namespace.run("nft", "list", "table", "inet", "hikeshi_isolation").stdout
    assert "192.0.2.9" in rules
    assert rules.count("policy drop") == 3
    assert namespace.firewall("confirm")["waiting"] is False
    opened = namespace.firewall("off")
    assert (opened["table"], opened["ruleset_sha256"]) == (False, closed["ruleset_sha256"])
    assert namespace.run("nft", "list", "ruleset").stdout == before
    assert list(namespace.folder.iterdir()) == []


@needs_namespace
def test_what_nobody_confirms_is_taken_back_by_the_host(namespace: Namespace) -> None:
    namespace.firewall("on", seconds=1)
    time.sleep(1.5)
    assert namespace.firewall("look")["table"] is False
    assert namespace.run("sh", text=filled("confirm")).returncode == 6


TALK = """
import socket, sys, time
listening = socket.create_server((sys.argv[1], 5000)); talking = socket.create_connection((sys.argv[1], 5000))
heard, _ = listening.accept(); print("ready", flush=True); time.sleep(20)
"""


@needs_namespace
def test_open_connections_to_elsewhere_are_destroyed_and_allowed_ones_are_not(namespace: Namespace) -> None:
    python = shutil.which("python3") or "python3"
    talks = []
    for address in ("192.0.2.1", "192.0.2.9"):
        inside = ["nsenter", "-t", str(namespace.holder.pid), "-n", python, "-c", TALK, address]
        talks.append(subprocess.Popen(inside, stdout=subprocess.PIPE, text=True))
        assert talks[-1].stdout.readline() == "ready\n"  # type: ignore[union-attr]
    told = namespace.firewall("on")
    for talk in talks:
        talk.kill()
        talk.wait()
    assert len(told["before"]) == 2  # type: ignore[arg-type]  # both ends of the one to elsewhere
    assert all("192.0.2.1:" in one for one in told["before"])  # type: ignore[attr-defined]
    assert told["left"] == []


@pytest.mark.parametrize("allow", ["$(id)", "192.0.2.9;reboot", "a' b"])
def test_nothing_but_addresses_gets_into_the_rules(allow: str) -> None:
    if not TOOLS:
        pytest.skip("needs nft and ss")
    script = FIREWALL.replace("ALLOW='@ALLOW@'", 'ALLOW="$GIVEN"').replace("@MODE@", "look").replace("@SECONDS@", "9")
    ran = subprocess.run(
        ["unshare", "-n", "sh"], input=script.replace("@TOKEN@", "ab"), env={**os.environ, "GIVEN": allow},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 5


@needs_shell
def test_triage_of_this_very_host_is_quick_whole_and_fits() -> None:
    before = os.times()
    ran = subprocess.run(["sh"], input=TRIAGE, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0
    after = os.times()  # processor time: a busy machine is no defect
    assert after.children_user + after.children_system - before.children_user - before.children_system < 10
    assert len(ran.stdout) < 24_000
    found = host_triage.unpacked(ran.stdout)
    assert list(found.sections)[:3] == ["host", "sockets", "processes"]
    assert socket.gethostname() in found.sections["host"]


@needs_shell
def test_triage_that_is_too_long_gives_its_beginning() -> None:
    script = TRIAGE.replace("KEPT_BYTES=17000", "KEPT_BYTES=600")
    ran = subprocess.run(["sh"], input=script, capture_output=True, text=True, timeout=60, check=False)
    found = host_triage.unpacked(ran.stdout)
    assert not found.whole
    assert "host" in found.sections


@pytest.mark.parametrize("script", [FIREWALL, TRIAGE])
def test_the_scripts_are_plain_shell(script: str) -> None:
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs shellcheck")
@pytest.mark.parametrize("script", [FIREWALL, TRIAGE])
def test_shellcheck_has_nothing_to_say(script: str) -> None:
    ran = subprocess.run(["shellcheck", "-s", "sh", "-"], input=script, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
