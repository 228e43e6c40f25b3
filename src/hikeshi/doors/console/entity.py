"""Everything a timeline says of one name: an address, a principal, a key, a machine."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from hikeshi.desk.timelines.models import Timeline
from hikeshi.doors.console.room import head
from hikeshi.doors.console.search import FACETS, FIELDS, Search, at
from hikeshi.doors.console.visit import incident_of, page
from hikeshi.errors import HikeshiError
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.entity import Entity, entity as known_of


@require_safe
def entity(request: HttpRequest, name: str) -> HttpResponse:
    incident, value = incident_of(request, name), request.GET.get("value", "")[:300]
    chosen = get_object_or_404(Timeline, incident=incident, name=request.GET.get("t", ""), state="ready")
    context = {**head(request, incident, "timeline"), "chosen": chosen, "value": value}
    try:
        found = known_of(DuckStore(chosen.folder), value) if value.strip() else None
    except HikeshiError as problem:
        return page(request, "console/entity.html", context, problem=problem)
    return page(request, "console/entity.html", {**context, **(_told(chosen, found) if found else {})})


def _told(chosen: Timeline, found: Entity) -> dict[str, Any]:
    """Counts with the addresses that show the events, where the timeline's page can filter by the field."""
    own = Search(timeline=chosen.name)
    return {
        "found": found,
        "first": at(found.first_us) if found.first_us is not None else None,
        "last": at(found.last_us) if found.last_us is not None else None,
        "named_in": [(field, count, own.link(**{field: found.value}) if field in FIELDS else "") for field, count in found.named_in],
        "told": [(FACETS.get(field, field), values) for field, values in found.told.items() if values],
    }  # fmt: skip
