"""Every table of the app as the migrations up to 0006_sources leave it, made at once."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hikeshi.desk.sealed
from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [
        ("alerts", "0001_initial"),
        ("alerts", "0002_groups"),
        ("alerts", "0003_one_group_each"),
        ("alerts", "0004_every_alert_has_a_group"),
        ("alerts", "0005_triage"),
        ("alerts", "0006_sources"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0003_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Group",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("fingerprint", models.CharField(max_length=64)),
                ("joinable", models.BooleanField(default=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("snoozed", "snoozed"),
                            ("suppressed", "suppressed"),
                            ("judged", "judged"),
                            ("taken", "in an incident"),
                            ("merged", "merged"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("source", models.CharField(max_length=40)),
                ("title", models.CharField(max_length=300)),
                ("kind", models.CharField(max_length=200)),
                ("account", models.CharField(blank=True, default="", max_length=20)),
                ("score", models.FloatField(default=0)),
                ("simulated", models.BooleanField(default=False)),
                ("size", models.PositiveIntegerField(default=0)),
                ("times_seen", models.PositiveIntegerField(default=0)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("suggested_severity", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("reasons", models.JSONField(blank=True, default=list)),
                ("answer_by", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("true", "True positive"),
                            ("false", "False positive"),
                            ("benign", "Benign"),
                            ("duplicate", "Duplicate"),
                            ("test", "Test"),
                            ("exercise", "Exercise"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("why", models.CharField(blank=True, default="", max_length=40)),
                ("verdict_reason", models.TextField(blank=True, default="")),
                ("judged_by", models.CharField(blank=True, default="", max_length=150)),
                ("judged_at", models.DateTimeField(blank=True, null=True)),
                ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                ("snoozed_by", models.CharField(blank=True, default="", max_length=150)),
                ("snooze_reason", models.CharField(blank=True, default="", max_length=1000)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="assigned_groups",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="alerts.group",
                    ),
                ),
                (
                    "suppression",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="groups",
                        to="alerts.suppression",
                    ),
                ),
            ],
            options={
                "ordering": ("answer_by", "pk"),
                "indexes": [
                    models.Index(fields=["state", "answer_by", "id"], name="group_queue"),
                    models.Index(fields=["fingerprint"], name="group_fingerprint"),
                    models.Index(fields=["kind", "id"], name="group_kind"),
                    models.Index(fields=["judged_at", "id"], name="group_judged"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("joinable", True)), fields=("fingerprint",), name="one_joinable_group"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("key", models.CharField(max_length=200, unique=True)),
                ("source", models.CharField(max_length=40)),
                ("title", models.CharField(max_length=300)),
                ("kind", models.CharField(max_length=200)),
                ("score", models.FloatField(default=0)),
                ("account", models.CharField(blank=True, default="", max_length=20)),
                ("region", models.CharField(blank=True, default="", max_length=30)),
                ("instance_id", models.CharField(blank=True, default="", max_length=40)),
                ("resource_role", models.CharField(blank=True, default="", max_length=10)),
                ("remote_address", models.CharField(blank=True, default="", max_length=60)),
                ("principal", models.CharField(blank=True, default="", max_length=200)),
                ("sample", models.BooleanField(default=False)),
                ("archived", models.BooleanField(default=False)),
                ("simulated", models.BooleanField(default=False)),
                ("times_seen", models.PositiveIntegerField(default=1)),
                ("first_seen_at", models.DateTimeField(blank=True, null=True)),
                ("last_seen_at", models.DateTimeField(blank=True, null=True)),
                ("received_at", models.DateTimeField()),
                ("suggested_severity", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("reasons", models.JSONField(blank=True, default=list)),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("true", "True positive"),
                            ("false", "False positive"),
                            ("benign", "Benign"),
                            ("duplicate", "Duplicate"),
                            ("test", "Test"),
                            ("exercise", "Exercise"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("verdict_reason", models.TextField(blank=True, default="")),
                ("answer", models.JSONField(blank=True, default=dict)),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="alerts", to="alerts.group"
                    ),
                ),
            ],
            options={
                "ordering": ("-received_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("to", models.CharField(max_length=200)),
                ("text", models.CharField(max_length=1000)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                ("answer", models.TextField(blank=True, default="")),
                ("answered_by", models.CharField(blank=True, default="", max_length=150)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="questions", to="alerts.group"
                    ),
                ),
            ],
            options={
                "ordering": ("asked_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=40, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("webhook", "Webhook"), ("queue", "Queue"), ("mail", "Mailbox"), ("form", "Form")],
                        default="webhook",
                        max_length=8,
                    ),
                ),
                ("reader", models.CharField(blank=True, default="", max_length=80)),
                (
                    "proof",
                    models.CharField(
                        choices=[
                            ("hmac", "Signature with time stamp"),
                            ("hub", "Signature without time stamp"),
                            ("token", "Token"),
                        ],
                        default="hmac",
                        max_length=5,
                    ),
                ),
                ("secret", hikeshi.desk.sealed.SealedText(blank=True, default="")),
                ("token_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("secret_before", hikeshi.desk.sealed.SealedText(blank=True, default="")),
                ("token_before_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("before_until", models.DateTimeField(blank=True, null=True)),
                ("rotated_at", models.DateTimeField()),
                ("window_seconds", models.PositiveIntegerField(default=300)),
                ("size_limit", models.PositiveIntegerField(default=1048576)),
                ("per_minute", models.PositiveIntegerField(default=60000)),
                ("silent_seconds", models.PositiveIntegerField(default=0)),
                ("enabled", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField(blank=True, null=True)),
                ("deliveries", models.PositiveBigIntegerField(default=0)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="sources",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("match", models.JSONField()),
                ("reason", models.CharField(max_length=1000)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=150)),
                ("hides_sev1", models.BooleanField(default=False)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suppressions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-made_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=40)),
                ("message_id", models.CharField(blank=True, default="", max_length=200)),
                ("payload", models.BinaryField()),
                ("payload_sha256", models.CharField(max_length=64)),
                ("received_at", models.DateTimeField()),
                ("problem", models.TextField(blank=True, default="")),
                ("dismissed_at", models.DateTimeField(blank=True, null=True)),
                ("dismissed_by", models.CharField(blank=True, default="", max_length=150)),
                ("dismiss_reason", models.CharField(blank=True, default="", max_length=1000)),
                ("alerts", models.ManyToManyField(blank=True, related_name="deliveries", to="alerts.alert")),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ("-received_at", "-pk"),
                "indexes": [
                    models.Index(
                        condition=models.Q(models.Q(("problem", ""), _negated=True), ("dismissed_at", None)),
                        fields=["id"],
                        name="delivery_aside",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("message_id", ""), _negated=True),
                        fields=("source", "message_id"),
                        name="one_delivery_per_message",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Observable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("value", models.CharField(max_length=300)),
                ("first_at", models.DateTimeField()),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="observables", to="alerts.group"
                    ),
                ),
            ],
            options={
                "ordering": ("kind", "value"),
                "indexes": [models.Index(fields=["kind", "value"], name="observable_value")],
                "constraints": [
                    models.UniqueConstraint(fields=("group", "kind", "value"), name="one_observable_per_group")
                ],
            },
        ),
    ]
