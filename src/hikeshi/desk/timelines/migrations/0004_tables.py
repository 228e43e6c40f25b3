"""Every table of the app as the migrations up to 0004_clocks leave it, made at once."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [
        ("timelines", "0001_initial"),
        ("timelines", "0002_hits"),
        ("timelines", "0003_notes_searches"),
        ("timelines", "0004_clocks"),
    ]

    initial = True

    dependencies = [
        ("evidence", "0005_tables"),
        ("incidents", "0005_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Timeline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("name", models.CharField(max_length=80)),
                ("place", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("assumed", models.JSONField(blank=True, default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "waiting to be built"), ("ready", "ready"), ("failed", "failed")],
                        default="asked",
                        max_length=8,
                    ),
                ),
                ("problem", models.TextField(blank=True, default="")),
                ("report", models.JSONField(blank=True, default=dict)),
                ("built_at", models.DateTimeField(blank=True, null=True)),
                ("detection", models.JSONField(blank=True, default=dict)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="timelines", to="incidents.incident"
                    ),
                ),
                ("items", models.ManyToManyField(related_name="timelines", to="evidence.item")),
            ],
            options={
                "ordering": ("incident", "name"),
                "constraints": [models.UniqueConstraint(fields=("incident", "name"), name="one_timeline_per_name")],
            },
        ),
        migrations.CreateModel(
            name="SavedSearch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("query", models.JSONField(blank=True, default=dict)),
                ("tags", models.JSONField(blank=True, default=list)),
                ("starred", models.BooleanField(default=False)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=150)),
                (
                    "timeline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="searches", to="timelines.timeline"
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
                "constraints": [models.UniqueConstraint(fields=("timeline", "name"), name="one_search_per_name")],
            },
        ),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("attacker", "Attacker"),
                            ("suspect", "Suspected attacker"),
                            ("responder", "Responder"),
                            ("star", "Star"),
                        ],
                        max_length=10,
                    ),
                ),
                ("field", models.CharField(max_length=40)),
                ("value", models.CharField(max_length=300)),
                ("reason", models.TextField()),
                ("events", models.PositiveBigIntegerField()),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=150)),
                (
                    "timeline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="marks", to="timelines.timeline"
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("timeline", "kind", "field", "value"), name="one_mark_each")
                ],
            },
        ),
        migrations.CreateModel(
            name="Hit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=200)),
                ("title", models.CharField(max_length=400)),
                ("file", models.CharField(max_length=400)),
                (
                    "level",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("critical", "critical"),
                            ("high", "high"),
                            ("medium", "medium"),
                            ("low", "low"),
                            ("informational", "informational"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("techniques", models.JSONField(blank=True, default=list)),
                ("events", models.PositiveBigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("selector", models.JSONField(default=dict)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=150)),
                (
                    "timeline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="hits", to="timelines.timeline"
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="EventNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_uid", models.CharField(max_length=32)),
                ("ts", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(choices=[("star", "Star"), ("tag", "Tag"), ("comment", "Comment")], max_length=8),
                ),
                ("text", models.TextField(blank=True, default="", max_length=2000)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=150)),
                (
                    "timeline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="timelines.timeline"
                    ),
                ),
            ],
            options={
                "ordering": ("ts", "event_uid", "pk"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "comment"), _negated=True),
                        fields=("timeline", "event_uid", "kind", "text"),
                        name="one_star_and_tag_each",
                    )
                ],
            },
        ),
    ]
