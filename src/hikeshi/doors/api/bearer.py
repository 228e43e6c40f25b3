"""Who is asking: an API token in the Authorization header, and nothing else. Session cookies do not open this door."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from hikeshi.desk.accounts.verbs import actor_for_token
from hikeshi.desk.actor import Actor


class Bearer(HttpBearer):
    """Turns `Authorization: Bearer hks_...` into the actor of every verb."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        return actor_for_token(token, "api")


bearer = Bearer()
