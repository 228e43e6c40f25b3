"""How many yeses a plan needs: one pure table, read from top to bottom, the highest number wins.

Undoing is judged by the same table: what was grave to do is grave to take back while an attacker may still be there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from hikeshi.actions.action import Effect, Radius, Reversible
from hikeshi.text import Text

Environment = Literal["production", "staging", "development", "test"]

SHARED: Final = frozenset({"account", "shared"})
SMALL: Final = frozenset({"development", "test"})
PROTECTED_ROLES: Final = frozenset(
    {"database", "database-primary", "domain-controller", "kubernetes-node", "log-collector", "nat", "siem"}
)
"""What an asset may be (its tag `role`) whose isolation is an outage of its own."""


class Stakes(msgspec.Struct, frozen=True, kw_only=True):
    """What the number depends on. `severity` is the incident's, 1 to 4; `vital`: something touched is vital, or has a protected role."""

    effect: Effect
    radius: Radius = "resource"
    reversible: Reversible = "yes"
    severity: int = 3
    environment: Environment = "production"
    vital: bool = False


class Need(msgspec.Struct, frozen=True):
    """How many people have to say yes, and why that many. With two or more, whoever asked for it is not one of them."""

    count: int
    because: tuple[Text, ...]

    @property
    def others(self) -> bool:
        """Whether the one who asked is left out."""
        return self.count > 1


class Line(msgspec.Struct, frozen=True):
    """One line of the table."""

    count: int
    holds: Callable[[Stakes], bool]
    because: Text


def _takes(stakes: Stakes) -> bool:
    return stakes.effect in {"contain", "destroy"}


def _in_production(stakes: Stakes) -> bool:
    return _takes(stakes) and stakes.environment == "production"


TABLE: Final = (
    Line(1, _takes, Text("It takes something away.", "何かを止める、または失わせる操作。")),
    Line(
        1,
        lambda stakes: stakes.effect == "collect" and stakes.radius == "account",
        Text("It collects, and a whole account feels it.", "証拠の取得だが、アカウント全体に影響する。"),
    ),
    Line(
        2,
        lambda stakes: stakes.effect == "destroy" and stakes.environment not in SMALL,
        Text("It destroys.", "破壊を伴う操作。"),
    ),
    Line(
        2,
        lambda stakes: _takes(stakes) and stakes.radius == "account" and stakes.environment not in SMALL,
        Text("A whole account feels it.", "アカウント全体に影響する。"),
    ),
    Line(
        2,
        lambda stakes: _in_production(stakes) and stakes.radius == "shared",
        Text("Others who share it in production feel it.", "本番環境で共有している他の対象にも影響する。"),
    ),
    Line(
        2,
        lambda stakes: _in_production(stakes) and stakes.reversible == "no",
        Text("It cannot be undone, in production.", "本番環境で、元に戻せない操作。"),
    ),
    Line(
        2,
        lambda stakes: _in_production(stakes) and stakes.severity == 1,
        Text("SEV-1 in production.", "本番環境の SEV-1 インシデント。"),
    ),
    Line(
        2,
        lambda stakes: _takes(stakes) and stakes.vital,
        Text("What it touches is vital, or has a protected role.", "最重要の資産、または保護対象の役割を持つ資産に触れる。"),
    ),
)  # fmt: skip


def needed(stakes: Stakes) -> Need:
    """The highest number among the lines that hold, with the reasons for it; 0 for what only looks or collects."""
    holding = [line for line in TABLE if line.holds(stakes)]
    count = max((line.count for line in holding), default=0)
    return Need(count, tuple(line.because for line in holding if line.count == count))
