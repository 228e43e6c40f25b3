"""What an instance has written on its console, as EC2 keeps it. Reads only."""

from __future__ import annotations

import re
from typing import Final

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed

MOST_TEXT: Final = 64 * 1024
"""EC2 keeps as much (Amazon EC2 API Reference, GetConsoleOutput)."""
CRASH: Final = re.compile(r"Kernel panic|kdump: |\bNMI: ", re.IGNORECASE)


def console_text(world: AwsWorld, instance_id: str) -> tuple[str, str]:
    """The text and when it was taken (RFC 3339). Only Nitro instances tell the latest; of others it is what EC2 took some time ago.

    botocore decodes the answer's base64.
    """
    try:
        told = world.read("ec2", "GetConsoleOutput", InstanceId=instance_id, Latest=True)
    except CallFailed as failure:
        if failure.code not in ("InvalidParameterValue", "UnsupportedOperation", "InvalidParameterCombination"):
            raise
        told = world.read("ec2", "GetConsoleOutput", InstanceId=instance_id)
    moment = told.get("Timestamp")
    return str(told.get("Output", ""))[-MOST_TEXT:], moment.isoformat() if moment else ""


def crashes(text: str) -> int:
    """How many lines speak of a crash."""
    return sum(1 for line in text.splitlines() if CRASH.search(line))
