from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import AppConfig, apps as installed
from django.db.models.signals import post_migrate
from django.utils import timezone


class CloudsConfig(AppConfig):
    name = "hikeshi.desk.clouds"
    label = "clouds"

    def ready(self) -> None:
        post_migrate.connect(_begin, sender=self)


def _begin(using: str, apps: Any = installed, **_: Any) -> None:
    """The daily round of questions is one row, which a worker waits for: a database that has lost it gets it back."""
    try:
        rows = apps.get_model("clouds", "Asking").objects.using(using)
    except LookupError:
        return  # migrated to a state before it
    if not rows.exists():
        rows.create(due_at=timezone.now() + timedelta(hours=1))
