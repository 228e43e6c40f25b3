"""One Incident Commander at a time, kept by the database itself."""

from __future__ import annotations

import itertools
from typing import Any

from django.conf import settings
from django.db import migrations, models


def newest(apps: Any, editor: Any) -> None:
    """Where two were assigned at the same moment, the one assigned last is in command."""
    del editor
    roles = apps.get_model("incidents", "Role").objects.filter(duty="incident_commander", until__isnull=True)
    for incident in set(roles.values_list("incident_id", flat=True)):
        held = list(roles.filter(incident_id=incident).order_by("since", "pk"))
        for before, after in itertools.pairwise(held):
            before.until = after.since
            before.save(update_fields=["until"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_retired_contacts"),
        ("incidents", "0002_command"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(newest, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(
                condition=models.Q(("duty", "incident_commander"), ("until__isnull", True)),
                fields=("incident",),
                name="one_commander_at_a_time",
            ),
        ),
    ]
