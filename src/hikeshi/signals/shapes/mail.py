"""A mail that somebody reported, or that a system sent as its alert.

What is reported is the forwarded mail where one is attached, else the mail itself. Its sender, the addresses and URLs in it and the
hashes of its attachments are observables. Nothing in it is opened or followed. The same mail reported by many people is one cause: same
sender's domain, same subject but for "Fwd:" and the like.

References:
  https://www.rfc-editor.org/rfc/rfc5322
"""

from __future__ import annotations

import email.utils
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from typing import Any, Final

from hikeshi.signals import fields, mails
from hikeshi.signals.defang import MAIL, defang, host_of, refang, urls
from hikeshi.signals.signal import Kind, Signal
from hikeshi.text import Text

NAME = "mail"
ABOUT = Text(en="Mails, reported or sent by systems", ja="報告されたメール・システムからのメール")
SCORE: Final = 4.0
"""A person found it worth reporting; nobody has looked yet."""

_PASSED_ON: Final = re.compile(r"^(?:\s*(?:fwd?|fw|re|tr|wg|転送|返信)\s*[:：]|\s*\[[^\]]{1,40}\])+\s*", re.IGNORECASE)


def parts(document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, Message):
        yield "", document


def signal(part: Any) -> Signal:
    outer: Message = part
    inner = mails.forwarded(outer) or outer
    subject = mails.header(inner, "Subject") or mails.header(outer, "Subject")
    sender = address_of(inner)
    count = len(mails.attachments(inner))
    about = f" ({count} attachment{'s' if count > 1 else ''})" if count else ""
    return Signal(
        key=fields.identity(NAME, mails.header(outer, "Message-ID").strip("<> \t"), _digest(outer)),
        title=fields.text(f"{defang(subject) or '(no subject)'}{about}", fields.TITLE_LIMIT),
        kind="Mail:Reported" if inner is not outer else "Mail:Received",
        score=SCORE,
        principal=fields.name(address_of(outer)),
        first_seen_at=_date(inner),
        last_seen_at=_date(outer),
        observables=fields.observables(_seen(outer, inner)),
        cause=(NAME, sender.rpartition("@")[2].lower(), _PASSED_ON.sub("", subject).strip().lower()[:200]),
    )


def address_of(mail: Message) -> str:
    """The first address of From as it is written, or empty."""
    try:
        return email.utils.parseaddr(mails.header(mail, "From"))[1]
    except (ValueError, IndexError):
        return ""


def _seen(outer: Message, inner: Message) -> Iterator[tuple[Kind, Any]]:
    for name in ("From", "Reply-To", "Return-Path"):
        for found in MAIL.findall(mails.header(inner, name)):
            yield "mail", found
    if inner is not outer:
        yield "mail", address_of(outer)
    for attachment in mails.attachments(inner):
        yield "hash", attachment.sha256
        yield "file", attachment.name
    text = refang(mails.text(inner))
    for url in urls(text):
        yield "url", url
        yield _host(url), host_of(url)
    for found in MAIL.findall(text):
        yield "mail", found


def _host(url: str) -> Kind:
    return "address" if fields.observables([("address", host_of(url))]) else "domain"


def _date(mail: Message) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(mails.header(mail, "Date"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _digest(mail: Message) -> str:
    """Of who sent what and when: anybody may write any Message-ID, and a mail with another's would hide behind it."""
    said = "\n".join(mails.header(mail, name) for name in ("From", "Date", "Subject"))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]
