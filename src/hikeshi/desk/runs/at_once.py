"""One yes for the plans of all targets of one step: two hundred hosts at three in the morning are not approved one by one.

It is no wider than so many single ones: each plan is named by its digest as it was shown, each has its own yes in the record, and what
its table asks for counts for each by itself.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.runs.approvals import approve
from hikeshi.desk.runs.models import Step
from hikeshi.errors import HikeshiError, Refused

PIECE: Final = 8
"""Yeses in a transaction: workers begin with those while the next are written."""

BREATH: Final = 0.1, 0.01
"""Seconds after the first piece and after each other one, in which workers of other processes may write what they begin. What AWS lets through
begins to come back with the first request, so nothing is gained by saying the last yes sooner."""


def breath(plans: int) -> float:
    """Seconds of all pauses while so many plans are approved."""
    pieces = math.ceil(plans / PIECE)
    return BREATH[0] + BREATH[1] * (pieces - 2) if pieces > 1 else 0.0


class Left(NamedTuple):
    """A plan that this yes does not count for, and why."""

    step: Step
    why: HikeshiError


def asked(whole: Step) -> list[Step]:
    """The targets of a step whose plans wait for a yes, in their order."""
    return list(Step.together(whole.parts.filter(state="asked")).order_by("pk"))


def digest_of(steps: Sequence[Step]) -> str:
    """SHA-256 over the keys and digests of these plans, so that one text names exactly all of them."""
    lines = sorted(f"{step.key} {step.plan_digest}\n" for step in steps)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def approve_all(whole: Step, plans: Mapping[str, str], *, actor: Actor, reason: str = "") -> list[Left]:
    """Say yes to each of these plans: by key of the target's step, the digest of its plan as it was shown. Returns what was left out.

    Left out are plans that have changed or expired, that the actor asked for or has approved before, and that evidence holds back: nothing
    is said about those. Raises `Refused` where none is named, or one is no target of this step.
    """
    require_on(actor, "command", whole.run.incident)
    rows = list(Step.together(whole.parts.filter(key__in=plans)).order_by("pk"))
    strange = sorted(set(plans) - {row.key for row in rows})
    if strange or not rows:
        raise Refused(
            f"Not a target of step {whole.key}: {', '.join(strange[:5]) or '(none named)'}.",
            hint="Read the plans of the step again, then approve.",
        )
    left: list[Left] = []
    for first in range(0, len(rows), PIECE):
        if first:
            time.sleep(BREATH[first > PIECE])
        with transaction.atomic(), ledger.together(whole.run.incident.name):
            left += [
                found for row in rows[first : first + PIECE] if (found := _approve(row, plans[row.key], actor, reason))
            ]
    return left


def _approve(row: Step, plan_digest: str, actor: Actor, reason: str) -> Left | None:
    try:
        approve(row, plan_digest, actor=actor, reason=reason)
    except HikeshiError as problem:
        return Left(row, problem)
    return None
