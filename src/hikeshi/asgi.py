"""The ASGI application: console and API in one process."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hikeshi.settings")
application = get_asgi_application()
