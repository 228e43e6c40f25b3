"""Where checkpoints are copied outside the instance, by the scheme of the place. A new place is one function and one line here.

A copy is the signed note, byte for byte: whoever later rewrites the ledger would have to rewrite every copy as well. `hikeshi audit
compare` reads them back. Putting the same note twice is harmless; nothing that is there is ever overwritten.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from hikeshi.aws.reach import Reach
from hikeshi.custody.copy_file import append_note
from hikeshi.custody.copy_s3 import put_note
from hikeshi.custody.mailing import send_mail
from hikeshi.custody.posting import LOOPBACK, post
from hikeshi.custody.secret_files import read_secret
from hikeshi.errors import Refused

ANSWER_LIMIT: Final = 64 * 1024
RECEIPT_LIMIT: Final = 500
"""Characters of a receipt."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint on its way out: the whole signed note, and the name it goes by where a name is needed."""

    name: str
    text: str


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """How the outside is reached: what the environment says, without the secrets, which stay in their files."""

    reach: Reach = Reach()
    webhook_secret_file: Path | None = None
    smtp_url: str = ""
    smtp_password_file: Path | None = None
    mail_from: str = ""


def _file(place: str, note: Note, outside: Outside) -> str:
    del outside
    path = Path(place.removeprefix("file:").removeprefix("//"))
    if not path.is_absolute():
        raise Refused(f"{place} is no absolute path.", hint="file:/srv/copies/checkpoints.txt")
    return append_note(path, note.text)


def _s3(place: str, note: Note, outside: Outside) -> str:
    return put_note(place, f"{note.name}.txt", note.text, outside.reach)


def _webhook(place: str, note: Note, outside: Outside) -> str:
    """POST {"name", "text"}: chats show `text` as a message. With a secret, the body's HMAC-SHA256 is in X-Hikeshi-Signature."""
    parts = urlsplit(place)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Refused("A webhook is reached over https only, or on this machine.", hint="Use https://.")
    body = msgspec.json.encode({"name": note.name, "text": note.text})
    headers = {"Content-Type": "application/json", "Idempotency-Key": note.name}
    if outside.webhook_secret_file:
        secret = read_secret(outside.webhook_secret_file, of="the webhook")
        headers["X-Hikeshi-Signature"] = f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
    status, _kind, _body = post(place, body, headers=headers, limit=ANSWER_LIMIT)
    return f"HTTP {status}"


def _mail(place: str, note: Note, outside: Outside) -> str:
    return send_mail(
        place.removeprefix("mailto:"), f"Hikeshi checkpoint {note.name}", note.text,
        server=outside.smtp_url, sender=outside.mail_from, password_file=outside.smtp_password_file,
    )  # fmt: skip


COPIES: Final[dict[str, Callable[[str, Note, Outside], str]]] = {
    "file": _file,
    "http": _webhook,
    "https": _webhook,
    "mailto": _mail,
    "s3": _s3,
}


def put_copy(place: str, note: Note, outside: Outside) -> str:
    """Bring the note to the place; the receipt that it is there, of at most 500 characters.

    Raises `Failed` when the place cannot be reached or does not take it, `Refused` for a place that is not understood.
    """
    scheme = place.partition(":")[0]
    if scheme not in COPIES:
        raise Refused(f"No copies can be put at {scheme[:20]!r}.", hint=f"Use one of: {', '.join(COPIES)}.")
    return COPIES[scheme](place, note, outside)[:RECEIPT_LIMIT]


def shown(place: str) -> str:
    """How a place is called wherever people read it. The address of a webhook is often a secret: its host and a digest stand for it."""
    parts = urlsplit(place)
    if parts.scheme not in {"http", "https"}:
        return place
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}/...{hashlib.sha256(place.encode()).hexdigest()[:8]}"
