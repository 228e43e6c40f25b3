"""Every table of the app as the migrations up to 0005_verification_on_schedule leave it, made at once."""

import django.db.models.deletion
from django.db import migrations, models

from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [
        ("evidence", "0001_initial"),
        ("evidence", "0002_custody"),
        ("evidence", "0003_kinds_of_acquisitions"),
        ("evidence", "0004_malware"),
        ("evidence", "0005_verification_on_schedule"),
    ]

    initial = True

    dependencies = [
        ("incidents", "0005_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Item",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("name", models.CharField(max_length=20)),
                ("title", models.CharField(max_length=300)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("disk", "Disk image"),
                            ("file", "File"),
                            ("logs", "Logs"),
                            ("malware", "Malware sample"),
                            ("memory", "Memory image"),
                            ("network", "Network capture"),
                            ("receipt", "Receipt of an action"),
                            ("report", "Report"),
                            ("snapshot", "Disk snapshot"),
                            ("state", "Volatile state"),
                        ],
                        max_length=12,
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("files", models.PositiveIntegerField(default=0)),
                ("source", models.CharField(blank=True, default="", max_length=500)),
                ("held_at", models.CharField(blank=True, default="", max_length=500)),
                ("simulated", models.BooleanField(default=False)),
                ("sealed_at", models.DateTimeField()),
                ("sealed_by", models.CharField(max_length=150)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "check_result",
                    models.CharField(
                        blank=True,
                        choices=[("match", "match"), ("mismatch", "mismatch"), ("could-not-check", "could not check")],
                        default="",
                        max_length=20,
                    ),
                ),
                ("description", models.TextField(blank=True, default="")),
                ("system", models.CharField(blank=True, default="", max_length=300)),
                ("account", models.CharField(blank=True, default="", max_length=40)),
                ("region", models.CharField(blank=True, default="", max_length=40)),
                ("location", models.CharField(blank=True, default="", max_length=300)),
                ("owner", models.CharField(blank=True, default="", max_length=200)),
                ("authority", models.CharField(blank=True, default="", max_length=300)),
                ("collector", models.CharField(blank=True, default="", max_length=150)),
                ("witness", models.CharField(blank=True, default="", max_length=150)),
                ("method", models.CharField(blank=True, default="", max_length=300)),
                ("tool", models.CharField(blank=True, default="", max_length=100)),
                ("tool_version", models.CharField(blank=True, default="", max_length=100)),
                ("command", models.TextField(blank=True, default="")),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("clock_source", models.CharField(blank=True, default="", max_length=100)),
                ("clock_offset_us", models.BigIntegerField(blank=True, null=True)),
                ("sha512", models.CharField(blank=True, default="", max_length=128)),
                ("blake3", models.CharField(blank=True, default="", max_length=64)),
                ("container", models.CharField(blank=True, default="", max_length=40)),
                ("recorded_hashes", models.JSONField(blank=True, default=dict)),
                ("held_by", models.CharField(blank=True, default="", max_length=200)),
                ("lock_proof", models.CharField(blank=True, default="", max_length=300)),
                (
                    "sensitivity",
                    models.CharField(
                        choices=[("normal", "Normal"), ("sensitive", "Sensitive: reads are recorded")],
                        default="normal",
                        max_length=12,
                    ),
                ),
                (
                    "tlp",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("red", "TLP:RED"),
                            ("amber+strict", "TLP:AMBER+STRICT"),
                            ("amber", "TLP:AMBER"),
                            ("green", "TLP:GREEN"),
                            ("clear", "TLP:CLEAR"),
                        ],
                        default="",
                        max_length=14,
                    ),
                ),
                ("retain_until", models.DateField(blank=True, null=True)),
                ("disposed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "ordering": ("incident", "name"),
                "constraints": [models.UniqueConstraint(fields=("incident", "name"), name="one_item_per_name")],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=500)),
                ("placed_by", models.CharField(max_length=150)),
                ("placed_at", models.DateTimeField()),
                ("lifted_by", models.CharField(blank=True, default="", max_length=150)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lift_reason", models.CharField(blank=True, default="", max_length=500)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="evidence.item"
                    ),
                ),
            ],
            options={
                "ordering": ("item", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Disposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method", models.CharField(max_length=200)),
                ("reason", models.CharField(max_length=500)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "Asked"), ("refused", "Refused"), ("done", "Done")],
                        default="asked",
                        max_length=8,
                    ),
                ),
                ("answered_by", models.CharField(blank=True, default="", max_length=150)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answer_reason", models.CharField(blank=True, default="", max_length=500)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disposals", to="evidence.item"
                    ),
                ),
            ],
            options={
                "ordering": ("item", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Planned",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("memory", "Memory"),
                            ("state", "Sockets and processes"),
                            ("network", "Network traffic"),
                            ("disk", "Disk"),
                            ("logs", "Logs"),
                            ("cloud", "Cloud metadata"),
                            ("media", "Media and paper"),
                        ],
                        max_length=8,
                    ),
                ),
                ("target", models.CharField(max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("held", "Held"), ("failed", "Failed"), ("waived", "Waived")],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("settled_by", models.CharField(blank=True, default="", max_length=150)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="planned_evidence",
                        to="incidents.incident",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="planned",
                        to="evidence.item",
                    ),
                ),
            ],
            options={
                "ordering": ("incident", "pk"),
                "constraints": [
                    models.UniqueConstraint(fields=("incident", "kind", "target"), name="one_line_per_target")
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("giver", models.CharField(max_length=200)),
                ("receiver", models.CharField(max_length=200)),
                ("receiver_email", models.EmailField(blank=True, default="", max_length=254)),
                ("purpose", models.CharField(max_length=300)),
                ("place", models.CharField(blank=True, default="", max_length=200)),
                ("means", models.CharField(choices=[("link", "Signed link"), ("paper", "On paper")], max_length=8)),
                ("secret_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("offered_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("offered", "Offered"),
                            ("accepted", "Accepted"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="offered",
                        max_length=10,
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answered_by", models.CharField(blank=True, default="", max_length=200)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("hash_before", models.CharField(max_length=64)),
                ("hash_after", models.CharField(blank=True, default="", max_length=64)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="evidence.item"
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="evidence.item",
                    ),
                ),
            ],
            options={
                "ordering": ("item", "pk"),
            },
        ),
    ]
