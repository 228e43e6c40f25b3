"""Mails: told from JSON by their headers, read in whatever encoding they claim, never opened further than they have to be.

Attachments are counted and hashed, not unpacked. Japanese mail that does not say its encoding is tried in those that are used.

References:
  https://www.rfc-editor.org/rfc/rfc5322 (form), rfc2045 to rfc2047 (parts, encodings, words in headers)
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import html
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from typing import Final, NamedTuple

MAIL_LIMIT: Final = 20 * 1024 * 1024
"""Bytes of one mail."""

PART_LIMIT: Final = 100
"""Parts of one mail that are looked at."""

TEXT_LIMIT: Final = 256 * 1024
"""Characters of one part that are searched."""

ENCODINGS: Final = ("utf-8", "euc_jp", "cp932")
"""Tried in this order where the mail's own word does not fit. Of the last two, EUC-JP is the one that fits less by chance."""

WIDER: Final = {
    "iso-2022-jp": "iso2022_jp_ext", "shift-jis": "cp932", "shift_jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
}  # fmt: skip
"""What mails call an encoding, and what they really write: Microsoft's letters beyond it."""

_HEADER: Final = re.compile(rb"(?:From |[!-9;-~]{1,76}:[ \t])")
_KNOWN: Final = re.compile(
    rb"^(?:From|Received|Message-ID|Subject|Return-Path|Date|MIME-Version):", re.IGNORECASE | re.MULTILINE
)
_TAG: Final = re.compile(r"<[^>]{0,2000}>")
_LINK: Final = re.compile(r"""\b(?:href|src)\s*=\s*["']?([^"'\s>]{1,2000})""", re.IGNORECASE)


class Attachment(NamedTuple):
    """A part that is not the text: its name as the mail says, and SHA-256 of its bytes in hex."""

    name: str
    sha256: str


def looks_like_mail(payload: bytes) -> bool:
    """Whether it begins with headers, two of which mails have."""
    head = payload[: 64 * 1024].partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]
    return _HEADER.match(head) is not None and len({found.lower() for found in _KNOWN.findall(head)}) >= 2


def parse(payload: bytes) -> EmailMessage:
    """The mail. The parser takes anything: what is damaged is missing from the result, nothing is raised."""
    return email.message_from_bytes(payload, _class=EmailMessage, policy=email.policy.compat32)  # type: ignore[arg-type] # compat32 does not raise at damaged headers


def header(mail: Message, name: str) -> str:
    """A header with its encoded words read; as it stands where they cannot be. Empty where it is missing."""
    raw = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), None)
    if raw is None:
        return ""
    written = decoded(str(raw).encode("utf-8", "surrogateescape"), None)  # some write Japanese without saying how
    return _words_of(" ".join(written.split()))


def _words_of(written: str) -> str:
    try:
        return str(make_header(decode_header(written))) if written.isascii() else written
    except (ValueError, LookupError, UnicodeError, email.errors.MessageError, TypeError):
        return written


def parts(mail: Message) -> Iterator[Message]:
    """Every part that holds something, those of forwarded mails too."""
    for number, part in enumerate(mail.walk()):
        if number >= PART_LIMIT:
            return
        if not part.is_multipart():
            yield part


def forwarded(mail: Message) -> Message | None:
    """The first mail that lies in this one: what somebody reported."""
    for number, part in enumerate(mail.walk()):
        if number >= PART_LIMIT:
            return None
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            inner = part.get_payload(0)
            return inner if isinstance(inner, Message) else None
    return None


def text(mail: Message) -> str:
    """All text of a mail with the addresses its links lead to, at most `TEXT_LIMIT` characters of each part."""
    return "\n".join(words(part) for part in parts(mail) if part.get_content_maintype() == "text")


def attachments(mail: Message) -> list[Attachment]:
    """The parts with a name, and those that are no text."""
    return [
        Attachment(_filename(part), hashlib.sha256(held).hexdigest())
        for part in parts(mail)
        if part.get_content_maintype() != "text" or part.get_filename()
        if (held := content(part))
    ]


def _filename(part: Message) -> str:
    try:
        return _words_of(part.get_filename() or "")
    except (ValueError, LookupError, UnicodeError, TypeError):
        return ""


def content(part: Message) -> bytes:
    """The bytes of a part as they were before they were made fit for mail; none where they cannot be read."""
    try:
        found = part.get_payload(decode=True)
    except (ValueError, LookupError, UnicodeError, AssertionError):
        return b""
    return found if isinstance(found, bytes) else b""


def words(part: Message) -> str:
    """The text of one part, without the marks of HTML and with the addresses its links lead to."""
    written = decoded(content(part), part.get_content_charset())[:TEXT_LIMIT]
    if part.get_content_subtype() != "html":
        return written
    links = " ".join(html.unescape(found) for found in _LINK.findall(written))
    return f"{html.unescape(_TAG.sub(' ', written))}\n{links}"


def decoded(content: bytes, charset: str | None) -> str:
    """Text in the encoding it claims, else in one that fits, else with marks for what could not be read."""
    claimed = WIDER.get((charset or "").lower(), charset)
    escaped = "iso2022_jp_ext" if b"\x1b$" in content else None  # it would pass for UTF-8 too
    for encoding in (claimed, escaped, *ENCODINGS):
        try:
            if encoding:
                return content.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
    return content.decode("utf-8", "replace")
