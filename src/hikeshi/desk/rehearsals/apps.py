from __future__ import annotations

from django.apps import AppConfig


class RehearsalsConfig(AppConfig):
    name = "hikeshi.desk.rehearsals"
    label = "rehearsals"
