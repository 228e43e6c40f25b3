from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import AppConfig, apps as installed
from django.db.models.signals import post_migrate
from django.utils import timezone


class LedgerConfig(AppConfig):
    name = "hikeshi.desk.ledger"
    label = "ledger"

    def ready(self) -> None:
        post_migrate.connect(_begin, sender=self)


def _begin(using: str, apps: Any = installed, **_: Any) -> None:
    """The round that reads the chains again is one row, which a worker waits for: a database that has lost it gets it back."""
    try:
        rows = apps.get_model("ledger", "Round").objects.using(using)
    except LookupError:
        return  # migrated to a state before it
    if not rows.exists():
        rows.create(due_at=timezone.now() + timedelta(days=1))
