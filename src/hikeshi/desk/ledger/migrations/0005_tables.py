"""Every table of the app as the migrations up to 0005_told leave it, made at once."""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

from hikeshi.desk.tables import Tables


def _begin(apps: Any, _editor: Any) -> None:
    """The daily round through all chains: its one row, due a day from now."""
    apps.get_model("ledger", "Round").objects.create(due_at=timezone.now() + timedelta(days=1))


class Migration(Tables):
    replaces = [
        ("ledger", "0001_initial"),
        ("ledger", "0002_anchors"),
        ("ledger", "0003_outside_indexes"),
        ("ledger", "0004_round"),
        ("ledger", "0005_told"),
    ]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Round",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("chains", models.PositiveIntegerField(default=0)),
                ("entries", models.PositiveBigIntegerField(default=0)),
                ("problems", models.PositiveBigIntegerField(default=0)),
                ("damaged", models.JSONField(blank=True, default=list)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(max_length=64, unique=True)),
                ("algorithm", models.CharField(max_length=16)),
                ("public", models.TextField()),
                ("place", models.CharField(max_length=300)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("since", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Chain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("name", models.CharField(max_length=80, unique=True)),
                ("head_seq", models.PositiveBigIntegerField(default=0)),
                (
                    "head_hash",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000", max_length=64
                    ),
                ),
                ("told_seq", models.PositiveBigIntegerField(default=0)),
                ("untold_since", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("untold_since__isnull", False)),
                        fields=["untold_since"],
                        name="chains_to_look_at",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.PositiveBigIntegerField()),
                ("root", models.CharField(max_length=64)),
                ("note", models.TextField()),
                ("made_at", models.DateTimeField()),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checkpoints", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "ordering": ("chain", "size", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Copy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("place", models.CharField(max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("held", "held"), ("refused", "refused")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("receipt", models.CharField(blank=True, default="", max_length=500)),
                ("problem", models.CharField(blank=True, default="", max_length=500)),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="copies", to="ledger.checkpoint"
                    ),
                ),
            ],
            options={
                "ordering": ("checkpoint", "pk"),
                "indexes": [models.Index(fields=["place", "state"], name="ledger_copy_place_4da631_idx")],
                "constraints": [models.UniqueConstraint(fields=("checkpoint", "place"), name="one_copy_per_place")],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveBigIntegerField()),
                ("time", models.CharField(max_length=27)),
                ("actor", models.CharField(max_length=150)),
                ("door", models.CharField(max_length=20)),
                ("verb", models.CharField(max_length=60)),
                ("object", models.CharField(max_length=120)),
                ("data", models.TextField()),
                ("prev", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "ordering": ("chain", "seq"),
                "indexes": [
                    models.Index(fields=["chain", "object"], name="ledger_entr_chain_i_e01a1f_idx"),
                    models.Index(fields=["chain", "verb"], name="ledger_entr_chain_i_13c2a2_idx"),
                ],
                "constraints": [models.UniqueConstraint(fields=("chain", "seq"), name="one_entry_per_place")],
            },
        ),
        migrations.CreateModel(
            name="Stamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("authority", models.CharField(max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("held", "held"), ("refused", "refused")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("reply", models.BinaryField(default=b"")),
                ("said_at", models.DateTimeField(blank=True, null=True)),
                ("problem", models.CharField(blank=True, default="", max_length=500)),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stamps", to="ledger.checkpoint"
                    ),
                ),
            ],
            options={
                "ordering": ("checkpoint", "pk"),
                "indexes": [models.Index(fields=["authority", "state"], name="ledger_stam_authori_00f7d3_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("checkpoint", "authority"), name="one_stamp_per_authority")
                ],
            },
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.PositiveBigIntegerField()),
                ("hashes", models.BinaryField()),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tiles", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("chain", "level", "index"), name="one_tile_per_place")],
            },
        ),
        migrations.RunPython(_begin, migrations.RunPython.noop),
    ]
