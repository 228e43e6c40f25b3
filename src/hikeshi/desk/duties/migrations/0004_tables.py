"""Every table of the app as the migrations up to 0004_facts leave it, made at once."""

import django.db.models.deletion
from django.db import migrations, models

from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [
        ("duties", "0001_initial"),
        ("duties", "0002_law"),
        ("duties", "0003_statements"),
        ("duties", "0004_facts"),
    ]

    initial = True

    dependencies = [
        ("ledger", "0005_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignOff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=60)),
                ("rule_version", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("counsel", models.CharField(max_length=150)),
                ("note", models.CharField(blank=True, default="", max_length=1000)),
                ("signed_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("rule", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Clock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=80)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("rule", models.CharField(max_length=60)),
                ("rule_version", models.PositiveIntegerField()),
                ("title", models.JSONField()),
                ("explanation", models.JSONField()),
                ("started_at", models.DateTimeField()),
                ("soon_at", models.DateTimeField()),
                ("deadline", models.DateTimeField(db_index=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "on time"),
                            ("soon", "due soon"),
                            ("over", "over"),
                            ("met", "met"),
                            ("met-late", "met late"),
                            ("replaced", "replaced"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                ("breached_at", models.DateTimeField(blank=True, null=True)),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="clocks", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "ordering": ("deadline", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=60)),
                ("rule_version", models.PositiveIntegerField()),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("applies", "applies"),
                            ("does_not_apply", "does not apply"),
                            ("undecided", "undecided"),
                            ("waived_by_authority", "waived by the authority"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(max_length=1000)),
                ("decided_by", models.CharField(max_length=150)),
                ("decided_at", models.DateTimeField()),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "ordering": ("chain", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Fact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=40)),
                (
                    "answer",
                    models.CharField(choices=[("yes", "yes"), ("no", "no"), ("unknown", "unknown")], max_length=7),
                ),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("said_by", models.CharField(max_length=150)),
                ("said_at", models.DateTimeField()),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="facts", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "ordering": ("chain", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Filing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
                ("channel", models.CharField(blank=True, default="", max_length=200)),
                ("reference", models.CharField(blank=True, default="", max_length=200)),
                ("proof", models.CharField(blank=True, default="", max_length=200)),
                ("filed_by", models.CharField(max_length=150)),
                ("recorded_at", models.DateTimeField()),
                ("late_by_us", models.BigIntegerField(default=0)),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="filings", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "ordering": ("chain", "at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Moment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=40)),
                ("at", models.DateTimeField(blank=True, null=True)),
                ("day", models.DateField(blank=True, null=True)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("recorded_by", models.CharField(max_length=150)),
                ("recorded_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_why", models.CharField(blank=True, default="", max_length=500)),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="moments", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "ordering": ("chain", "pk"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("at__isnull", True), ("day__isnull", True), _connector="XOR"),
                        name="an_instant_or_a_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content", models.CharField(max_length=20)),
                ("item", models.PositiveSmallIntegerField()),
                (
                    "certainty",
                    models.CharField(
                        choices=[
                            ("confirmed", "confirmed"),
                            ("suspected", "suspected"),
                            ("investigating", "under investigation"),
                            ("unknown", "unknown"),
                        ],
                        default="unknown",
                        max_length=14,
                    ),
                ),
                ("en", models.TextField(blank=True, default="")),
                ("ja", models.TextField(blank=True, default="")),
                ("sources", models.CharField(blank=True, default="", max_length=300)),
                ("written_by", models.CharField(max_length=150)),
                ("written_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="statements", to="ledger.chain"
                    ),
                ),
            ],
            options={
                "ordering": ("chain", "content", "item"),
                "constraints": [
                    models.UniqueConstraint(fields=("chain", "content", "item"), name="one_statement_per_item")
                ],
            },
        ),
    ]
