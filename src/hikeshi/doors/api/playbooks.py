"""Playbooks of this installation: what runs are started with, drafts, reviews, and published versions."""

from __future__ import annotations

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.playbooks import drafting, publishing
from hikeshi.desk.playbooks.reading import shelf
from hikeshi.desk.rehearsals import drafts
from hikeshi.doors import find, playbooks as shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()
LONGEST = 256 * 1024


class Begun(Body):
    """A name: its text on the shelf with the next version number, or an empty one. Or a text, which names itself."""

    name: str = Field("", max_length=80, pattern=r"^([a-z0-9]+(-[a-z0-9]+)*)?$")
    text: str = Field("", max_length=LONGEST)


class Edited(Body):
    """The text, and the version it was made of."""

    text: str = Field(max_length=LONGEST)
    version: int


class Version(Body):
    version: int


class Said(Body):
    """Yes or no to the text with this digest; at least its first 12 characters. A no needs a reason."""

    digest: str
    yes: bool
    reason: str = ""


class Publishing(Body):
    """The digest of what is published; `without` is why, where its simulation has not passed."""

    digest: str
    without: str = Field("", max_length=500)


class Reason(Body):
    reason: str


@router.get("/playbooks", response=list[shapes.BookShape])
def list_playbooks(request: Call) -> list[shapes.BookShape]:
    """What runs are started with: published here, over the organisation's folder, over the library."""
    find.insider(request.auth)
    return shapes.on_shelf(shelf())


@router.get("/playbook-problems", response=list[shapes.ProblemShape])
def list_problems(request: Call) -> list[shapes.ProblemShape]:
    """Files of the folder and published rows that do not count, each with the reason."""
    find.insider(request.auth)
    return [shapes.problem(one) for one in shelf().problems]


@router.get("/playbooks/{playbook}/versions", response=list[shapes.PublishedShape])
def list_versions(request: Call, playbook: str) -> list[shapes.PublishedShape]:
    """Every version that was published, the newest first."""
    return [shapes.published(row) for row in shapes.versions(request.auth, playbook)]


@router.post("/playbooks/{playbook}/versions/{version}/retire", response=shapes.PublishedShape)
def retire_version(request: Call, playbook: str, version: int, body: Reason) -> shapes.PublishedShape:
    """Take a version off the shelf: the one before it counts again. Runs that have begun go on."""
    row = shapes.find_version(request.auth, playbook, version)
    return shapes.published(publishing.retire(row, actor=request.auth, reason=body.reason))


@router.get("/playbook-drafts", response=list[shapes.DraftShape])
def list_drafts(request: Call) -> list[shapes.DraftShape]:
    """The texts that are written or reviewed now."""
    return [shapes.draft(row) for row in shapes.open_drafts(request.auth)]


@router.post("/playbook-drafts", response={201: shapes.DraftDetail})
def begin_draft(request: Call, body: Begun) -> Status[shapes.DraftDetail]:
    """Begin a draft. 409 where somebody is writing one of that playbook."""
    return Status(201, shapes.draft_detail(drafting.begin(body.name, actor=request.auth, text=body.text)))


@router.get("/playbook-drafts/{draft}", response=shapes.DraftDetail)
def show_draft(request: Call, draft: str) -> shapes.DraftDetail:
    """One draft by the playbook's name or its number, with what lint and reviewers say."""
    return shapes.draft_detail(shapes.find_draft(request.auth, draft))


@router.patch("/playbook-drafts/{draft}", response=shapes.DraftDetail)
def edit_draft(request: Call, draft: str, body: Edited) -> shapes.DraftDetail:
    """Save another text. 409 with both texts where it was changed since that version."""
    row = shapes.find_draft(request.auth, draft)
    return shapes.draft_detail(drafting.edit(row, body.text, actor=request.auth, version=body.version))


@router.post("/playbook-drafts/{draft}/ask", response=shapes.DraftDetail)
def ask_for_review(request: Call, draft: str, body: Version) -> shapes.DraftDetail:
    """Hand the text in for review. Refused where lint finds an error."""
    row = shapes.find_draft(request.auth, draft)
    return shapes.draft_detail(publishing.ask_for_review(row, actor=request.auth, version=body.version))


@router.post("/playbook-drafts/{draft}/simulate", response={202: shapes.DraftDetail})
def simulate_draft(request: Call, draft: str) -> Status[shapes.DraftDetail]:
    """Have a worker play the draft as it is saved. Ask again until `simulated` is not `queued`; /rehearsals/{number} has every move."""
    row = shapes.find_draft(request.auth, draft)
    drafts.ask(row, actor=request.auth)
    return Status(202, shapes.draft_detail(row))


@router.post("/playbook-drafts/{draft}/review", response=shapes.DraftDetail)
def review_draft(request: Call, draft: str, body: Said) -> shapes.DraftDetail:
    """Stand behind exactly this text, or send it back. Refused for who has written in it."""
    row, who = shapes.find_draft(request.auth, draft), request.auth
    publishing.review(row, actor=who, digest=shapes.digest_of(row, body.digest), yes=body.yes, reason=body.reason)
    return shapes.draft_detail(shapes.find_draft(who, str(row.pk)))


@router.post("/playbook-drafts/{draft}/publish", response=shapes.PublishedShape)
def publish_draft(request: Call, draft: str, body: Publishing) -> shapes.PublishedShape:
    """Let runs be started with it. Refused where too few have said yes, and without a passed simulation or a reason."""
    row, who = shapes.find_draft(request.auth, draft), request.auth
    digest = shapes.digest_of(row, body.digest)
    return shapes.published(drafts.publish(row, actor=who, digest=digest, without=body.without))


@router.post("/playbook-drafts/{draft}/withdraw", response=shapes.DraftDetail)
def withdraw_draft(request: Call, draft: str, body: Reason) -> shapes.DraftDetail:
    """Give a draft up. It stays to be read."""
    row = shapes.find_draft(request.auth, draft)
    return shapes.draft_detail(drafting.withdraw(row, actor=request.auth, reason=body.reason))
