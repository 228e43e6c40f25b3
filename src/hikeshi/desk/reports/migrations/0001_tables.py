"""Every table of the app as the migrations up to 0001_initial leave it, made at once."""

import django.db.models.deletion
from django.db import migrations, models

from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [("reports", "0001_initial")]

    initial = True

    dependencies = [
        ("incidents", "0005_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("incident", "Incident report"), ("post-mortem", "Post-mortem")], max_length=12
                    ),
                ),
                ("language", models.CharField(max_length=2)),
                ("markdown", models.TextField()),
                ("html", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("ledger_seq", models.PositiveBigIntegerField()),
                ("frozen_at", models.DateTimeField()),
                ("frozen_by", models.CharField(max_length=150)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "ordering": ("-frozen_at", "-pk"),
            },
        ),
    ]
