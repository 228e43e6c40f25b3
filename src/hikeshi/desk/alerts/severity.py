"""A severity for a person to confirm, with its reasons. No database."""

from __future__ import annotations

from hikeshi.signals.signal import Signal
from hikeshi.text import Text


def suggest_severity(signal: Signal) -> tuple[int, list[Text]]:
    """A severity for a person to confirm, with its reasons."""
    if signal.resource_role == "TARGET":
        return 4, [
            Text("The resource is the target, not the actor: an attempt.", "対象は標的であり攻撃元ではない: 試行。")
        ]
    bands = ((9.0, 1, "critical", "重大"), (7.0, 2, "high", "高"), (4.0, 3, "medium", "中"), (0.0, 4, "low", "低"))
    severity, en, ja = next((sev, en, ja) for floor, sev, en, ja in bands if signal.score >= floor)
    reasons = [Text(f"GuardDuty rates it {signal.score:g} ({en}).", f"GuardDuty の評価は {signal.score:g}({ja})。")]
    if signal.resource_role == "ACTOR":
        reasons.append(
            Text("The resource is the actor: it is doing the attacking.", "対象自身が攻撃側として動作している。")
        )
    return severity, reasons
