"""Every table of the app as the migrations up to 0005_watch leave it, made at once."""

import django.db.models.deletion
from django.db import migrations, models

from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [
        ("runs", "0001_initial"),
        ("runs", "0002_approvals"),
        ("runs", "0003_lease"),
        ("runs", "0004_standing_orders"),
        ("runs", "0005_watch"),
    ]

    initial = True

    dependencies = [
        ("incidents", "0005_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="StandingOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, unique=True)),
                ("enabled", models.BooleanField(default=True)),
                ("finding_types", models.JSONField()),
                ("min_score", models.FloatField(default=7.0)),
                ("accounts", models.JSONField(blank=True, default=list)),
                ("playbook", models.CharField(max_length=80)),
                (
                    "severity",
                    models.PositiveSmallIntegerField(choices=[(1, "critical"), (2, "high"), (3, "medium"), (4, "low")]),
                ),
                ("max_per_hour", models.PositiveSmallIntegerField(default=5)),
                ("approved_by", models.CharField(max_length=150)),
                ("approved_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("regions", models.JSONField(blank=True, default=list)),
                ("environments", models.JSONField(blank=True, default=list)),
                ("kinds", models.JSONField(blank=True, default=list)),
                ("roles", models.JSONField(blank=True, default=list)),
                ("criticalities", models.JSONField(blank=True, default=list)),
                ("hours_from", models.TimeField(blank=True, null=True)),
                ("hours_until", models.TimeField(blank=True, null=True)),
                ("max_per_account", models.PositiveSmallIntegerField(default=5)),
                ("max_resources", models.PositiveSmallIntegerField(default=20)),
                ("max_resources_per_hour", models.PositiveSmallIntegerField(default=50)),
                ("max_failed_percent", models.PositiveSmallIntegerField(default=50)),
                ("reapply", models.BooleanField(default=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("approvals", models.JSONField(blank=True, default=list)),
                ("tripped_at", models.DateTimeField(blank=True, null=True)),
                ("tripped_why", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("playbook", models.CharField(max_length=80)),
                ("version", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("title", models.JSONField()),
                ("text", models.TextField()),
                ("facts", models.JSONField(blank=True)),
                ("started_at", models.DateTimeField()),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="incidents.incident"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="runs.standingorder"
                    ),
                ),
            ],
            options={
                "ordering": ("started_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("key", models.CharField(max_length=20)),
                ("place", models.PositiveSmallIntegerField()),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("detection_analysis", "Detection and analysis"),
                            ("containment", "Containment"),
                            ("eradication", "Eradication"),
                            ("recovery", "Recovery"),
                            ("lessons_learned", "Lessons learned"),
                        ],
                        max_length=20,
                    ),
                ),
                ("title", models.JSONField()),
                ("text", models.JSONField()),
                ("role", models.CharField(blank=True, default="", max_length=30)),
                ("after", models.JSONField(blank=True, default=list)),
                ("action", models.CharField(blank=True, default="", max_length=60)),
                ("inputs", models.JSONField(blank=True, default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting for earlier steps"),
                            ("open", "to do"),
                            ("planning", "being planned"),
                            ("asked", "waiting for approval"),
                            ("approved", "approved"),
                            ("running", "running"),
                            ("pending", "waiting for the result"),
                            ("done", "done"),
                            ("partial", "partly done"),
                            ("refused", "refused"),
                            ("failed", "failed"),
                            ("unknown", "unknown: look before acting"),
                            ("skipped", "skipped"),
                            ("undo_asked", "undo waiting for approval"),
                            ("undoing", "being undone"),
                            ("undone", "undone"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("plan", models.TextField(blank=True, default="")),
                ("plan_digest", models.CharField(blank=True, default="", max_length=64)),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.JSONField(blank=True, default=dict)),
                ("grade", models.CharField(blank=True, default="", max_length=20)),
                ("receipts", models.JSONField(blank=True, default=list)),
                ("cloud_seconds", models.FloatField(default=0)),
                ("requested_by", models.CharField(blank=True, default="", max_length=150)),
                ("was", models.CharField(blank=True, default="", max_length=10)),
                ("only", models.JSONField(blank=True, default=list)),
                (
                    "run",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="runs.run"),
                ),
            ],
            options={
                "ordering": ("run", "place"),
                "constraints": [models.UniqueConstraint(fields=("run", "key"), name="one_step_per_key")],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(blank=True, default="", max_length=40)),
                ("resource", models.CharField(max_length=300)),
                ("until", models.DateTimeField()),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="leases", to="runs.step"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account", "resource"), name="one_step_per_resource")],
            },
        ),
        migrations.CreateModel(
            name="Intent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("operation", models.CharField(max_length=80)),
                ("params", models.JSONField()),
                ("at", models.DateTimeField()),
                ("outcome", models.CharField(blank=True, default="", max_length=20)),
                ("request_id", models.CharField(blank=True, default="", max_length=100)),
                ("seconds", models.FloatField(blank=True, null=True)),
                ("error", models.TextField(blank=True, default="")),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="intents", to="runs.step"
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="BrokenGlass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("plan_digest", models.CharField(max_length=64)),
                ("by", models.CharField(max_length=150)),
                ("reason", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("closed_by", models.CharField(blank=True, default="", max_length=150)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("right", models.BooleanField(blank=True, null=True)),
                ("note", models.TextField(blank=True, default="")),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="glass", to="runs.step"
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("plan_digest", models.CharField(max_length=64)),
                (
                    "purpose",
                    models.CharField(choices=[("do", "carry out"), ("undo", "undo")], default="do", max_length=4),
                ),
                ("yes", models.BooleanField(default=True)),
                ("by", models.CharField(max_length=150)),
                ("person_id", models.PositiveBigIntegerField(blank=True, null=True)),
                ("glass", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "ended",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "counts"),
                            ("expired", "expired"),
                            ("redeemed", "redeemed"),
                            ("revoked", "taken back"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "order",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="runs.standingorder"
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="runs.step"
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended", "")),
                        fields=("step", "plan_digest", "purpose", "by"),
                        name="one_answer_each",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Watch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[("holds", "holds"), ("reverted", "set back by somebody else")],
                        default="holds",
                        max_length=8,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("looked_at", models.DateTimeField(blank=True, null=True)),
                ("said", models.JSONField(blank=True, default=dict)),
                ("reapplied", models.PositiveSmallIntegerField(default=0)),
                (
                    "step",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="watch", to="runs.step"
                    ),
                ),
            ],
            options={
                "ordering": ("step",),
            },
        ),
    ]
