"""Notices: who was told what, and whether somebody has it. Channels: where the organisation is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Query, Router, Status

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.notices import trying, verbs
from hikeshi.desk.notices.models import Channel
from hikeshi.doors import find, notices
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, newest_first

router = Router()


class NewChannel(Body):
    """`address` holds the service's secret and is never shown again. `from_severity`: 4 for everything, 1 for SEV-1 only."""

    name: str
    service: str
    address: str
    from_severity: int = 4
    language: Literal["", "en", "ja"] = ""


class Number(Body):
    """The number an SMS gateway is tried with."""

    to: str = ""


@router.get("/notices", response=Page[notices.NoticeShape])
def list_notices(
    request: Call, paging: Annotated[Paging, Query()], incident: str = "", state: str = ""
) -> Page[notices.NoticeShape]:
    """Your notices and those of incidents you may read, newest first."""
    rows = verbs.visible(request.auth).prefetch_related("tries")
    if incident:
        rows = rows.filter(incident=find.incident(request.auth, incident))
    if state:
        rows = rows.filter(state=state.replace("\x00", ""))
    return newest_first(rows, paging, notices.notice)


@router.get("/notices/{number}", response=notices.NoticeShape)
def show_notice(request: Call, number: str) -> notices.NoticeShape:
    """One notice with every try to deliver it."""
    return notices.notice(notices.find_notice(request.auth, number))


@router.post("/notices/{number}/acknowledge", response=notices.NoticeShape)
def acknowledge_notice(request: Call, number: str) -> notices.NoticeShape:
    """Say "I have it": nobody else is woken. The page of an incident acknowledges the incident, where you may."""
    row = notices.find_notice(request.auth, number)
    verbs.acknowledge(row, actor=request.auth)
    row.refresh_from_db()
    return notices.notice(row)


@router.post("/notices/{number}/resend", response=notices.NoticeShape)
def resend_notice(request: Call, number: str) -> notices.NoticeShape:
    """Send it once more by all ways there are now."""
    row = notices.find_notice(request.auth, number)
    verbs.resend(row, actor=request.auth)
    return notices.notice(row)


@router.get("/channels", response=list[notices.ChannelShape])
def list_channels(request: Call) -> list[notices.ChannelShape]:
    """The organisation's channels and how the last message went."""
    require(request.auth, "manage")
    return [notices.channel(row) for row in Channel.objects.all()]


@router.post("/channels", response={201: notices.ChannelShape})
def add_channel(request: Call, body: NewChannel) -> Status[notices.ChannelShape]:
    """Name a place that messages go to. Try it right after."""
    row = verbs.add_channel(
        body.name, body.service, body.address, actor=request.auth, from_severity=body.from_severity, language=body.language
    )  # fmt: skip
    return Status(201, notices.channel(row))


@router.post("/channels/{name}/test", response=dict[str, Any])
def test_channel(request: Call, name: str, body: Number) -> dict[str, Any]:
    """Send a test now; `said` is what the service answered."""
    row = notices.find_channel(request.auth, name)
    return {"name": row.name, "said": trying.try_channel(row, actor=request.auth, to=body.to)}


@router.post("/channels/{name}/disable", response=notices.ChannelShape)
def disable_channel(request: Call, name: str) -> notices.ChannelShape:
    """Send nothing there any more."""
    return _switch(request, name, on=False)


@router.post("/channels/{name}/enable", response=notices.ChannelShape)
def enable_channel(request: Call, name: str) -> notices.ChannelShape:
    """Send there again."""
    return _switch(request, name, on=True)


def _switch(request: Call, name: str, *, on: bool) -> notices.ChannelShape:
    row = notices.find_channel(request.auth, name)
    verbs.enable_channel(row, on, actor=request.auth)
    return notices.channel(row)
