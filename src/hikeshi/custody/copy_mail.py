"""Copies by mail: the note as plain text, in a mailbox that others keep."""

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
ADDRESS: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")


def send_note(to: str, name: str, text: str, *, server: str, sender: str, password_file: Path | None) -> str:
    """Hand the mail to the server; the receipt is its Message-ID. `server` is smtp://user@host:587 or smtps://user@host.

    smtp:// goes on with STARTTLS, and without it only on this machine. Raises `Failed` when the server does not take the mail.
    """
    parts = urlsplit(server)
    for what, address in (("recipient", to), ("sender", sender)):
        if not ADDRESS.fullmatch(address):
            raise Refused(
                f"The {what} {address!r} is no mail address.", hint="mailto:name@host, and HIKESHI_MAIL_FROM."
            )
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Refused("No mail server is set.", hint="HIKESHI_SMTP_URL=smtp://user@host:587")
    mail = _mail(to, name, text, sender)
    try:
        with _connected(parts.scheme, parts.hostname, parts.port or 0) as smtp:
            if parts.username:
                password = read_secret(password_file, of="the mail server").decode()
                smtp.login(unquote(parts.username), password)
            smtp.send_message(mail)
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


def _connected(scheme: str, host: str, port: int) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=ssl.create_default_context())
    smtp = smtplib.SMTP(host, port, timeout=SECONDS)
    if host not in LOOPBACK:
        smtp.starttls(context=ssl.create_default_context())
    return smtp


def _mail(to: str, name: str, text: str, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, f"Hikeshi checkpoint {name}"
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text, cte="8bit" if text.isascii() else "base64")
    return mail


def _failed(host: str, why: str, *, permanent: bool) -> Failed:
    return Failed(
        f"The mail server {host} did not take the mail: {why}",
        permanent=permanent,
        hint="Check HIKESHI_SMTP_URL and its log.",
    )
