"""A first start makes each app's tables at once: the same ones that the migrations so far lead to step by step."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState


def at_the_tables(*, step_by_step: bool) -> dict[tuple[str, str], ModelState]:
    """Every model as the `..._tables` migrations, or those that they replace, leave it."""
    loader = MigrationLoader(None, replace_migrations=not step_by_step)
    last = [
        (migration.replaces[-1] if step_by_step else key)
        for key, migration in loader.disk_migrations.items()
        if migration.replaces and key[1].endswith("_tables")
    ]
    return loader.project_state(last).models


def described(model: ModelState) -> tuple[object, ...]:
    fields: dict[str, models.Field[Any, Any]] = model.fields
    options = {
        name: [part.deconstruct() for part in value] if name in {"constraints", "indexes"} else value
        for name, value in model.options.items()
        if value
    }
    return {name: field.deconstruct()[1:] for name, field in fields.items()}, options, model.bases


def test_the_same_tables_step_by_step_and_at_once() -> None:
    before, after = at_the_tables(step_by_step=True), at_the_tables(step_by_step=False)
    assert before.keys() == after.keys()
    for key, model in before.items():
        assert described(model) == described(after[key]), key
