"""Moments and spans as people read them: the reader's zone first, then UTC, absolute and relative together."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

MINUTE, HOUR, DAY = 60, 3600, 86400


def local(at: datetime, now: datetime | None = None, *, seconds: bool = False) -> str:
    """`03:30 JST`, with the day where it is not today's and the year where it is not this one."""
    here, today = timezone.localtime(at), timezone.localtime(now or timezone.now())
    clock = "H:i:s T" if seconds else "H:i T"
    if here.date() == today.date():
        return date_format(here, clock)
    # Translators: a date format of Django, the day before the time of day
    day = _("j M") if here.year == today.year else _("j M Y")
    return f"{date_format(here, day)} {date_format(here, clock)}"


def universal(at: datetime, *, seconds: bool = False) -> str:
    """`18:30 UTC`."""
    return _("%(time)s UTC") % {"time": at.astimezone(UTC).strftime("%H:%M:%S" if seconds else "%H:%M")}


def span(seconds: float) -> str:
    """A length of time in its two largest units: `40 s`, `17 min`, `2 h 52 min`, `2 d 20 h`."""
    whole = int(abs(seconds))
    if whole < MINUTE:
        return _("%(s)d s") % {"s": whole}
    if whole < HOUR:
        return _("%(min)d min") % {"min": whole // MINUTE}
    if whole < 2 * DAY:
        return _("%(h)d h %(min)d min") % {"h": whole // HOUR, "min": whole % HOUR // MINUTE}
    return _("%(d)d d %(h)d h") % {"d": whole // DAY, "h": whole % DAY // HOUR}


def relative(at: datetime, now: datetime | None = None) -> str:
    """`2 min ago` or `in 17 min`."""
    away = (at - (now or timezone.now())).total_seconds()
    if away >= 1:
        return _("in %(span)s") % {"span": span(away)}
    return _("%(span)s ago") % {"span": span(away)}


def left(seconds: float) -> str:
    """What is left of a deadline, or by how much it is over."""
    return (_("%(span)s left") if seconds >= 0 else _("%(span)s over")) % {"span": span(seconds)}
