"""Rounds that begin again by themselves: one row of a table that a worker waits for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import AppConfig, apps as installed
from django.db.models.signals import post_migrate
from django.utils import timezone


def keep_one(config: AppConfig, model: str, *, after: timedelta) -> None:
    """After each migration and flush: a database that has lost the row of `model`, a table of this app, gets it back, due `after` from now."""

    def begin(using: str, apps: Any = installed, **_: Any) -> None:
        try:
            rows = apps.get_model(config.label, model).objects.using(using)
        except LookupError:
            return  # migrated to a state before it
        if not rows.exists():
            rows.create(due_at=timezone.now() + after)

    post_migrate.connect(begin, sender=config, weak=False)
