"""Tags on AWS resources: how a step is recognised by what it made, within AWS's limits. A hint for people, never believed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused

INCIDENT_TAG = "hikeshi:incident"
STEP_TAG = "hikeshi:step"

MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256


def tag_specification(kind: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Tags given in the creating call itself, so that there is no moment without them."""
    return {"ResourceType": kind, "Tags": tag_list(tags)}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """AWS's list form. Raises `Refused` where AWS would refuse, or where a simulator would wrongly accept."""
    for key, value in tags.items():
        if len(key) > MAX_TAG_KEY or len(value) > MAX_TAG_VALUE:
            hint = f"AWS allows {MAX_TAG_KEY} characters in a tag key and {MAX_TAG_VALUE} in a value."
            raise Refused(
                f"The tag {key[:MAX_TAG_KEY]} is too long ({len(key)} and {len(value)} characters).", hint=hint
            )
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def step_mark(world: AwsWorld, limit: int) -> str:
    """The step's name in at most `limit` characters, the same on every repeat: how an earlier attempt is recognised."""
    mark = f"hikeshi {world.step}"
    return mark if len(mark) <= limit else f"hikeshi {hashlib.sha256(world.step.encode()).hexdigest()[:32]}"
