from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("alerts", "0003_one_group_each"),)
    operations = (
        migrations.RemoveField(
            model_name="delivery",
            name="alert",
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("message_id", ""), _negated=True),
                fields=("source", "message_id"),
                name="one_delivery_per_message",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="alerts", to="alerts.group"
            ),
        ),
    )
