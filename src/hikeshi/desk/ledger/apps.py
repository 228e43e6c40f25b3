from __future__ import annotations

from datetime import timedelta

from django.apps import AppConfig

from hikeshi.desk.rounds import keep_one


class LedgerConfig(AppConfig):
    name = "hikeshi.desk.ledger"
    label = "ledger"

    def ready(self) -> None:
        keep_one(self, "Round", after=timedelta(days=1))
