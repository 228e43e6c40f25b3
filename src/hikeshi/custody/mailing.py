"""One mail handed to a mail server, with limits: what copies and notices leave by."""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from hikeshi.custody.posting import LOOPBACK
from hikeshi.custody.secret_files import read_secret
from hikeshi.errors import Failed, Refused

SECONDS: Final = 15.0
REPORTS: Final = ("NOTIFY=SUCCESS,FAILURE,DELAY",)
ADDRESS: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")


def send_mail(
    to: str, subject: str, text: str, *, server: str, sender: str, password_file: Path | None, message_id: str = "",
    seconds: float = SECONDS, reply_to: str = "", receipts: bool = False, mark: str = "",
) -> str:  # fmt: skip
    """Hand the mail to the server; the receipt is its Message-ID. `server` is smtp://user@host:587 or smtps://user@host.

    smtp:// goes on with STARTTLS, and without it only on this machine. With a `message_id` of the caller's, a mail that is sent twice
    can be known as one. `receipts`: the servers are asked to report to the sender what becomes of it (RFC 3461),
    where they can. `mark`, ASCII letters, digits and hyphens, comes back with replies and reports also where a relay puts its own Message-ID:
    programs that reply repeat References (RFC 5322, 3.6.4), servers that report repeat ENVID (RFC 3464, 2.2.1) or the headers.
    Raises `Failed` when the server does not take the mail.
    """
    parts = urlsplit(server)
    for what, address in (("recipient", to), ("sender", sender)):
        if not ADDRESS.fullmatch(address):
            raise Refused(f"The {what} {address!r} is no mail address.", hint="name@host, and HIKESHI_MAIL_FROM.")
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Refused("No mail server is set.", hint="HIKESHI_SMTP_URL=smtp://user@host:587")
    mail = _mail(to, subject, text, sender, message_id)
    _add_answers(mail, sender, reply_to, mark)
    try:
        with _connected(parts.scheme, parts.hostname, parts.port or 0, seconds) as smtp:
            if parts.username:
                password = read_secret(password_file, of="the mail server").decode()
                smtp.login(unquote(parts.username), password)
            smtp.ehlo_or_helo_if_needed()
            asked = receipts and smtp.has_extn("dsn")
            smtp.send_message(mail, mail_options=_back(mark) if asked else (), rcpt_options=REPORTS if asked else ())
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise _failed(parts.hostname, f"{error.smtp_code} {said[:200]}", permanent=error.smtp_code >= 500) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, words = error.recipients[to]
        raise _failed(
            parts.hostname, f"{code} {words.decode('utf-8', 'replace')[:200]}", permanent=code >= 500
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise _failed(parts.hostname, str(error)[:200], permanent=True) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _failed(parts.hostname, str(error)[:200] or type(error).__name__, permanent=False) from error
    return str(mail["Message-ID"])


def _add_answers(mail: EmailMessage, sender: str, reply_to: str, mark: str) -> None:
    if reply_to:
        mail["Reply-To"] = reply_to
    if mark:
        mail["References"] = f"<{mark}@notices.{sender.rpartition('@')[2]}>"


def _back(mark: str) -> list[str]:
    """What a report of a server brings back with it."""
    return ["RET=HDRS", f"ENVID={mark}"] if mark else ["RET=HDRS"]


def _connected(scheme: str, host: str, port: int, seconds: float) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=seconds, context=ssl.create_default_context())
    smtp = smtplib.SMTP(host, port, timeout=seconds)
    if host not in LOOPBACK:
        smtp.starttls(context=ssl.create_default_context())
    return smtp


def _mail(to: str, subject: str, text: str, sender: str, message_id: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = formatdate()
    mail["Message-ID"] = message_id or make_msgid(domain=sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text, cte="8bit" if text.isascii() else "base64")
    return mail


def _failed(host: str, why: str, *, permanent: bool) -> Failed:
    return Failed(
        f"The mail server {host} did not take the mail: {why}",
        permanent=permanent,
        hint="Check HIKESHI_SMTP_URL and its log.",
    )
