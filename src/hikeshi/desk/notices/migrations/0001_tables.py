"""Every table of the app as the migrations up to 0001_notices leave it, made at once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import hikeshi.desk.sealed
from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [("notices", "0001_notices")]

    initial = True

    dependencies = [
        ("accounts", "0003_tables"),
        ("accounts", "0003_tables"),
        ("alerts", "0006_tables"),
        ("duties", "0004_tables"),
        ("incidents", "0005_tables"),
        ("ledger", "0005_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, unique=True)),
                ("service", models.CharField(max_length=20)),
                ("address", hikeshi.desk.sealed.SealedText()),
                (
                    "language",
                    models.CharField(
                        blank=True, choices=[("en", "English"), ("ja", "日本語")], default="", max_length=2
                    ),
                ),
                (
                    "from_severity",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "critical"), (2, "high"), (3, "medium"), (4, "low")], default=4
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("tested_at", models.DateTimeField(blank=True, null=True)),
                ("last_at", models.DateTimeField(blank=True, null=True)),
                ("last_problem", models.CharField(blank=True, default="", max_length=500)),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=160, unique=True)),
                ("chain", models.CharField(max_length=80)),
                ("template", models.CharField(max_length=30)),
                ("facts", models.JSONField(default=dict)),
                ("duty", models.CharField(max_length=30)),
                (
                    "severity",
                    models.PositiveSmallIntegerField(choices=[(1, "critical"), (2, "high"), (3, "medium"), (4, "low")]),
                ),
                ("step", models.PositiveSmallIntegerField(default=0)),
                ("began_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                ("stopped_why", models.CharField(blank=True, default="", max_length=20)),
                ("acknowledged_by", models.CharField(blank=True, default="", max_length=150)),
                (
                    "clock",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="escalations",
                        to="duties.clock",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="escalations",
                        to="alerts.group",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="escalations",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "ordering": ("-began_at", "-pk"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("stopped_at", None)),
                        fields=["chain", "template"],
                        name="escalation_running",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("recipient", models.CharField(max_length=120)),
                ("level", models.PositiveSmallIntegerField(default=0)),
                ("template", models.CharField(max_length=30)),
                ("language", models.CharField(choices=[("en", "English"), ("ja", "日本語")], max_length=2)),
                ("subject", models.CharField(max_length=300)),
                ("body", models.TextField()),
                (
                    "severity",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "critical"), (2, "high"), (3, "medium"), (4, "low")], default=4
                    ),
                ),
                ("urgent", models.BooleanField(default=False)),
                ("exercise", models.BooleanField(default=False)),
                ("folded", models.PositiveIntegerField(default=0)),
                ("fold", models.CharField(blank=True, default="", max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "to be sent"),
                            ("sent", "sent"),
                            ("failed", "not delivered"),
                            ("acknowledged", "acknowledged"),
                            ("dropped", "no longer needed"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("acknowledged_by", models.CharField(blank=True, default="", max_length=150)),
                (
                    "channel",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notices",
                        to="notices.channel",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notices",
                        to="accounts.contact",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.entry",
                    ),
                ),
                (
                    "escalation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="notices.escalation",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="incidents.incident",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-made_at", "-pk"),
                "indexes": [
                    models.Index(fields=["fold", "-made_at"], name="notice_fold"),
                    models.Index(fields=["state", "-made_at"], name="notice_state"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("way", models.CharField(max_length=30)),
                ("service", models.CharField(max_length=20)),
                ("where", models.CharField(max_length=120)),
                ("at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("begun", "begun"),
                            ("taken", "taken by the service"),
                            ("failed", "failed"),
                            ("refused", "refused"),
                            ("unknown", "unknown"),
                        ],
                        default="begun",
                        max_length=8,
                    ),
                ),
                ("answer", models.CharField(blank=True, default="", max_length=500)),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tries", to="notices.notice"
                    ),
                ),
            ],
            options={
                "ordering": ("at", "pk"),
                "indexes": [models.Index(fields=["service", "where", "at"], name="attempt_rate")],
            },
        ),
    ]
