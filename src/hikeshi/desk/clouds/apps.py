from __future__ import annotations

from django.apps import AppConfig


class CloudsConfig(AppConfig):
    name = "hikeshi.desk.clouds"
    label = "clouds"
