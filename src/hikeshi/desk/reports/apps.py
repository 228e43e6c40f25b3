from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "hikeshi.desk.reports"
    label = "reports"
