"""`asset policy`: what Hikeshi must be allowed to read for `asset import --aws`."""

from __future__ import annotations

from hikeshi.aws import inventory
from hikeshi.doors.cli.answer import Answer


def show_policy() -> Answer:
    """The least-privilege IAM policy for `asset import --aws`, as JSON ready for AWS."""
    return Answer(inventory.policy(), pretty=True)
