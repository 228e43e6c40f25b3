"""Who is asking: an API token in the Authorization header, and nothing else. Session cookies do not open this door."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from ninja.security import HttpBearer

from hikeshi.desk.accounts.verbs import actor_for_token
from hikeshi.desk.actor import Actor
from hikeshi.doors.api.answers import unauthorised

View = Callable[..., HttpResponseBase]


class Call(HttpRequest):
    """A request that has come in: `auth` is the actor of its token."""

    auth: Actor


class Bearer(HttpBearer):
    """Turns `Authorization: Bearer hks_...` into the actor of every verb."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        del request  # the header alone decides
        return actor_for_token(token, "api")


bearer = Bearer()


def token_required(view: Any) -> Any:
    """For the views that are not endpoints: the OpenAPI document, and addresses that do not exist."""

    @wraps(view, assigned=())  # a partial has no name
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer: HttpResponseBase = view(request, *args, **kwargs) if bearer(request) else unauthorised()
        return answer

    return guarded
