from __future__ import annotations

from django.apps import AppConfig

from hikeshi.desk.alerts.held import SCREENS, Screen


class RunsConfig(AppConfig):
    name = "hikeshi.desk.runs"
    label = "runs"

    def ready(self) -> None:
        SCREENS.append(_screen)


def _screen() -> Screen:
    from hikeshi.desk.runs.orders import screen

    return screen()
