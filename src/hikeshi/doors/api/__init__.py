"""The API's door: the same verbs as the console, for programs. OpenAPI at /api/v1/openapi.json."""

from __future__ import annotations

from hikeshi.doors.api.door import api

__all__ = ["api"]
