"""What has an answer, the same for every door: the playbooks against what our detections tell of."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from hikeshi.events.detect.loading import OWN, load
from hikeshi.playbooks.coverage import coverage
from hikeshi.playbooks.playbook import Playbook
from hikeshi.stores.suspects import CALLS


def covered(books: Iterable[Playbook]) -> dict[str, Any]:
    """`findings` and `techniques`, each with name, title, state (none, partly, answered), playbooks, unanswered, seen_by; gaps first."""
    found: dict[str, Any] = msgspec.to_builtins(coverage(books, seen()))
    return found | {
        "counts": {name: Counter(line["state"] for line in found[name]) for name in ("findings", "techniques")}
    }


@functools.cache
def seen() -> dict[str, int]:
    """The techniques that our rules tell of, with how many do. The table of suspicious calls counts as one more."""
    named = Counter(technique for rule in load([OWN]) for technique in rule.techniques)
    return dict(named + Counter({technique for _, technique in CALLS.values()}))
