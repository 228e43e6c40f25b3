"""The ASGI application: console, API and webhooks in one process."""

from __future__ import annotations

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hikeshi.settings")
django = get_asgi_application()

from hikeshi.doors.webhook.door import PATH, Webhooks  # noqa: E402 - it reads models, which Django has to know first

webhooks = Webhooks()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Webhooks go past Django's middleware: no session, no sign-in page, no forms are concerned."""
    if scope["type"] == "http" and scope["path"].startswith(PATH):
        await webhooks(scope, receive, send)
    else:
        await django(scope, receive, send)
