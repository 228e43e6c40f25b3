from __future__ import annotations

from django.apps import AppConfig


class OncallConfig(AppConfig):
    name = "hikeshi.desk.oncall"
    label = "oncall"
