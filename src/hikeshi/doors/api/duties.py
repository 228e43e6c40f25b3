"""Duties to report: moments, decisions and filings of an incident."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from ninja import Router, Status

from hikeshi.desk.incidents import obligations
from hikeshi.doors import find, obligations as shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.clock_rules import moment_of

router = Router()


class Claimed(Body):
    """`when` is ISO 8601 with a zone, or a day."""

    key: str
    when: str
    note: str = ""


class Reason(Body):
    reason: str


class Decided(Body):
    """`answer` is applies, does_not_apply, undecided or waived_by_authority."""

    answer: str
    reason: str


class Filed(Body):
    """`at` is when it was sent, ISO 8601 with a zone; now where it is left out."""

    at: str = ""
    channel: str = ""
    reference: str = ""
    proof: str = ""


class Stated(Body):
    """`version` is the one you saw, 0 where nothing was said yet; without it, whatever stands there is replaced."""

    certainty: str
    en: str = ""
    ja: str = ""
    sources: str = ""
    version: int | None = None


@router.get("/incidents/{name}/duties", response=dict[str, Any])
def list_duties(request: Call, name: str) -> dict[str, Any]:
    """The duties somebody has decided on, the most urgent first, and every claim of a moment, oldest first."""
    return shapes.everything(find.incident(request.auth, name))


@router.post("/incidents/{name}/moments", response={201: dict[str, Any]})
def record_moment(request: Call, name: str, body: Claimed) -> Status[dict[str, Any]]:
    """Say when a moment was. Of several claims of one moment the earliest drives the deadlines."""
    row = find.incident(request.auth, name)
    when = moment_of(body.when, settings.ENVIRONMENT.time_zone)
    return Status(
        201, shapes.moment(obligations.record_moment(row, body.key, when, actor=request.auth, note=body.note))
    )


@router.post("/incidents/{name}/moments/{claim}/withdraw", response=dict[str, Any])
def withdraw_moment(request: Call, name: str, claim: int, body: Reason) -> dict[str, Any]:
    """Take a time back. It stays on record; the deadlines follow the claims that are left."""
    row = find.incident(request.auth, name)
    found = find.claim(row, claim)
    obligations.withdraw_moment(row, found, actor=request.auth, reason=body.reason)
    return shapes.moment(found)


@router.post("/incidents/{name}/duties/{rule}/decision", response=dict[str, Any])
def decide_duty(request: Call, name: str, rule: str, body: Decided) -> dict[str, Any]:
    """Say whether a duty applies, and why. Answers with the duty as it stands now."""
    row = find.incident(request.auth, name)
    obligations.decide(row, rule, body.answer, actor=request.auth, reason=body.reason)
    found: dict[str, Any] = next(one for one in shapes.everything(row)["duties"] if one["rule"] == rule)
    return found


@router.post("/incidents/{name}/duties/{rule}/filings", response={201: dict[str, Any]})
def file_report(request: Call, name: str, rule: str, body: Filed) -> Status[dict[str, Any]]:
    """Note that people have sent the report. Hikeshi never sends one itself."""
    row = find.incident(request.auth, name)
    at = shapes.instant(body.at, settings.ENVIRONMENT.time_zone) if body.at else timezone.now()
    filed = obligations.file(
        row, rule, actor=request.auth, at=at, channel=body.channel, reference=body.reference, proof=body.proof
    )
    return Status(201, shapes.filing(filed))


@router.get("/incidents/{name}/duties/{rule}/draft", response=dict[str, Any])
def show_draft(request: Call, name: str, rule: str) -> dict[str, Any]:
    """The report as far as it is known: its items, the text in both languages, and what should not stand in it."""
    return shapes.draft(find.incident(request.auth, name), rule)


@router.post("/incidents/{name}/statements/{content}/{item}", response=dict[str, Any])
def state_item(request: Call, name: str, content: str, item: int, body: Stated) -> dict[str, Any]:
    """Say what is known of one item that reports have to state, such as item 3 of C-APPI."""
    row = find.incident(request.auth, name)
    said = obligations.state(
        row, content, item, actor=request.auth, certainty=body.certainty, en=body.en, ja=body.ja, sources=body.sources,
        version=body.version,
    )  # fmt: skip
    return {"content": said.content, "item": said.item, "certainty": said.certainty, "version": said.version}
