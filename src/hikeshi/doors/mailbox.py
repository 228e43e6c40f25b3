"""The mailbox's door: reads an IMAP mailbox and hands each mail to `alerts.receive`, replies and reports about notices to `notices.hear`.
A mail is marked only after it is kept.

A mail that is kept bears the keyword `$HikeshiKept` and is seen; where the server knows no keywords, being seen alone tells it. So give
Hikeshi a mailbox of its own. Mails are never deleted, answered or opened further than `signals.mails` has to.

References:
  https://www.rfc-editor.org/rfc/rfc9051 (IMAP), https://www.rfc-editor.org/rfc/rfc5092 (IMAP URLs)
"""

from __future__ import annotations

import hashlib
import imaplib
import logging
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from django.conf import settings

from hikeshi.custody.posting import LOOPBACK
from hikeshi.custody.secret_files import read_secret
from hikeshi.desk.actor import system
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.notices import replies as notices
from hikeshi.errors import Failed, Refused
from hikeshi.signals import fields, mails, replies

log = logging.getLogger(__name__)

SECONDS: Final = 30.0
"""How long the server may be silent."""

POLL: Final = 15.0
LONGEST_WAIT: Final = 300.0
"""Seconds between two looks; at most, while the server cannot be reached."""

AT_ONCE: Final = 50
"""Mails of one look. The next look follows at once while there are more."""

KEPT: Final = "$HikeshiKept"
SOURCE: Final = "mailbox"
ID_LIMIT: Final = 200
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")
_PERMANENT: Final = re.compile(rb"\\\*")


class Place(NamedTuple):
    """Where the mailbox is. `secure`: TLS from the first byte; else STARTTLS, except on this machine."""

    host: str
    port: int
    user: str
    folder: str
    secure: bool


def place_of(url: str) -> Place:
    """The place a URL such as imaps://user@host/INBOX names. Raises `Refused` without showing the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if (
        parts.scheme not in {"imaps", "imap"}
        or not host
        or not parts.username
        or parts.password
        or not folder.isascii()
    ):
        raise Refused(
            "HIKESHI_MAILBOX_URL is not understood (its value is not shown).",
            hint="Use imaps://user@host/INBOX, the password in HIKESHI_MAILBOX_PASSWORD_FILE; a folder's name in ASCII.",
        )
    secure = parts.scheme == "imaps"
    return Place(host, port or (993 if secure else 143), unquote(parts.username), folder, secure)


class Mailbox:
    """Looks into one mailbox until `stop` is set.

    The password's file is the environment's, where none is given.
    """

    def __init__(self, url: str, password_file: Path | None = None, *, stop: threading.Event | None = None) -> None:
        self.place = place_of(url)
        self.password_file = password_file or settings.ENVIRONMENT.mailbox_password_file
        self.stop = stop or threading.Event()
        self.actor = system("mailbox", "intake")
        self.simulated = bool(settings.ENVIRONMENT.aws_endpoint_url)

    def run(self) -> None:
        wait = POLL
        while not self.stop.is_set():
            try:
                more = self.once() == AT_ONCE
                wait = POLL
            except (Failed, Refused) as problem:
                log.warning("the mailbox cannot be read, trying again in %g s: %s", wait, problem)
                more, wait = False, min(LONGEST_WAIT, wait * 2)
            except Exception:  # the intake's boundary: what could not be kept stays in the mailbox
                log.exception("the mailbox's door met an error and goes on")
                more, wait = False, min(LONGEST_WAIT, wait * 2)
            if not more:
                self.stop.wait(wait)

    def once(self) -> int:
        """Keep what is new, at most `AT_ONCE` mails. Returns how many. Raises `Failed` where the server cannot be read."""
        with _session(self.place, self.password_file) as imap:
            marks = _marks(imap, self.place.folder)
            new = _said(imap.uid("SEARCH", *(("UNKEYWORD", KEPT) if KEPT in marks else ("UNSEEN",))))[0] or b""
            return sum(self._keep(imap, number.decode(), marks) for number in new.split()[:AT_ONCE])

    def _keep(self, imap: imaplib.IMAP4, number: str, marks: str) -> bool:
        """Keep one mail, then mark it. One that cannot be kept stays as it is, and the others go on."""
        content = _content(imap, number)
        if not content:  # somebody else has taken it away meanwhile
            return False
        try:
            self._take(content)
        except Exception:
            log.exception("mail %s could not be kept: it stays in the mailbox", number)
            return False
        _said(imap.uid("STORE", number, "+FLAGS.SILENT", f"({marks})"))
        return True

    def _take(self, content: bytes) -> None:
        """What comes back about a notice of ours is heard; everything else is a report or an alert."""
        said = replies.read(content)
        if said is not None and notices.hear(said, hashlib.sha256(content).hexdigest(), actor=self.actor):
            return
        alerts.receive(content, actor=self.actor, source=SOURCE, message_id=name_of(content), simulated=self.simulated)


def name_of(content: bytes) -> str:
    """By which a mail is known again: its Message-ID and a digest. Anybody may write any Message-ID, so that alone it is no name."""
    said = mails.header(mails.parse(content), "Message-ID").strip("<> \t")
    return fields.name(f"{hashlib.sha256(content).hexdigest()[:16]} {said}".strip(), ID_LIMIT)


@contextmanager
def _session(place: Place, password_file: Path | None) -> Iterator[imaplib.IMAP4]:
    """A server that let us in. Raises `Failed` for what it says or does, `Refused` where the password file is not as it should be."""
    password = read_secret(password_file, of="the mailbox").decode("utf-8", "replace")
    imap: imaplib.IMAP4 | None = None
    try:
        imap = _connected(place)
        imap.login(place.user, password)
        yield imap
    except (imaplib.IMAP4.error, OSError, EOFError, ValueError) as problem:
        said = str(problem).replace(password, "***")[:200] or type(problem).__name__
        raise Failed(f"The mail server {place.host} did not let us read: {said}", permanent=False) from problem
    finally:
        if imap is not None:
            _leave(imap)


def _connected(place: Place) -> imaplib.IMAP4:
    if place.secure:
        return imaplib.IMAP4_SSL(place.host, place.port, ssl_context=ssl.create_default_context(), timeout=SECONDS)
    imap = imaplib.IMAP4(place.host, place.port, timeout=SECONDS)
    if place.host not in LOOPBACK:
        imap.starttls(ssl.create_default_context())
    return imap


def _leave(imap: imaplib.IMAP4) -> None:
    try:
        imap.logout()
    except (imaplib.IMAP4.error, OSError):
        imap.shutdown()


def _marks(imap: imaplib.IMAP4, folder: str) -> str:
    """Open the folder. Returns what a mail that is kept is marked with: a keyword too, where the server takes one."""
    quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
    _said(imap.select(f'"{quoted}"'))
    _, permanent = imap.response("PERMANENTFLAGS")
    return f"\\Seen {KEPT}" if any(_PERMANENT.search(line or b"") for line in permanent) else "\\Seen"


def _content(imap: imaplib.IMAP4, number: str) -> bytes:
    """The mail, byte for byte, without marking it as seen. Of one beyond the limit only the headers; it stays in the mailbox anyway."""
    size = b"".join(
        one if isinstance(one, bytes) else one[0] for one in _said(imap.uid("FETCH", number, "(RFC822.SIZE)")) if one
    )
    found = _SIZE.search(size)
    which = "BODY.PEEK[HEADER]" if found and int(found[1]) > mails.MAIL_LIMIT else "BODY.PEEK[]"
    answer = _said(imap.uid("FETCH", number, f"({which})"))
    return bytes(next((one[1] for one in answer if isinstance(one, tuple)), b""))


def _said(answer: tuple[str, Any]) -> list[Any]:
    """What the server answered: lines, and pairs of a line and a literal. Raises imaplib's error where it said no."""
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"{kind} {data!r}"[:200])
    return list(data)
