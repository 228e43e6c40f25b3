"""Alerts that nothing answers without a person: they wait for one from the moment they arrive, and cost no worker a round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from hikeshi.text import Text

if TYPE_CHECKING:  # `SCREENS` is filled before there are models
    from hikeshi.desk.alerts.models import Alert

Screen = Callable[["Alert"], Text | None]
"""Why an alert that has just come is not answered, as far as it says so itself; None where it may be, which a worker then finds out."""

SCREENS: Final[list[Callable[[], Screen]]] = []
"""Each makes a screen for one transaction. Whatever answers alerts adds its own when the program starts: orders know alerts, not the reverse."""


def leave(alerts: Sequence[Alert]) -> None:
    """Leave for people, before they are saved, those that must not be answered or that no screen lets through. The others stay due."""
    screens = [make() for make in SCREENS] if alerts else []
    for alert in alerts:
        whys = [screen(alert) for screen in screens]
        why = held_back(alert) or (whys[0] if whys and all(whys) else None)
        if why is not None:
            alert.due_at, alert.answer = None, {"en": why.en, "ja": why.ja}


def held_back(alert: Alert) -> Text | None:
    """Why no standing order may answer this alert, from what it says itself; None where one may."""
    if alert.sample:
        return Text(
            "A sample finding: no containment, left for triage.", "サンプル検出のため封じ込めず、トリアージ待ちとした。"
        )
    if alert.archived:
        return Text("The finding is archived: left for triage.", "アーカイブ済みの検出のため、トリアージ待ちとした。")
    if alert.resource_role != "ACTOR":
        return Text(
            f"The resource is {alert.resource_role or 'of unknown role'}, not the ACTOR: isolating it would hand outsiders a switch.",
            f"対象の役割は {alert.resource_role or '不明'} で ACTOR ではない。隔離すると外部者に停止手段を与えるため、行わない。",
        )
    return None
