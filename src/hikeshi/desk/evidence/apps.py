from __future__ import annotations

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "hikeshi.desk.evidence"
    label = "evidence"
