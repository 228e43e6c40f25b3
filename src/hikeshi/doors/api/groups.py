"""Groups of alerts: the queue by cause, and every decision on it, for one group or many."""

from __future__ import annotations

from typing import Annotated

from ninja import Query, Router, Status
from pydantic import AwareDatetime, Field

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import asking, folding, groups, judging, snoozing, suppressing
from hikeshi.desk.incidents import sight, taking
from hikeshi.doors import find, group_shapes as named, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, newest_first

router = Router()
Names = Annotated[list[str], Field(min_length=1, max_length=groups.MOST_AT_ONCE)]
Versions = dict[str, int]
"""By name, the versions of the groups that were seen: the decision is refused (409) when one has changed since."""


class Sentence(Body):
    """One sentence, kept in the record."""

    reason: str


class Several(Sentence):
    groups: Names


class Versioned(Several):
    versions: Versions = Field(default_factory=dict)


class Judgement(Versioned):
    """`why` is one of `/verdict-reasons` that fits the verdict."""

    verdict: str
    why: str


class Snooze(Versioned):
    until: AwareDatetime


class FromGroups(Versioned):
    severity: int = Field(ge=1, le=4)
    why: str = "suspicious_activity"
    title: str = ""


class ToIncident(Versioned):
    incident: str
    why: str = "suspicious_activity"


class OutOf(Sentence):
    incident: str


class Assignee(Body):
    """A username; empty: nobody."""

    person: str = ""


class Asked(Body):
    to: str
    question: str


class Answer(Body):
    text: str


def _versions(call: Call, body: Versioned) -> dict[int, int]:
    return {find.group(call.auth, name).pk: version for name, version in body.versions.items()}


@router.get("/verdict-reasons", response=list[named.WhyShape])
def list_reasons(request: Call) -> list[named.WhyShape]:
    """The reasons that verdicts may have."""
    require(request.auth, "triage")
    return named.whys()


@router.get("/groups", response=Page[named.GroupShape])
def list_groups(request: Call, paging: Annotated[Paging, Query()], show: str = "all") -> Page[named.GroupShape]:
    """Groups, newest first. `show` is waiting, mine, snoozed, suppressed, judged, taken, merged or all."""
    return newest_first(groups.listed(show, request.auth, sight.groups(request.auth)), paging, named.group)


@router.post("/groups/declare", response={201: shapes.IncidentDetail})
def declare_from_groups(request: Call, body: FromGroups) -> Status[shapes.IncidentDetail]:
    """Judge groups true and declare one incident from all their alerts."""
    who = request.auth
    made = taking.declare_from(
        find.groups(who, body.groups), actor=who, severity=body.severity, reason=body.reason, why=body.why, title=body.title,
        versions=_versions(request, body),
    )  # fmt: skip
    return Status(201, shapes.incident_detail(made))


@router.post("/groups/judge", response=list[named.GroupShape])
def judge_groups(request: Call, body: Judgement) -> list[named.GroupShape]:
    """The same verdict on groups and all their alerts. 409 when somebody was faster: then nothing is written."""
    who = request.auth
    done = judging.judge(
        find.groups(who, body.groups), actor=who, verdict=body.verdict, why=body.why, reason=body.reason,
        versions=_versions(request, body),
    )  # fmt: skip
    return [named.group(row) for row in done]


@router.post("/groups/link", response=list[named.GroupShape])
def link_groups(request: Call, body: ToIncident) -> list[named.GroupShape]:
    """Judge groups true and give all their alerts to an open incident."""
    who = request.auth
    done = taking.link(
        find.groups(who, body.groups), find.incident(who, body.incident), actor=who, reason=body.reason, why=body.why,
        versions=_versions(request, body),
    )  # fmt: skip
    return [named.group(row) for row in done]


@router.post("/groups/merge", response=named.GroupShape)
def merge_groups(request: Call, body: Several) -> named.GroupShape:
    """Make one of several groups. The one to be answered first stands for all."""
    who = request.auth
    return named.group(folding.merge(find.groups(who, body.groups), actor=who, reason=body.reason))


@router.post("/groups/snooze", response=list[named.GroupShape])
def snooze_groups(request: Call, body: Snooze) -> list[named.GroupShape]:
    """Put groups off: 4 hours at most for SEV-1 and SEV-2 suggestions, else 7 days."""
    who = request.auth
    done = snoozing.snooze(
        find.groups(who, body.groups), actor=who, until=body.until, reason=body.reason, versions=_versions(request, body)
    )  # fmt: skip
    return [named.group(row) for row in done]


@router.get("/groups/{name}", response=named.GroupDetail)
def show_group(request: Call, name: str) -> named.GroupDetail:
    """One group, by name (GRP-7) or number."""
    return named.detail(find.group(request.auth, name))


@router.get("/groups/{name}/alerts", response=Page[shapes.AlertShape])
def list_alerts_of_group(request: Call, name: str, paging: Annotated[Paging, Query()]) -> Page[shapes.AlertShape]:
    """Its alerts and those of groups merged into it, newest first."""
    return newest_first(groups.alerts_of([find.group(request.auth, name).pk]), paging, shapes.alert)


@router.post("/groups/{name}/ask", response={201: named.QuestionShape})
def ask_about_group(request: Call, name: str, body: Asked) -> Status[named.QuestionShape]:
    """Record what somebody was asked about it."""
    who = request.auth
    row = asking.ask(find.group(who, name), actor=who, to=body.to, question=body.question)
    return Status(201, named.question(row))


@router.post("/groups/{name}/assign", response=named.GroupShape)
def assign_group(request: Call, name: str, body: Assignee) -> named.GroupShape:
    """Say who looks at it; an empty person takes that back."""
    row = find.group(request.auth, name)
    person = find.person(body.person) if body.person else None
    return named.group(asking.assign(row, person, actor=request.auth))


@router.get("/groups/{name}/proposal", response=dict[str, str])
def propose_suppression(request: Call, name: str) -> dict[str, str]:
    """What a suppression of the same would match."""
    return suppressing.proposal(find.group(request.auth, name))


@router.get("/groups/{name}/related", response=list[named.RelatedShape])
def list_related(request: Call, name: str) -> list[named.RelatedShape]:
    """Groups that name the same principal, address, instance or indicator, and what they share."""
    return named.related(folding.related(find.group(request.auth, name), sight.groups(request.auth)))


@router.post("/groups/{name}/reopen", response=named.GroupShape)
def reopen_group(request: Call, name: str, body: Sentence) -> named.GroupShape:
    """Take a verdict back: the group waits again."""
    return named.group(judging.reopen(find.group(request.auth, name), actor=request.auth, reason=body.reason))


@router.post("/groups/{name}/unhide", response=named.GroupShape)
def unhide_group(request: Call, name: str, body: Sentence) -> named.GroupShape:
    """Bring a suppressed group back before people."""
    row = find.group(request.auth, name)
    suppressing.unhide(row, actor=request.auth, reason=body.reason)
    return named.group(row)


@router.post("/groups/{name}/unlink", response=named.GroupShape)
def unlink_group(request: Call, name: str, body: OutOf) -> named.GroupShape:
    """Take its alerts out of an incident again."""
    who = request.auth
    row = find.group(who, name)
    return named.group(taking.unlink(row, find.incident(who, body.incident), actor=who, reason=body.reason))


@router.post("/groups/{name}/unmerge", response=named.GroupShape)
def unmerge_group(request: Call, name: str, body: Sentence) -> named.GroupShape:
    """Take a merged group out again, with exactly its own alerts."""
    return named.group(folding.unmerge(find.group(request.auth, name), actor=request.auth, reason=body.reason))


@router.post("/groups/{name}/wake", response=named.GroupShape)
def wake_group(request: Call, name: str) -> named.GroupShape:
    """Bring a snoozed group back before its time."""
    row = find.group(request.auth, name)
    snoozing.wake(row, actor=request.auth, why=f"woken by {request.auth.name}", early=True)
    return named.group(row)


@router.post("/questions/{question}/answer", response=named.QuestionShape)
def answer_question(request: Call, question: int, body: Answer) -> named.QuestionShape:
    """Write down what was answered; it ends the question."""
    who = request.auth
    return named.question(asking.answer(find.question(who, question), actor=who, text=body.text))
