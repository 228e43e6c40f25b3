"""Sources and what they sent that was not understood."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from django.conf import settings
from django.utils import timezone
from ninja import Query, Router, Status

from hikeshi.desk.alerts import aside, sources
from hikeshi.desk.alerts.models import Source
from hikeshi.doors import deliveries, find
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, newest_first
from hikeshi.doors.deliveries import AsideShape, SourceShape

router = Router()


class NewSource(Body):
    """`proof` is hmac, hub or token; see docs/intake.md. `owner` is a username; empty: whose token this is."""

    name: str
    kind: str = "webhook"
    proof: str = "hmac"
    reader: str = ""
    owner: str = ""
    window_seconds: int = 300
    size_limit: int = 1024 * 1024
    per_minute: int = 60_000
    silent_seconds: int = 0


class Rotation(Body):
    overlap_hours: int = 24


class Reason(Body):
    reason: str


class SecretShape(SourceShape):
    """With the secret, which is shown only this once, and the address to send to."""

    secret: str
    address: str


def _shown(row: Source) -> SourceShape:
    return deliveries.source_shape(row, sources.aside_counts().get(row.name, 0), timezone.now())


def _with_secret(row: Source, secret: str) -> SecretShape:
    return {**_shown(row), "secret": secret, "address": f"{settings.ENVIRONMENT.public_url}/in/{row.name}"}


@router.get("/sources", response=list[SourceShape])
def list_sources(request: Call) -> list[SourceShape]:
    """Who may hand alerts in, the troubled ones first."""
    return deliveries.source_shapes(sources.shown(request.auth))


@router.post("/sources", response={201: SecretShape})
def add_source(request: Call, body: NewSource) -> Status[SecretShape]:
    """Let a source hand alerts in."""
    said = body.dict()
    owner = find.person(said.pop("owner")) if body.owner else said.pop("owner") or None
    row, secret = sources.add(said.pop("name"), actor=request.auth, owner=owner, **said)
    return Status(201, _with_secret(row, secret))


@router.get("/sources/{name}", response=SourceShape)
def show_source(request: Call, name: str) -> SourceShape:
    """One source with its health, without its secret."""
    return _shown(deliveries.find_source(request.auth, name))


@router.post("/sources/{name}/rotate", response=SecretShape)
def rotate_source(request: Call, name: str, body: Rotation) -> SecretShape:
    """A new secret; the one before works for the overlap."""
    row = deliveries.find_source(request.auth, name)
    secret = sources.rotate(row, actor=request.auth, overlap=timedelta(hours=body.overlap_hours))
    row.refresh_from_db()
    return _with_secret(row, secret)


@router.post("/sources/{name}/disable", response=SourceShape)
def disable_source(request: Call, name: str, body: Reason) -> SourceShape:
    """Take nothing more from it."""
    row = deliveries.find_source(request.auth, name)
    sources.disable(row, actor=request.auth, reason=body.reason)
    return _shown(row)


@router.post("/sources/{name}/enable", response=SourceShape)
def enable_source(request: Call, name: str) -> SourceShape:
    """Take alerts from it again."""
    row = deliveries.find_source(request.auth, name)
    sources.enable(row, actor=request.auth)
    return _shown(row)


@router.get("/deliveries", response=Page[AsideShape])
def list_set_aside(request: Call, paging: Annotated[Paging, Query()], source: str = "") -> Page[AsideShape]:
    """Deliveries that wait because they were not understood, newest first."""
    return newest_first(deliveries.set_aside(request.auth, source), paging, deliveries.aside_shape)


@router.post("/deliveries/{number}/reread", response=AsideShape)
def reread_delivery(request: Call, number: int) -> AsideShape:
    """Read it again, after a mapping was mended."""
    row = deliveries.find_delivery(request.auth, number)
    aside.reread(row, actor=request.auth)
    row.refresh_from_db()
    return deliveries.aside_shape(row)


@router.post("/deliveries/{number}/dismiss", response=AsideShape)
def dismiss_delivery(request: Call, number: int, body: Reason) -> AsideShape:
    """Take it off the list, with the reason."""
    row = deliveries.find_delivery(request.auth, number)
    aside.dismiss(row, actor=request.auth, reason=body.reason)
    return deliveries.aside_shape(row)
