"""Every table of the app as the migrations up to 0001_initial leave it, made at once."""

import django.db.models.deletion
from django.db import migrations, models

from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [("reviews", "0001_initial")]

    initial = True

    dependencies = [
        ("incidents", "0005_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("in-review", "In review"), ("reviewed", "Reviewed")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("summary", models.JSONField()),
                ("causes", models.JSONField(blank=True)),
                ("measures", models.JSONField(blank=True)),
                ("started_at", models.DateTimeField()),
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="review", to="incidents.incident"
                    ),
                ),
            ],
        ),
    ]
