"""Evidence bundles: made and streamed, verified, taken in."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import StreamingHttpResponse
from ninja import File, Form, Router, Status
from ninja.files import UploadedFile

from hikeshi.custody.bundle.checking import check
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.evidence import bundles, imports
from hikeshi.doors import bundles as doors, find
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body

router = Router()


class ChoiceBody(Body):
    """What is handed over. `items`: numbers such as EV-001; none: all. `tlp`: the most narrow marking whose bytes may leave.

    `record`: the incident's whole record, or the custody lines of these items alone, each with its proof.
    """

    items: tuple[str, ...] = ()
    without_bytes: tuple[str, ...] = ()
    hashes_only: bool = False
    tlp: str = ""
    record: Literal["whole", "custody"] = "whole"
    recipient: str = ""
    purpose: str = ""


@router.post("/incidents/{name}/bundle", response=None)
def export_bundle(request: Call, name: str, choice: ChoiceBody) -> StreamingHttpResponse:
    """A zip that a stranger can check (VERIFY.md in it says how), streamed while it is made. The custody line is written first."""
    export = bundles.begin(find.incident(request.auth, name), bundles.Choice(**choice.dict()), actor=request.auth)
    return doors.download(request, export)


@router.post("/bundles", response={201: doors.ImportedShape})
def import_bundle(
    request: Call,
    file: Annotated[UploadedFile, File()],
    incident: Annotated[str, Form()] = "",
    key: Annotated[str, Form()] = "",
    anyway: Annotated[str, Form()] = "",
) -> Status[doors.ImportedShape]:
    """Verify a bundle (multipart/form-data, a zip) and keep it in `incident`, or in a new one.

    `key` is the sender's fingerprint, known from elsewhere. A bundle with a difference is refused unless `anyway` gives a reason.
    """
    row = find.incident(request.auth, incident) if incident else None
    if row is None:
        require(request.auth, "triage")
    with doors.uploaded(file) as path:
        done = imports.take_in(path, row, actor=request.auth, key=key, anyway=anyway)
    return Status(201, doors.imported(done))


@router.post("/bundles/verify", response=doors.VerdictShape)
def verify_bundle(
    request: Call, file: Annotated[UploadedFile, File()], key: Annotated[str, Form()] = ""
) -> doors.VerdictShape:
    """Verify a bundle (multipart/form-data, a zip) without keeping it. `result` is match, mismatch or could-not-check."""
    require(request.auth, "triage")
    with doors.uploaded(file) as path:
        return doors.verdict(check(path, key=key))
