"""How often one address may try what needs no sign-in: links whose secret is all that lets somebody in."""

from __future__ import annotations

from typing import Final

from django.core.cache import cache
from django.http import HttpRequest

TRIES: Final = 30
TRIES_SECONDS: Final = 600
"""A secret of 24 random bytes needs no help; its guesser gets none."""


def too_often(request: HttpRequest, what: str) -> bool:
    """Counts one try of `what` from this address, and says whether that was one too many."""
    key = f"{what}:{request.META.get('REMOTE_ADDR', '')}"
    cache.add(key, 0, TRIES_SECONDS)
    return int(cache.incr(key)) > TRIES
