"""Would it work now? What has to be true for an action to work, asked before it burns; reading only. The table is the list of all questions.

`asking.py` asks them, `verdicts.py` says from the answers which actions would fail.
"""

from __future__ import annotations

from hikeshi.actions.aws.preflight import (
    acl_room,
    agents,
    clock,
    delivery,
    endpoints,
    evidence_bucket,
    evidence_key,
    guardduty,
    isolation_group,
    permissions,
    roles,
    snapshot_room,
    trails,
)
from hikeshi.actions.aws.preflight.question import Question

QUESTIONS: dict[str, Question] = {
    "acl_room": acl_room.QUESTION,
    "agents": agents.QUESTION,
    "clock": clock.QUESTION,
    "delivery": delivery.QUESTION,
    "endpoints": endpoints.QUESTION,
    "evidence_bucket": evidence_bucket.QUESTION,
    "evidence_key": evidence_key.QUESTION,
    "guardduty": guardduty.QUESTION,
    "isolation_group": isolation_group.QUESTION,
    "permissions": permissions.QUESTION,
    "role_acquire": roles.ACQUIRE,
    "role_contain": roles.CONTAIN,
    "role_eradicate": roles.ERADICATE,
    "role_read": roles.READ,
    "snapshot_room": snapshot_room.QUESTION,
    "trails": trails.QUESTION,
}

PERMISSIONS: tuple[str, ...] = tuple(
    sorted({permission for question in QUESTIONS.values() for permission in question.permissions})
)
"""What asking them all takes: part of the policy of the role that reads."""
