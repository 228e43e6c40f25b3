"""The daily round through all chains: its one row, due a day from now."""

from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.utils import timezone


def _begin(apps: Any, _editor: Any) -> None:
    apps.get_model("ledger", "Round").objects.create(due_at=timezone.now() + timedelta(days=1))


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_outside_indexes")]

    operations = [
        migrations.CreateModel(
            name="Round",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("chains", models.PositiveIntegerField(default=0)),
                ("entries", models.PositiveBigIntegerField(default=0)),
                ("problems", models.PositiveBigIntegerField(default=0)),
                ("damaged", models.JSONField(blank=True, default=list)),
            ],
            options={"abstract": False},
        ),
        migrations.RunPython(_begin, migrations.RunPython.noop),
    ]
