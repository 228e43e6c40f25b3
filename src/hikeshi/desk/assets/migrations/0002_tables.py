"""Every table of the app as the migrations up to 0002_lookup leave it, made at once."""

import django.db.models.deletion
from django.db import migrations, models

from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [("assets", "0001_register"), ("assets", "0002_lookup")]

    initial = True

    dependencies = [
        ("accounts", "0003_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Asset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("identifier", models.CharField(max_length=300, unique=True)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("kind", models.CharField(blank=True, default="", max_length=20)),
                ("owner_name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "criticality",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "vital"), (2, "high"), (3, "medium"), (4, "low")], default=3
                    ),
                ),
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
                ("data", models.JSONField(blank=True, default=list)),
                ("account", models.CharField(blank=True, default="", max_length=20)),
                ("tags", models.JSONField(blank=True, default=dict)),
                ("source", models.CharField(blank=True, default="", max_length=40)),
                ("updated_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="assets",
                        to="accounts.contact",
                    ),
                ),
            ],
            options={
                "ordering": ("criticality", "identifier"),
            },
        ),
        migrations.CreateModel(
            name="Lookup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("value", models.CharField(max_length=300)),
                ("enricher", models.CharField(max_length=40)),
                ("answer", models.TextField(blank=True, default="")),
                ("problem", models.CharField(blank=True, default="", max_length=500)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-asked_at", "-pk"),
                "indexes": [models.Index(fields=["kind", "value", "enricher"], name="lookup_of")],
            },
        ),
    ]
