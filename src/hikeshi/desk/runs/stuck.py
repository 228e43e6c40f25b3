"""When a step counts as stuck with the workers, so that people see it and may take it over.

nobody has it      it has been due for longer than `UNCLAIMED`, and no worker has claimed it: are there any?
again and again    it has been begun `ATTEMPTS` times and more without getting on
too slow           the world has not come to the awaited state within `PENDING` of the step's beginning
the worker died    its lease ran out `UNCLAIMED` ago, and nobody has gone on with it
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hikeshi.desk.runs.models import Step
from hikeshi.text import Text

UNCLAIMED: Final = timedelta(minutes=5)
ATTEMPTS: Final = 3
PENDING: Final = timedelta(hours=2)


def stuck(step: Step, now: datetime) -> Text | None:
    """Why it is stuck; None where it gets on, or is in nobody's hands but people's."""
    if step.due_at is None and not step.lease_owner:
        return None
    held = step.lease_until is not None and step.lease_until > now
    if step.attempts >= ATTEMPTS:
        return Text(f"Begun {step.attempts} times without getting on.", f"{step.attempts} 回開始したが進んでいない。")
    if step.lease_until is not None and step.lease_until + UNCLAIMED < now:
        return Text("Its worker is gone, and no other has taken it up.", "ワーカーが応答せず、引き継がれていない。")
    if not held and step.due_at is not None and step.due_at + UNCLAIMED < now:
        return Text(
            "No worker has taken it up. Is one running?", "ワーカーが処理を開始していない。ワーカーの稼働を確認。"
        )
    if step.state == "pending" and step.began_at is not None and step.began_at + PENDING < now:
        return Text("The result has been awaited for too long.", "結果待ちが長すぎる。")
    return None
