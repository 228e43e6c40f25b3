"""The way from a message on the queue to an isolation, and how much of it was our own: for `hikeshi demo` and the benchmarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hikeshi.pace import AWS, QUEUE, STEP, Span, processor, split

if TYPE_CHECKING:
    from hikeshi.desk.runs.models import Step

CUTS: Final = "ec2:ModifyNetworkInterfaceAttribute"
FIRST: Final = ("receipt and commit", "answer by standing order")
THEIRS: Final = (QUEUE, AWS)
"""Parts that are time of AWS: delivery by the queue, and calls."""


class Way(NamedTuple):
    """`configured`, `verified` and each of the `parts` are in seconds; the parts add up to `configured`. `processor`: seconds that our
    threads used in each part until it was verified.
    """

    configured: float
    verified: float
    parts: dict[str, float]
    processor: dict[str, float]

    @property
    def own(self) -> float:
        """What of the way to the isolation configured was not AWS's."""
        return self.configured - sum(self.parts.get(name, 0.0) for name in THEIRS)

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "seconds_queue_to_verified": round(self.verified, 3),
            "seconds_queue_to_configured": round(self.configured, 3),
            "seconds_in_aws_calls": round(self.configured - self.own, 3),
            "seconds_our_own": round(self.own, 3),
            "parts": {name: round(value, 4) for name, value in self.parts.items()},
        }


def noted(step: Step | None, spans: Sequence[Span]) -> bool:
    """Whether all of the step that ended last is among the spans: its worker notes them a moment after others can see its end."""
    return (
        step is not None
        and step.ended_at is not None
        and any(
            span.part == STEP and span.about == step.key and span.ended >= step.ended_at.timestamp() for span in spans
        )
    )


def way(step: Step, spans: Sequence[Span], sent_at: float) -> Way:
    """From `sent_at` until the last interface had its group, on the longest of the ways: each step after the last of those it waited for."""
    keys = {one.key for one in _chain(step)}
    legs = [span for span in spans if span.part in FIRST or (span.part == STEP and span.about in keys)]
    configured = max(span.ended for span in spans if span.about == CUTS and span.began >= sent_at)
    verified = max(span.ended for span in legs)
    parts = split(spans, legs, sent_at, configured)
    return Way(configured - sent_at, verified - sent_at, parts, processor(spans, legs))


def _chain(step: Step) -> Iterator[Step]:
    """The step, the last of those it waited for, and so on."""
    yield step
    before = step.run.steps.filter(key__in=step.after, ended_at__lte=step.began_at)
    if last := before.order_by("-ended_at").first():
        yield from _chain(last)
