"""What enrichers say, as plain data, the same for every door."""

from __future__ import annotations

from typing_extensions import TypedDict

from hikeshi.desk.incidents.enrichment import ENRICHERS
from hikeshi.desk.incidents.enrichment.verbs import Answer
from hikeshi.doors.shapes import Both
from hikeshi.text import Text


class AnswerShape(TypedDict):
    """What one enricher says of one observable. `refused` says why it was not asked; `cached_at` when the answer is from."""

    kind: str
    value: str
    enricher: Both
    said: list[Both]
    refused: Both | None
    problem: str
    cached_at: str


def shape(one: Answer) -> AnswerShape:
    return {
        "kind": one.kind, "value": one.value, "enricher": _both(ENRICHERS[one.enricher].title),
        "said": [_both(said.text) for said in one.said], "refused": _both(one.refused) if one.refused else None,
        "problem": one.problem, "cached_at": one.cached_at,
    }  # fmt: skip


def worth_showing(answers: list[Answer]) -> list[Answer]:
    """What says something, or says why it does not."""
    return [one for one in answers if one.said or one.refused or one.problem]


def _both(text: Text) -> Both:
    return {"en": text.en, "ja": text.ja}
