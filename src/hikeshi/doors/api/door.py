"""The API itself: who may come in, and how an error is answered. Endpoints are in one file per noun beside this one."""

from __future__ import annotations

from ninja import NinjaAPI

from hikeshi.doors.api.bearer import bearer

api = NinjaAPI(title="Hikeshi", version="1", urls_namespace="api", auth=bearer, docs_url=None)
