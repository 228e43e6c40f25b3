"""Alerts from before there were groups get one each; a delivery names all its alerts, and is kept once."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import migrations


def forwards(apps: Any, schema_editor: Any) -> None:
    del schema_editor
    alert_rows, groups = apps.get_model("alerts", "Alert"), apps.get_model("alerts", "Group")
    for alert in alert_rows.objects.filter(group__isnull=True).iterator():
        taken = alert.incidents.exists() if hasattr(alert, "incidents") else False
        alert.group = groups.objects.create(
            fingerprint=hashlib.sha256(alert.key.encode()).hexdigest(), joinable=False,
            state="judged" if alert.verdict else "taken" if taken else "waiting",
            source=alert.source, title=alert.title, kind=alert.kind, account=alert.account, score=alert.score,
            simulated=alert.simulated, size=1, times_seen=alert.times_seen, first_at=alert.received_at,
            last_at=alert.received_at, suggested_severity=alert.suggested_severity, reasons=alert.reasons,
            answer_by=alert.received_at, verdict=alert.verdict, verdict_reason=alert.verdict_reason,
        )  # fmt: skip
        alert.save(update_fields=["group"])
    seen: dict[tuple[str, str], Any] = {}
    for row in apps.get_model("alerts", "Delivery").objects.order_by("pk").iterator():
        first = seen.setdefault((row.source, row.message_id), row) if row.message_id else row
        if row.alert_id is not None:
            first.alerts.add(row.alert_id)
        if first is not row:
            row.delete()


class Migration(migrations.Migration):
    dependencies = (("alerts", "0002_groups"),)
    operations = (migrations.RunPython(forwards, migrations.RunPython.noop),)
