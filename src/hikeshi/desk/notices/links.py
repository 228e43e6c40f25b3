"""The links in messages. One that takes a notice is signed, names nothing but its number, and works for three days."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing

from hikeshi.desk.notices.models import Notice
from hikeshi.errors import Refused

SALT: Final = "hikeshi.desk.notices.links"
LIFE: Final = 3 * 86_400
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
    try:
        number = signing.loads(text[:200], salt=SALT, max_age=LIFE)
    except signing.BadSignature:
        number = None
    found = (
        Notice.objects.select_related("incident", "contact__person", "person", "escalation").filter(pk=number).first()
        if isinstance(number, int)
        else None
    )
    if found is None:
        raise Refused(GONE, hint="Sign in to Hikeshi, or call whoever sent it.")
    return found
