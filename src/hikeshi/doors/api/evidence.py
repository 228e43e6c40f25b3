"""Evidence: sealed on arrival, listed with its custody lines, checked again, and handed out byte for byte."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

from django.conf import settings
from django.http import FileResponse
from ninja import File, Form, Router, Status
from ninja.files import UploadedFile
from typing_extensions import TypedDict

from hikeshi.desk.evidence import acquired, elsewhere, reads, schedule, transfers, verbs
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import custody, find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.custody import Record
from hikeshi.doors.api.paging import Body
from hikeshi.doors.find import NotThere

router = Router()


class Checked(TypedDict):
    """`result` is match, mismatch or could-not-check; `reason` says why it is no match."""

    name: str
    sha256: str
    result: str
    reason: str


class Asked(TypedDict):
    """How many items will be read."""

    items: int


@router.get("/incidents/{name}/evidence", response=list[shapes.ItemShape])
def list_evidence(request: Call, name: str) -> list[shapes.ItemShape]:
    """Everything held for the incident, by number."""
    return [shapes.item(row) for row in find.incident(request.auth, name).evidence.select_related("incident")]


@router.post("/incidents/{name}/evidence", response={201: shapes.ItemShape})
def seal_evidence(
    request: Call,
    name: str,
    file: Annotated[UploadedFile, File()],
    said: Annotated[Record, Form()],
    title: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    acquisition: Annotated[str, Form()] = "",
    also: Annotated[str, Form()] = "",
) -> Status[shapes.ItemShape]:
    """Upload one file (multipart/form-data) and seal it. The answer has the SHA-256 of the bytes as they arrived.

    The fields of the item's record may be sent beside the file, or as `acquisition` the JSON of the record that `evidence acquire` wrote:
    the file must be one of those it lists. It is sealed too, and what is said beside it goes before what it says. `also` names hashes
    beside SHA-256, with commas between: sha512, blake3.
    """
    row = find.incident(request.auth, name)
    require_on(request.auth, "write", row)
    if acquisition:
        return Status(201, shapes.item(_seal_acquired(request, row, file, acquisition, title, kind, said.said())))
    return Status(201, shapes.item(_seal(request, row, file, title, kind or "file", said.said(), also=also)))


class Leave(Body):
    """`address` is s3://bucket/key; `read` reads it once for its SHA-256, and nothing is stored."""

    address: str
    title: str = ""
    kind: str = "file"
    version: str = ""
    read: bool = False


@router.post("/incidents/{name}/evidence/elsewhere", response={201: shapes.ItemShape})
def leave_evidence(request: Call, name: str, body: Leave) -> Status[shapes.ItemShape]:
    """Record an object in S3 that is not to be moved: what S3 says of it and of its lock, and where asked our own SHA-256."""
    row = find.incident(request.auth, name)
    item = elsewhere.leave(
        row, body.address, actor=request.auth, title=body.title, kind=body.kind, version=body.version, read=body.read
    )
    return Status(201, shapes.item(item))


def _seal_acquired(
    request: Call, row: Incident, file: UploadedFile, acquisition: str, title: str, kind: str, said: dict[str, Any]
) -> Item:
    with tempfile.TemporaryDirectory(dir=settings.ENVIRONMENT.home, prefix="upload-") as folder:
        path = Path(folder) / Path(file.name or "upload").name[:200]
        with path.open("wb") as copy:
            copy.writelines(file.chunks())
        return acquired.seal_upload(
            row, path, acquisition.encode(), actor=request.auth, title=title, kind=kind, said=said
        )


def _seal(
    request: Call, row: Incident, file: UploadedFile, title: str, kind: str, record: dict[str, Any], *, source: str = "",
    also: str = "",
) -> Item:  # fmt: skip
    """A small upload is in memory already; a large one goes by way of the home folder, where there is room for evidence."""
    named = Path(file.name or "upload").name[:200]
    if not hasattr(file, "temporary_file_path"):
        source = f"upload: {named}"
        return verbs.seal_bytes(
            row, file.read(), actor=request.auth, title=title or named, kind=kind, source=source, record=record,
            also=also.split(","),
        )  # fmt: skip
    with tempfile.TemporaryDirectory(dir=settings.ENVIRONMENT.home, prefix="upload-") as folder:
        path = Path(folder) / named
        path.symlink_to(file.temporary_file_path())
        return verbs.seal_files(
            row, [path], actor=request.auth, title=title or named, kind=kind, source=source, record=record,
            also=also.split(","),
        )  # fmt: skip


@router.post("/incidents/{name}/evidence-verify", response={202: Asked})
def verify_all(request: Call, name: str) -> Status[Asked]:
    """Have a worker read everything again, when it has nothing more urgent to do. Each result becomes a custody line."""
    return Status(202, {"items": schedule.ask(find.incident(request.auth, name), actor=request.auth)})


@router.get("/incidents/{name}/evidence/{item}", response=custody.ItemDetail)
def show_evidence(request: Call, name: str, item: str) -> custody.ItemDetail:
    """One item with its custody line, hand-overs, holds and disposal. Of a sensitive item, looking is an entry too."""
    row = find.item(find.incident(request.auth, name), item)
    transfers.settle(row)
    reads.looked_at(row, actor=request.auth)
    return custody.detail(row)


@router.post("/incidents/{name}/evidence/{item}/verify", response=Checked)
def verify_evidence(request: Call, name: str, item: str, content: bool = False) -> Checked:
    """Read the bytes again and compare. The result becomes a custody line.

    With `content`, of a disk image (E01): compare what is inside with the hash that it records.
    """
    row = find.item(find.incident(request.auth, name), item)
    found = (verbs.check_content if content else verbs.check)(row, actor=request.auth)
    return {"name": row.name, "sha256": row.sha256, "result": found.result, "reason": found.reason}


@router.get("/incidents/{name}/evidence/{item}/content", response=None)
def download_evidence(request: Call, name: str, item: str, sha256: str = "") -> FileResponse:
    """The sealed bytes (of a folder: its manifest, or with `sha256` one of the files it lists).

    Malware comes as a zip with AES and the password "infected": all of the item, or with `sha256` that file.
    """
    row = find.item(find.incident(request.auth, name), item)
    if sha256 not in ("", row.sha256, *verbs.files_of(row)):
        raise NotThere(f"{row.name} has no such file.", hint="Its manifest lists the SHA-256 of each file.")
    stream = verbs.hand_out(row, actor=request.auth, sha256=sha256)
    # Evidence may be live malware or a page: it is never shown, only handed over.
    return FileResponse(
        stream, as_attachment=True, filename=verbs.taken_as(row, sha256),
        content_type="application/octet-stream",
    )  # fmt: skip
