"""Contacts can be retired; telephone and mail of the list so far become ways, in that order."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def ways(apps: Any, editor: Any) -> None:
    del editor
    contacts, way = apps.get_model("accounts", "Contact"), apps.get_model("accounts", "Way")
    for contact in contacts.objects.filter(ways__isnull=True):
        given = [
            (channel, address) for channel, address in (("phone", contact.phone), ("mail", contact.email)) if address
        ]
        for place, (channel, address) in enumerate(given, 1):
            way.objects.create(contact=contact, place=place, channel=channel, address=address)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_ways")]

    operations = [
        migrations.RemoveConstraint(model_name="contact", name="one_line_per_contact"),
        migrations.AddField(model_name="contact", name="retired_at", field=models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at__isnull", True)),
                fields=("duty", "level", "name"),
                name="one_line_per_contact",
            ),
        ),
        migrations.RunPython(ways, migrations.RunPython.noop),
    ]
