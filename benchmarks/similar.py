"""How long the search for similar incidents takes: python benchmarks/similar.py [INCIDENTS], in a database of its own."""

# ruff: noqa: E402  # the environment is made before anything reads it
from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from statistics import median

os.environ["HIKESHI_HOME"] = tempfile.mkdtemp(prefix="hikeshi-similar-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hikeshi.settings")

import django

django.setup()

from django.core.management import call_command
from django.utils import timezone

from hikeshi.desk.actor import system
from hikeshi.desk.alerts.models import Alert, Group, Observable
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.similar import of_group, similar

WORDS = [
    "web",
    "server",
    "database",
    "miner",
    "beacon",
    "phishing",
    "account",
    "login",
    "leak",
    "bucket",
    "role",
    "key",
    "端末",
    "サーバー",
    "感染",
    "不正",
    "通信",
    "漏えい",
    "認証",
]
KINDS = (
    "Backdoor:EC2/C&CActivity.B",
    "CryptoCurrency:EC2/BitcoinTool.B",
    "Recon:EC2/Portscan",
    "Exfiltration:S3/AnomalousBehavior",
    "T1486",
)


def fill(count: int) -> Group:
    """`count` incidents with one alert and four observables each; the group that is compared names two of the common ones."""
    chance, now = random.Random(7), timezone.now()
    titles = [" ".join(chance.sample(WORDS, 5)) for _ in range(count + 1)]
    groups = Group.objects.bulk_create(
        Group(
            fingerprint=str(n),
            source="x",
            title=titles[n],
            kind=chance.choice(KINDS),
            first_at=now,
            last_at=now,
            joinable=False,
            state="taken",
        )
        for n in range(count + 1)
    )
    alerts = Alert.objects.bulk_create(
        Alert(key=str(n), group=group, source="x", title=group.title, kind=group.kind, received_at=now)
        for n, group in enumerate(groups)
    )
    rows = Incident.objects.bulk_create(
        Incident(name=f"INC-2026-{n:05d}", title=titles[n], severity=3, detected_at=now, declared_at=now)
        for n in range(count)
    )
    through = Incident.alerts.through
    through.objects.bulk_create(through(incident=row, alert=alert) for row, alert in zip(rows, alerts, strict=False))
    Observable.objects.bulk_create(
        Observable(group=group, kind="address", value=f"198.51.{chance.randrange(8)}.{n}", first_at=now)
        for group in groups for n in chance.sample(range(250), 4)
    )  # fmt: skip
    return groups[-1]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    call_command("migrate", verbosity=0)
    subject_of, actor, spent = fill(count), system("Hikeshi", "cli"), []
    for _ in range(10):
        begun = time.perf_counter()
        found = similar(of_group(subject_of), actor=actor)
        spent.append((time.perf_counter() - begun) * 1000)
    print(f"{count} incidents: first {spent[0]:.0f} ms, then median {median(spent[1:]):.0f} ms; {len(found)} found")


if __name__ == "__main__":
    main()
