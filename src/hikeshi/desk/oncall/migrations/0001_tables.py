"""Every table of the app as the migrations up to 0001_rotations leave it, made at once."""

import django.db.models.deletion
from django.db import migrations, models

from hikeshi.desk.tables import Tables


class Migration(Tables):
    replaces = [("oncall", "0001_rotations")]

    initial = True

    dependencies = [
        ("accounts", "0003_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Part",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField(default=1)),
                ("time_zone", models.CharField(max_length=60)),
                ("since", models.DateField()),
                ("at", models.TimeField()),
                ("days", models.PositiveSmallIntegerField(default=7)),
                ("begin", models.TimeField(blank=True, null=True)),
                ("end", models.TimeField(blank=True, null=True)),
                (
                    "rotation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="oncall.rotation"
                    ),
                ),
            ],
            options={
                "ordering": ("rotation", "place", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField()),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="turns", to="accounts.contact"
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="oncall.part"
                    ),
                ),
            ],
            options={
                "ordering": ("part", "place"),
            },
        ),
        migrations.CreateModel(
            name="Rotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("duty", models.CharField(max_length=30)),
                ("level", models.PositiveSmallIntegerField(default=1)),
                ("calendar", models.CharField(blank=True, default="", max_length=40)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("duty", "level", "name"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at__isnull", True)), fields=("name",), name="one_rotation_per_name"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Override",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField()),
                ("end", models.DateTimeField()),
                ("reason", models.CharField(max_length=500)),
                ("made_by", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="overrides", to="accounts.contact"
                    ),
                ),
                (
                    "covers",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="covered",
                        to="accounts.contact",
                    ),
                ),
                (
                    "rotation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="overrides", to="oncall.rotation"
                    ),
                ),
            ],
            options={
                "ordering": ("made_at", "pk"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("start__lt", models.F("end"))), name="override_ends_after_it_starts"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FixedShift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField(db_index=True)),
                ("end", models.DateTimeField()),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("ical", "iCalendar"),
                            ("opsgenie", "Opsgenie"),
                            ("pagerduty", "PagerDuty"),
                            ("other", "other"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fixed_shifts", to="accounts.contact"
                    ),
                ),
                (
                    "rotation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="fixed", to="oncall.rotation"
                    ),
                ),
            ],
            options={
                "ordering": ("start", "pk"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("start__lt", models.F("end"))), name="shift_ends_after_it_starts"
                    )
                ],
            },
        ),
    ]
