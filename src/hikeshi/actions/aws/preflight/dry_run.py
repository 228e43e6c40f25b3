"""Asking EC2 itself, without doing anything: DryRun.

EC2 API Reference, Common query parameters: with DryRun the answer is always an error, DryRunOperation where the call would have been allowed
and UnauthorizedOperation where not. It judges permission only, not whether the call makes sense. IAM, S3, SSM and Auto Scaling have none.
"""

from __future__ import annotations

from typing import Any

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import DENIED, CallFailed


def dry_run(world: AwsWorld, service: str, operation: str, **params: Any) -> tuple[bool | None, str]:
    """Allowed, refused, or None where the answer says neither; and the code AWS gave."""
    try:
        world.read(service, operation, DryRun=True, **params)
    except CallFailed as failure:
        if failure.code == "DryRunOperation":
            return True, failure.code
        return (False if failure.code in DENIED else None), failure.code
    return None, "no answer"  # a dry run that succeeds was none
