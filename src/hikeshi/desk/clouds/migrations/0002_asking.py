"""The daily round of questions through all accounts: its one row, due an hour from now."""

from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.utils import timezone


def _begin(apps: Any, _editor: Any) -> None:
    apps.get_model("clouds", "Asking").objects.create(due_at=timezone.now() + timedelta(hours=1))


class Migration(migrations.Migration):
    dependencies = [("clouds", "0001_clouds")]

    operations = [
        migrations.CreateModel(
            name="Asking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={"abstract": False},
        ),
        migrations.RunPython(_begin, migrations.RunPython.noop),
    ]
