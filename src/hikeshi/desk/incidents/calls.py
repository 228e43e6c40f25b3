"""Which fact calls for whom: legal for personal data, human resources for an insider, public relations for the public. A table.

Source: practice of incident command (support roles are called in by rule, not by memory). What is not known of personal data, once it
was asked, calls legal too: the shortest deadlines run from when one might have known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from hikeshi.text import Text


class Call(NamedTuple):
    """These answers to a fact (a key of `clocks.facts.FACTS`) call for a role. `name` is what people call the role."""

    duty: str
    name: Text
    reason: Text
    answers: frozenset[str] = frozenset({"yes"})


CALLS: Final[dict[str, Call]] = {
    "insider": Call(
        "hr_support", Text("Human resources", "人事"),
        Text("somebody of our own may be behind it", "内部者の関与のおそれ"),
    ),
    "personal_data": Call(
        "legal_support", Text("Legal", "法務"),
        Text("personal data is involved, or may be", "個人データが関係(おそれを含む)"), frozenset({"yes", "unknown"}),
    ),
    "public": Call(
        "pr_support", Text("Public relations", "広報"),
        Text("outsiders or the media know, or will", "社外・報道機関に既知(見込みを含む)"),
    ),
}  # fmt: skip
"""By fact, alphabetical."""


def called_for(known: Mapping[str, str]) -> dict[str, Call]:
    """The calls that hold, by fact, for the answers of `duties.facts.known`. What nobody spoke on calls nobody."""
    return {fact: call for fact, call in CALLS.items() if known.get(fact) in call.answers}
