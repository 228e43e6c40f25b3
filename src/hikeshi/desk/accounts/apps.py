from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "hikeshi.desk.accounts"
    label = "accounts"
