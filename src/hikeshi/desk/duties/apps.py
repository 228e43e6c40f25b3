from __future__ import annotations

from django.apps import AppConfig


class DutiesConfig(AppConfig):
    name = "hikeshi.desk.duties"
    label = "duties"
