"""Evidence bundles at every door: how a long answer is streamed, an upload becomes a file, and results are plain data."""

from __future__ import annotations

import base64
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from typing_extensions import TypedDict

from hikeshi.custody.bundle.checking import Verdict
from hikeshi.desk.evidence import bundles
from hikeshi.desk.evidence.imports import Imported
from hikeshi.doors import shapes


class FindingShape(TypedDict):
    """One result of a verification: match, mismatch or could-not-check, and about what."""

    result: str
    place: str
    what: shapes.Both


class VerdictShape(TypedDict):
    """`result` is the worst of the findings."""

    result: str
    findings: list[FindingShape]


class ImportedShape(VerdictShape):
    """`receipt` is for the sender: canonical JSON, with `signature` over it in base64. `items` begins with the bundle's own frame."""

    incident: str
    items: list[shapes.ItemShape]
    left_out: list[str]
    receipt: str
    signature: str


def verdict(found: Verdict) -> VerdictShape:
    rows: list[FindingShape] = [
        {"result": one.outcome, "place": one.place, "what": {"en": one.en, "ja": one.ja}} for one in found.findings
    ]
    return {"result": found.outcome, "findings": rows}


def imported(done: Imported) -> ImportedShape:
    return {
        **verdict(done.verdict), "incident": done.incident.name, "items": [shapes.item(item) for item in done.items],
        "left_out": list(done.left_out), "receipt": done.receipt.decode(), "signature": base64.b64encode(done.signature).decode(),
    }  # fmt: skip


def download(request: HttpRequest, export: bundles.Export) -> StreamingHttpResponse:
    """The bundle as a zip, made while it is sent: it is never whole in memory or on our disk, whatever its size.

    One that breaks off has no directory at its end, so that nobody can take it for whole.
    """
    pieces = bundles.stream(export)
    # A server that speaks ASGI would gather a plain iterator whole before it sends the first byte.
    content: Any = _in_turn(pieces) if isinstance(request, ASGIRequest) else pieces
    return StreamingHttpResponse(
        content, content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{export.name}.zip"', "X-Accel-Buffering": "no"},
    )  # fmt: skip


async def _in_turn(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    take = sync_to_async(lambda: next(pieces, None))
    while (piece := await take()) is not None:
        yield piece


@contextlib.contextmanager
def uploaded(file: UploadedFile[Any]) -> Iterator[Path]:
    """The upload as a file, while the context lasts."""
    home = Path(settings.ENVIRONMENT.home)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="upload-") as folder:
        path = Path(folder) / "bundle.zip"
        if hasattr(file, "temporary_file_path"):
            path.symlink_to(file.temporary_file_path())
        else:
            path.write_bytes(file.read())
        yield path
