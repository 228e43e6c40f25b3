"""Cloud accounts that actions may enter, and what in them is never touched."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status
from pydantic import Field

from hikeshi.desk.clouds import verbs
from hikeshi.doors import clouds
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


class CloudBody(Body):
    """What is left out stays as it is. Roles are ARNs of the account; `mode` is ask, confirmed or suspected; `regions` empty: any."""

    name: str | None = None
    environment: str | None = None
    mode: str | None = None
    regions: list[str] | None = None
    read_role: str | None = None
    acquire_role: str | None = None
    contain_role: str | None = None
    eradicate_role: str | None = None
    external_id: str | None = None
    evidence_bucket: str | None = None
    evidence_key: str | None = None
    forensic_account: str | None = None
    management: bool | None = None

    def said(self) -> dict[str, Any]:
        return {name: value for name, value in self.dict().items() if value is not None and name in verbs.FIELDS}


class NewCloud(CloudBody):
    """`account` is its number, twelve digits."""

    account: str


class Reason(Body):
    """Why."""

    reason: str = Field(max_length=300)


class Pattern(Reason):
    """An id, a name or an ARN; * and ? stand for anything."""

    pattern: str = Field(max_length=300)


@router.get("/clouds", response=list[clouds.CloudShape])
def list_clouds(request: Call, retired: bool = False) -> list[clouds.CloudShape]:
    """What actions may enter, also what the environment lists; or the registrations that have ended."""
    return clouds.clouds_for(request.auth, retired=retired)


@router.post("/clouds", response={201: clouds.CloudShape})
def add_cloud(request: Call, body: NewCloud) -> Status[clouds.CloudShape]:
    """Register an account. From the first one on, accounts that are neither registered nor listed are refused."""
    return Status(201, clouds.shape(verbs.add(body.account, actor=request.auth, **body.said())))


@router.get("/clouds/protected", response=list[clouds.ProtectedShape])
def list_protected(request: Call) -> list[clouds.ProtectedShape]:
    """What no action changes: by the register, by the environment, and our own infrastructure."""
    return clouds.protected_for(request.auth)


@router.post("/clouds/protected", response={201: clouds.ProtectedShape})
def protect(request: Call, body: Pattern) -> Status[clouds.ProtectedShape]:
    """No action touches what fits, from the next look on."""
    return Status(201, clouds.protected(verbs.protect(body.pattern, actor=request.auth, reason=body.reason)))


@router.post("/clouds/protected/remove", response=list[clouds.ProtectedShape])
def unprotect(request: Call, body: Pattern) -> list[clouds.ProtectedShape]:
    """Let actions touch it again. Answers what is still protected."""
    verbs.unprotect(body.pattern, actor=request.auth, reason=body.reason)
    return clouds.protected_for(request.auth)


@router.get("/clouds/{number}", response=clouds.CloudShape)
def show_cloud(request: Call, number: str) -> clouds.CloudShape:
    """One account, how it is entered, and how far Hikeshi may go there without a person."""
    return clouds.cloud(request.auth, number)


@router.patch("/clouds/{number}", response=clouds.CloudShape)
def change_cloud(request: Call, number: str, body: CloudBody) -> clouds.CloudShape:
    """Change what is given."""
    row = clouds.named(request.auth, number)
    return clouds.shape(verbs.change(row, actor=request.auth, **body.said()))


@router.post("/clouds/{number}/retire", response=clouds.CloudShape)
def retire_cloud(request: Call, number: str, body: Reason) -> clouds.CloudShape:
    """No action enters it any more; its record stays."""
    verbs.retire(clouds.named(request.auth, number), actor=request.auth, reason=body.reason)
    return clouds.shape(clouds.named(request.auth, number))
