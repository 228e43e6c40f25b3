"""The links in messages. One that takes a notice is signed, names nothing but its number, and works for three days.

A mail has a mark too, in its Message-ID: the notice's number, when it was made, and a code that only this instance can make. By it a reply and
a mail server's report are known to be about that notice, for two weeks.
"""

from __future__ import annotations

import time
from typing import Final

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from hikeshi.desk.notices.models import Notice
from hikeshi.errors import Refused

SALT: Final = "hikeshi.desk.notices.links"
LIFE: Final = 3 * 86_400
MARK_SALT: Final = "hikeshi.desk.notices.mark"
MARK_LIFE: Final = 14 * 86_400
CODE: Final = 24
"""Hexadecimal digits of a mark's code: 96 bits."""
GONE: Final = "This link is not valid: it has expired, or was never issued."


def to_take(notice: Notice) -> str:
    """Where the recipient says "I have it", without signing in."""
    return f"{settings.ENVIRONMENT.public_url}/notice/{secret(notice)}/"


def to_look(notice: Notice) -> str:
    """Where it is read, behind sign-in. Of an incident the number alone is no secret: it is in the message already or the page says 404."""
    from hikeshi.desk.notices.audience import secret as is_secret  # audience imports the models this module serves

    if notice.incident and not is_secret(notice.incident):
        return f"{settings.ENVIRONMENT.public_url}/incidents/{notice.incident.name}/"
    return f"{settings.ENVIRONMENT.public_url}/"


def secret(notice: Notice) -> str:
    return signing.dumps(notice.pk, salt=SALT)


def by_secret(text: str) -> Notice:
    """The notice behind a link. Raises `Refused`, always with the same words."""
    rows = Notice.objects.select_related("incident", "contact__person", "person", "escalation")
    found = rows.filter(pk=_signed(text) or 0).first()
    if found is None:
        raise Refused(GONE, hint="Sign in to Hikeshi, or call whoever sent it.")
    return found


def mark(notice: Notice) -> str:
    """What the mail of this notice is known by. Another one once it is sent anew; those of before are still known."""
    return _mark(notice.pk, int(notice.made_at.timestamp()))


def _mark(number: int, made: int) -> str:
    code = salted_hmac(MARK_SALT, f"{number}|{made}", algorithm="sha256").hexdigest()[:CODE]
    return f"hikeshi-{number}-{made:x}-{code}"


def by_mark(text: str) -> int | None:
    """The number of the notice whose mail bears this mark, or whose link this is the secret of; None where we have not made it."""
    parts = text.split("-")
    try:
        number, made = int(parts[1]), int(parts[2], 16)
    except (IndexError, ValueError):
        return _signed(text)
    if not constant_time_compare(_mark(number, made), text):
        return _signed(text)
    return number if time.time() - made < MARK_LIFE else None


def _signed(text: str) -> int | None:
    try:
        number = signing.loads(text[:200], salt=SALT, max_age=LIFE)
    except signing.BadSignature:
        return None
    return number if isinstance(number, int) else None
