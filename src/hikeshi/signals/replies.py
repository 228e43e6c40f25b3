"""What comes back for a mail that Hikeshi has sent: a person's reply, an automatic one, a mail server's report about it.

Only what carries one of our marks is any of these. A mail server may have given our mail another Message-ID: so the mark is in References
too, which replies repeat, and reports bring it back as the envelope's name or among the headers; and either is known by the link that it
quotes. Whether a mark is ours is the desk's to say; nothing here proves anything.

References:
  https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4 (In-Reply-To, References), https://www.rfc-editor.org/rfc/rfc3834 (automatic replies),
  https://www.rfc-editor.org/rfc/rfc3464 (reports of delivery; section 2.2.1: Original-Envelope-Id)
"""

from __future__ import annotations

import re
from email.message import Message
from email.utils import parseaddr
from itertools import takewhile
from typing import Final, Literal, NamedTuple

from hikeshi.signals import mails

MARK: Final = re.compile(r"hikeshi-[0-9]{1,18}-[0-9a-f]{1,12}-[0-9a-f]{24}")
LINK: Final = re.compile(r"/notice/([A-Za-z0-9_:-]{10,200})/")
MARKS: Final = 5
"""Marks of one mail that are looked at."""
SAID: Final = 500
"""Characters of a reply's own words, and of a server's reason, that are kept."""
SEARCHED: Final = 1024 * 1024
"""Bytes of a server's report in which our mark is looked for."""

_NO: Final = re.compile(
    r"(?:no|not|sorry|unable|cannot|can[’']?t)\b|いいえ|無理|不可|辞退|.{0,20}(?:できません|出来ません|できない|出来ない)",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(r"\s*(?:fwd?|wg|tr|転送)\s*[::]", re.IGNORECASE)
_QUOTE: Final = re.compile(
    r">|-{2,}\s*(?:original|forwarded|元の|転送)|_{10,}|(?:from|差出人|送信者)\s*[::]|on .{5,200}\bwrote:|\d{4}[年/].{5,200}[::]\s*$",
    re.IGNORECASE,
)
_LISTS: Final = frozenset({"auto_reply", "bulk", "junk", "list"})
_SERVERS: Final = frozenset({"mailer-daemon", "postmaster"})


class Reply(NamedTuple):
    """Somebody's, or their mail program's. `refused`: the mail server that took it in says that it is not from whom it claims."""

    kind: Literal["yes", "no", "automatic"]
    marks: tuple[str, ...]
    sender: str
    said: str
    refused: bool = False


class Report(NamedTuple):
    """A mail server's: what became of our mail to `address` (empty where it does not say), and why."""

    outcome: Literal["delivered", "delayed", "failed"]
    marks: tuple[str, ...]
    address: str
    said: str


def read(content: bytes) -> Reply | Report | None:
    """What a mail says about one of ours; None where it is about none. Never raises."""
    mail = mails.parse(content)
    sender = parseaddr(mails.header(mail, "From"))[1].lower()
    if _is_report(mail, sender):
        marks = _marks_anywhere(mail, content)
        return _report(mail, marks) if marks else None
    marks = _marks(mail)
    if not marks or _FORWARDED.match(mails.header(mail, "Subject")) or mails.forwarded(mail) is not None:
        return None
    said = _own(mail)
    kind: Literal["yes", "no"] = "no" if _NO.match(said) else "yes"
    return Reply("automatic" if _automatic(mail) else kind, marks, sender, said, _refused(mail))


def _marks(mail: Message) -> tuple[str, ...]:
    named = f"{mails.header(mail, 'In-Reply-To')} {' '.join(reversed(mails.header(mail, 'References').split()))}"
    found = [*MARK.findall(named), *LINK.findall(mails.text(mail))]
    return tuple(dict.fromkeys(found))[:MARKS]


def _marks_anywhere(mail: Message, content: bytes) -> tuple[str, ...]:
    """In a report: wherever a server has put what it sends back of ours, also where it has wrapped it for its journey."""
    raw = content[:SEARCHED].decode("ascii", "replace")
    wrapped = "\n".join(mails.words(part) for part in mails.parts(mail) if part.get("Content-Transfer-Encoding"))
    return tuple(dict.fromkeys([*MARK.findall(raw), *MARK.findall(wrapped), *LINK.findall(raw + wrapped)]))[:MARKS]


def _automatic(mail: Message) -> bool:
    """A machine has answered: somebody is away, or a list has taken it."""
    return (
        mails.header(mail, "Auto-Submitted").partition(";")[0].strip().lower() not in {"", "no"}
        or mails.header(mail, "Precedence").strip().lower() in _LISTS
        or mails.header(mail, "Return-Path").strip() == "<>"
        or any(mail.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"))
    )


def _refused(mail: Message) -> bool:
    """Whether a server on the way has found that the sender is not who they say. Anybody can claim the opposite, so only this counts."""
    found = [str(value) for value in mail.get_all("Authentication-Results", [])]
    return any(re.search(r"\bdmarc\s*=\s*fail\b", one, re.IGNORECASE) for one in found)


def _own(mail: Message) -> str:
    """The words above the quotation, on one line."""
    texts = [part for part in mails.parts(mail) if part.get_content_maintype() == "text" and not part.get_filename()]
    plain = next((part for part in texts if part.get_content_subtype() == "plain"), texts[0] if texts else None)
    lines = [line.strip() for line in mails.words(plain).splitlines()] if plain is not None else []
    own = takewhile(lambda line: _QUOTE.match(line) is None, lines)
    return " ".join(line for line in own if line)[:SAID]


def _is_report(mail: Message, sender: str) -> bool:
    said = mail.get_content_type() == "multipart/report" and _statuses(mail) is not None
    return said or sender.partition("@")[0] in _SERVERS


def _statuses(mail: Message) -> Message | None:
    """The part of a report that is made for machines."""
    return next((part for part in mail.walk() if part.get_content_type() == "message/delivery-status"), None)


def _report(mail: Message, marks: tuple[str, ...]) -> Report:
    """What is said of the first recipient: each of our mails has one. A report in words alone is of a mail that came back."""
    part = _statuses(mail)
    blocks = part.get_payload() if part is not None else []
    one = next((row for row in blocks if isinstance(row, Message) and row.get("Action")), None) if part else None
    if one is None:
        said = f"{mails.header(mail, 'Subject')}: {_own(mail)}"
        return Report("failed", marks, mails.header(mail, "X-Failed-Recipients").strip().lower(), said[:SAID])
    action = mails.header(one, "Action").strip().lower()
    why = mails.header(one, "Diagnostic-Code").partition(";")[2].strip()
    address = (mails.header(one, "Original-Recipient") or mails.header(one, "Final-Recipient")).rpartition(";")[2]
    said = f"{mails.header(one, 'Status').strip()} {why}".strip()[:SAID]
    if action == "delivered":
        return Report("delivered", marks, address.strip().lower(), said)
    # Relayed and expanded say only that a server without reports has it now: no more than we knew.
    return Report("failed" if action == "failed" else "delayed", marks, address.strip().lower(), said)
