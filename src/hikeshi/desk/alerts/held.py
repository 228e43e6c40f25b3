"""Alerts that no standing order may ever answer: they wait for a person from the moment they arrive, and cost no worker a round."""

from __future__ import annotations

from hikeshi.desk.alerts.models import Alert
from hikeshi.text import Text


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
