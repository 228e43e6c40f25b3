from __future__ import annotations

from datetime import timedelta

from django.apps import AppConfig

from hikeshi.desk.rounds import keep_one


class CloudsConfig(AppConfig):
    name = "hikeshi.desk.clouds"
    label = "clouds"

    def ready(self) -> None:
        keep_one(self, "Asking", after=timedelta(hours=1))
