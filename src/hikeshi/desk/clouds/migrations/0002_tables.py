"""Every table of the app as the migrations up to 0002_asking leave it, made at once."""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

from hikeshi.desk.tables import Tables


def _begin(apps: Any, _editor: Any) -> None:
    """The daily round of questions through all accounts: its one row, due an hour from now."""
    apps.get_model("clouds", "Asking").objects.create(due_at=timezone.now() + timedelta(hours=1))


class Migration(Tables):
    replaces = [("clouds", "0001_clouds"), ("clouds", "0002_asking")]

    initial = True

    dependencies = []

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
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Halt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(blank=True, default="", max_length=40)),
                ("reason", models.CharField(max_length=300)),
                ("by", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                ("lifted_by", models.CharField(blank=True, default="", max_length=150)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-at",),
            },
        ),
        migrations.CreateModel(
            name="Protected",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pattern", models.CharField(max_length=300, unique=True)),
                ("reason", models.CharField(max_length=300)),
                ("added_by", models.CharField(max_length=150)),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("pattern",),
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(default="aws", max_length=10)),
                ("number", models.CharField(max_length=40)),
                ("name", models.CharField(blank=True, default="", max_length=80)),
                (
                    "environment",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("production", "production"),
                            ("staging", "staging"),
                            ("development", "development"),
                            ("test", "test"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("regions", models.JSONField(blank=True, default=list)),
                ("read_role", models.CharField(blank=True, default="", max_length=200)),
                ("acquire_role", models.CharField(blank=True, default="", max_length=200)),
                ("contain_role", models.CharField(blank=True, default="", max_length=200)),
                ("external_id", models.CharField(blank=True, default="", max_length=200)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("ask", "each containment is approved"),
                            ("confirmed", "confirmed threats are contained by standing orders"),
                            ("suspected", "suspected threats too are contained by standing orders"),
                        ],
                        default="ask",
                        max_length=10,
                    ),
                ),
                ("evidence_bucket", models.CharField(blank=True, default="", max_length=100)),
                ("evidence_key", models.CharField(blank=True, default="", max_length=300)),
                ("forensic_account", models.CharField(blank=True, default="", max_length=40)),
                ("management", models.BooleanField(default=False)),
                ("added_by", models.CharField(max_length=150)),
                ("added_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("provider", "number"),
                "constraints": [models.UniqueConstraint(fields=("provider", "number"), name="one_account_per_number")],
            },
        ),
        migrations.CreateModel(
            name="Readiness",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("region", models.CharField(blank=True, default="", max_length=30)),
                ("question", models.CharField(max_length=120)),
                ("action", models.CharField(blank=True, default="", max_length=60)),
                ("resource", models.CharField(blank=True, default="", max_length=200)),
                (
                    "answer",
                    models.CharField(choices=[("yes", "yes"), ("no", "no"), ("unknown", "unknown")], max_length=8),
                ),
                ("said", models.JSONField()),
                ("asked_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="readiness", to="clouds.account"
                    ),
                ),
            ],
            options={
                "ordering": ("account", "action", "question", "region", "resource"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "region", "question", "action", "resource"), name="one_answer_per_question"
                    )
                ],
            },
        ),
        migrations.RunPython(_begin, migrations.RunPython.noop),
    ]
