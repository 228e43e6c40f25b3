"""Every table of the app as the migrations up to 0005_called_for leave it, made at once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import hikeshi.desk.sealed
from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [
        ("incidents", "0001_initial"),
        ("incidents", "0002_command"),
        ("incidents", "0003_one_commander"),
        ("incidents", "0004_update_rhythm"),
        ("incidents", "0005_called_for"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0003_tables"),
        ("accounts", "0003_tables"),
        ("alerts", "0006_tables"),
        ("assets", "0002_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=20, unique=True)),
                ("title", models.CharField(max_length=300)),
                ("summary", models.TextField(blank=True, default="")),
                (
                    "severity",
                    models.PositiveSmallIntegerField(choices=[(1, "critical"), (2, "high"), (3, "medium"), (4, "low")]),
                ),
                ("severity_reason", models.TextField(blank=True, default="")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("declared", "Declared"),
                            ("active", "Active"),
                            ("monitoring", "Monitoring"),
                            ("resolved", "Resolved"),
                            ("closed", "Closed"),
                            ("merged", "Merged"),
                        ],
                        default="declared",
                        max_length=12,
                    ),
                ),
                ("simulated", models.BooleanField(default=False)),
                ("occurred_at", models.DateTimeField(blank=True, null=True)),
                ("detected_at", models.DateTimeField()),
                ("declared_at", models.DateTimeField()),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("contained_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("code_name", models.CharField(blank=True, default="", max_length=40)),
                ("exercise", models.BooleanField(default=False)),
                ("restricted", models.BooleanField(default=False)),
                ("quiet", models.BooleanField(default=False)),
                ("unaware", models.TextField(blank=True, default="")),
                ("exposed_domains", models.JSONField(blank=True, default=list)),
                (
                    "marking",
                    models.CharField(
                        choices=[
                            ("clear", "TLP:CLEAR"),
                            ("green", "TLP:GREEN"),
                            ("amber", "TLP:AMBER"),
                            ("amber+strict", "TLP:AMBER+STRICT"),
                            ("red", "TLP:RED"),
                        ],
                        default="amber",
                        max_length=12,
                    ),
                ),
                (
                    "functional_impact",
                    models.CharField(
                        blank=True,
                        choices=[("none", "none"), ("low", "low"), ("medium", "medium"), ("high", "high")],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "information_impact",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("none", "none"),
                            ("privacy", "privacy breach"),
                            ("proprietary", "proprietary breach"),
                            ("integrity", "integrity loss"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                (
                    "recoverability",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("regular", "regular"),
                            ("supplemented", "supplemented"),
                            ("extended", "extended"),
                            ("not_recoverable", "not recoverable"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("update_every", models.PositiveIntegerField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("alerts", models.ManyToManyField(blank=True, related_name="incidents", to="alerts.alert")),
                (
                    "merged_into",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "ordering": ("severity", "-declared_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("question", models.CharField(max_length=500)),
                ("options", models.JSONField(blank=True, default=list)),
                ("chosen", models.CharField(blank=True, default="", max_length=500)),
                ("reason", models.TextField(blank=True, default="")),
                ("objections", models.JSONField(blank=True, default=list)),
                ("decide_by", models.DateTimeField(blank=True, null=True)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, default="", max_length=150)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("later_verdict", models.TextField(blank=True, default="")),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "ordering": ("asked_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="CounselNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", hikeshi.desk.sealed.SealedText()),
                ("text_sha256", models.CharField(max_length=64)),
                ("written_by", models.CharField(max_length=150)),
                ("written_at", models.DateTimeField()),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="counsel_notes",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "ordering": ("written_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Access",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=500)),
                ("given_by", models.CharField(max_length=150)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accesses",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="accesses", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "accesses",
                "ordering": ("since", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Role",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "duty",
                    models.CharField(
                        choices=[
                            ("incident_commander", "Incident Commander"),
                            ("deputy_commander", "Deputy commander"),
                            ("technical_lead", "Technical Lead"),
                            ("communications_lead", "Communications Lead"),
                            ("responder", "Responder"),
                            ("scribe", "Scribe"),
                            ("legal_support", "Legal"),
                            ("pr_support", "Public relations"),
                            ("hr_support", "Human resources"),
                            ("support", "Support"),
                            ("observer", "Observer"),
                        ],
                        max_length=30,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("called_for", models.CharField(blank=True, default="", max_length=40)),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="accounts.contact"
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="incidents.incident"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="roles",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("since", "pk"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("duty", "incident_commander"), ("until__isnull", True)),
                        fields=("incident",),
                        name="one_commander_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Handover",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "duty",
                    models.CharField(
                        choices=[
                            ("incident_commander", "Incident Commander"),
                            ("deputy_commander", "Deputy commander"),
                            ("technical_lead", "Technical Lead"),
                            ("communications_lead", "Communications Lead"),
                            ("responder", "Responder"),
                            ("scribe", "Scribe"),
                            ("legal_support", "Legal"),
                            ("pr_support", "Public relations"),
                            ("hr_support", "Human resources"),
                            ("support", "Support"),
                            ("observer", "Observer"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "proposed"),
                            ("accepted", "accepted"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("brief", models.JSONField(default=dict)),
                ("words", models.TextField(blank=True, default="")),
                ("say_back", models.TextField(blank=True, default="")),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("proposed_by", models.CharField(max_length=150)),
                ("proposed_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "receiver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handovers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="handovers", to="incidents.incident"
                    ),
                ),
                (
                    "giver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="given",
                        to="incidents.role",
                    ),
                ),
            ],
            options={
                "ordering": ("proposed_at", "pk"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")),
                        fields=("incident", "duty"),
                        name="one_open_handover_per_role",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Section",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        choices=[("objective", "Objective now"), ("impact", "Impact"), ("next", "Next")], max_length=12
                    ),
                ),
                ("text", models.TextField(blank=True, default="")),
                ("written_by", models.CharField(max_length=150)),
                ("written_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sections", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "ordering": ("incident", "key"),
                "constraints": [models.UniqueConstraint(fields=("incident", "key"), name="one_section_per_key")],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("taken", "taken"), ("done", "done"), ("dropped", "dropped")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("due", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.TextField(blank=True, default="")),
                ("made_by", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tasks", to="incidents.incident"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("due", "pk"),
            },
        ),
        migrations.CreateModel(
            name="AffectedAsset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("identifier", models.CharField(max_length=300)),
                (
                    "compromise",
                    models.CharField(
                        choices=[
                            ("unknown", "unknown"),
                            ("suspected", "suspected"),
                            ("confirmed", "confirmed"),
                            ("not_compromised", "not compromised"),
                        ],
                        default="unknown",
                        max_length=16,
                    ),
                ),
                (
                    "clearance",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("contained", "contained"),
                            ("cleaned", "cleaned"),
                            ("cleared", "cleared for use"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=1000)),
                ("changed_by", models.CharField(max_length=150)),
                ("changed_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "asset",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="incidents",
                        to="assets.asset",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="assets", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "ordering": ("identifier",),
                "constraints": [models.UniqueConstraint(fields=("incident", "identifier"), name="one_row_per_asset")],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("related", "related to"),
                            ("caused_by", "caused by"),
                            ("same_actor", "same attacker as"),
                            ("duplicate", "duplicate of"),
                        ],
                        default="related",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("made_by", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField()),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="links", to="incidents.incident"
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="linked_from", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "ordering": ("made_at", "pk"),
                "constraints": [
                    models.UniqueConstraint(fields=("incident", "other", "kind"), name="one_link_per_kind")
                ],
            },
        ),
        migrations.CreateModel(
            name="Phase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
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
                ("entered_at", models.DateTimeField()),
                ("left_at", models.DateTimeField(blank=True, null=True)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="phases", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "ordering": ("entered_at", "pk"),
                "constraints": [models.UniqueConstraint(fields=("incident", "name"), name="one_row_per_phase")],
            },
        ),
    ]
