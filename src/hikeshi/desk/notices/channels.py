"""The services that carry messages, one line each, and the one function that hands a message over.

Most are Apprise's; mail goes by the mail server of the environment, and a webhook is posted by ourselves, signed. Nothing here touches the
database, and nothing that a service answers is kept before what is secret in it is taken out.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import threading
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec
from django.conf import settings

from hikeshi.custody.mailing import ADDRESS, send_mail
from hikeshi.custody.posting import LOOPBACK, post
from hikeshi.desk.accounts.contacts import masked
from hikeshi.errors import Failed, HikeshiError, Refused
from hikeshi.text import Text

SECONDS: Final = 10.0
ANSWER_LIMIT: Final = 64 * 1024
SAID_LIMIT: Final = 300
TO: Final = "{to}"
"""Where the number goes in the address of an SMS gateway."""


class Service(NamedTuple):
    """One way of the world to carry a message. `schemes` are Apprise's; without any it is our own code that sends.

    `domain` is whose eyes could see the message: for incidents in which a domain may be read by the attacker.
    `per_minute` is how many messages of no urgency one address takes. `receipt`: once the service has taken a message, it is where it was
    meant to be; of the others that is only the beginning.
    """

    title: Text
    schemes: tuple[str, ...]
    example: str
    domain: str = ""
    per_minute: int = 30
    receipt: bool = False


CHANNELS: Final[dict[str, Service]] = {
    "discord": Service(Text("Discord", "Discord"), ("discord",), "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord.com", receipt=True),
    "mail": Service(Text("Mail", "メール"), (), "soc@example.com", per_minute=60),
    "opsgenie": Service(Text("Opsgenie", "Opsgenie"), ("opsgenie",), "opsgenie://12345678-1234-1234-1234-123456789012", "opsgenie.com"),
    "pagerduty": Service(Text("PagerDuty", "PagerDuty"), ("pagerduty",), "pagerduty://A1BRTD4JD@TIiajkdnlazkcOXrIdevi7FQ", "pagerduty.com"),
    "slack": Service(Text("Slack", "Slack"), ("slack",), "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack.com", receipt=True),
    "sms": Service(Text("SMS gateway", "SMS ゲートウェイ"), ("form", "forms", "json", "jsons", "sns", "twilio", "vonage"), "twilio://AC735c307c62944b5a:e29dfbcebf390dee9@15551234567/{to}", per_minute=10),
    "teams": Service(Text("Microsoft Teams", "Microsoft Teams"), ("workflow", "workflows"), "workflows://prod-0.westus.logic.azure.com:443/643e69f83c8944438d68119179a10a64/KQ3XC0Bj1aqEFbyBDyVa", "microsoft.com"),
    "webhook": Service(Text("Webhook (signed JSON)", "Webhook(署名付き JSON)"), (), "https://hooks.example.com/hikeshi#shared-secret", receipt=True),
}  # fmt: skip
"""Alphabetical. A new service of Apprise is one line: its schemes and an example that Apprise can read."""


def service_of(address: str) -> str:
    """Which service an address belongs to. Raises `Refused` for one that is none of ours."""
    scheme = urlsplit(address).scheme.lower()
    if scheme in {"http", "https"}:
        return "webhook"
    if not scheme and ADDRESS.fullmatch(address):
        return "mail"
    for name, service in CHANNELS.items():
        if scheme in service.schemes:
            return name
    raise Refused(f"{scheme or 'This'} is no service messages are sent by.", hint=f"Use one of: {', '.join(CHANNELS)}.")


def check_address(service: str, address: str) -> None:
    """Raises `Refused` for what cannot be sent to, never repeating the address: it may hold a secret."""
    if service not in CHANNELS:
        raise Refused(f"{service!r} is no service.", hint=f"Use one of: {', '.join(CHANNELS)}.")
    example = CHANNELS[service].example
    hint = f"Such as {example}"
    if service == "mail":
        if not ADDRESS.fullmatch(address):
            raise Refused("This is no mail address.", hint=hint)
        return
    parts = urlsplit(address)
    if service == "webhook":
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise Refused("A webhook is reached over https only, or on this machine.", hint=hint)
        if not parts.fragment or not parts.hostname:
            raise Refused("A webhook needs a secret after #, which signs what is posted.", hint=hint)
        return
    if parts.scheme not in CHANNELS[service].schemes:
        raise Refused(f"An address of {service} begins differently.", hint=hint)
    _apprise(address.replace(TO, "15557654321"), hint)


def send(service: str, address: str, subject: str, body: str, *, key: str, to: str = "") -> str:
    """Hand one message over; what the service answered. `key` is the same for the same message, so that two of it can be known as one.

    `to` is the number an SMS gateway sends to. Raises `Failed` (permanent where trying again cannot help) or `Refused`.
    """
    check_address(service, address)
    try:
        if service == "mail":
            return _mail(address, subject, body, key)
        if service == "webhook":
            return _webhook(address, subject, body, key)
        return _by_apprise(address.replace(TO, re.sub(r"[^0-9]", "", to)), subject, body)
    except HikeshiError as problem:
        problem.message = without_secrets(problem.message, f"{address} {to} {re.sub(r'[^0-9]', '', to)}")
        raise


def _mail(address: str, subject: str, body: str, key: str) -> str:
    environment = settings.ENVIRONMENT
    return send_mail(
        address, subject, body, server=environment.smtp_url, sender=environment.mail_from,
        password_file=environment.smtp_password_file, seconds=SECONDS,
        message_id=f"<{key}@{environment.mail_from.rpartition('@')[2]}>", reply_to=reply_address(), receipts=bool(reply_address()),
        mark=key,
    )  # fmt: skip


def reply_address() -> str:
    """Where replies and reports come back to us: the mailbox that Hikeshi reads. Empty where there is none, or its address is not known."""
    environment = settings.ENVIRONMENT
    user = unquote(urlsplit(environment.mailbox_url).username or "")
    if ADDRESS.fullmatch(user):
        return user
    return environment.mail_from if user and user == environment.mail_from.rpartition("@")[0] else ""


def _webhook(address: str, subject: str, body: str, key: str) -> str:
    """POST {"key", "subject", "text"}; the body's HMAC-SHA256 with the secret after # is in X-Hikeshi-Signature."""
    where, _, secret = address.partition("#")
    content = msgspec.json.encode({"key": key, "subject": subject, "text": body})
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json", "Idempotency-Key": key, "X-Hikeshi-Signature": f"sha256={signature}"
    }  # fmt: skip
    status, _kind, _said = post(where, content, headers=headers, limit=ANSWER_LIMIT, seconds=SECONDS)
    return f"HTTP {status}"


class _Overheard(logging.Handler):
    """What Apprise logs in this thread: the only place where it says why something failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread, self.said = threading.get_ident(), ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.said = " ".join(record.getMessage().split())


def _by_apprise(address: str, subject: str, body: str) -> str:
    told = _apprise(address, "Was the address right when it was entered?")
    overheard, log = _Overheard(), logging.getLogger("apprise")
    log.addHandler(overheard)
    try:
        # A warning: of anything less, Opsgenie makes no alert.
        taken = told.notify(body=body, title=subject, notify_type="warning")
    except TypeError as problem:  # how Apprise refuses an empty message
        raise Failed(f"The message was refused: {problem}", permanent=True) from problem
    finally:
        log.removeHandler(overheard)
    if not taken:
        raise Failed(overheard.said or "The service did not take the message.", permanent=False)
    return f"{told.service_name}: taken"


def _apprise(address: str, hint: str) -> Any:
    """Apprise's own object for the address, with our limits. Certificates are always checked."""
    from apprise import Apprise, AppriseAsset  # a quarter of a second, only where something is sent

    told = Apprise.instantiate(
        address, asset=AppriseAsset(async_mode=False, secure_logging=True), suppress_exceptions=True
    )
    if told is None:
        raise Refused("The address is not understood.", hint=hint)
    told.verify_certificate = True
    told.socket_connect_timeout = told.socket_read_timeout = SECONDS
    return told


def without_secrets(said: str, address: str) -> str:
    """What was said, with every part of the address that may be a secret taken out."""
    parts = urlsplit(address)
    safe = {parts.hostname or "", parts.scheme}
    for word in sorted(set(re.findall(r"[^/@:?&=#\s]{6,}", address)), key=len, reverse=True):
        if word not in safe:
            said = said.replace(word, "***")
    return said[:SAID_LIMIT]


def shown(service: str, address: str) -> str:
    """An address as it may be shown: enough to know it again, nothing that lets anybody send."""
    if service in {"mail", "sms"} and not urlsplit(address).scheme:
        return masked(service, address)
    digest = hashlib.sha256(address.encode()).hexdigest()[:6]
    host = urlsplit(address).hostname if service == "webhook" else ""
    return f"{host or service} …{digest}"
