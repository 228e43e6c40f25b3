from __future__ import annotations

from django.apps import AppConfig


class TimelinesConfig(AppConfig):
    name = "hikeshi.desk.timelines"
    label = "timelines"
