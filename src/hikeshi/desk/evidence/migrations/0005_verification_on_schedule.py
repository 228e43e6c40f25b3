"""What was sealed before there was a schedule is due for its first check by itself."""

from typing import Any

from django.db import migrations
from django.utils import timezone


def _due(apps: Any, _editor: Any) -> None:
    apps.get_model("evidence", "Item").objects.filter(due_at=None, disposed_at=None).update(due_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("evidence", "0004_malware")]

    operations = [migrations.RunPython(_due, migrations.RunPython.noop)]
