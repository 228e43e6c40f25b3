"""Filters and tags of the console's templates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext as _, gettext_lazy

from hikeshi.desk.incidents.models import DUTIES
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.doors.console.times import local, relative, span, universal
from hikeshi.doors.refusals import japanese, said_of
from hikeshi.errors import HikeshiError

register = template.Library()
XML_HEAD = re.compile(r"^<\?xml.*?\?>\s*")
HEADING = re.compile(r"<(/?)h([1-5])>")
INITIALS = {
    "communications_lead": "CL",
    "deputy_commander": "DC",
    "incident_commander": "IC",
    "observer": "O",
    "responder": "R",
    "scribe": "S",
    "support": "SU",
    "technical_lead": "TL",
}
SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
PROVEN = {
    "digest_missing": gettext_lazy("no digest covers its log"),
    "digest_mismatch": gettext_lazy("its log differs from the digest"),
    "digest_valid": gettext_lazy("proven by a signed digest"),
    "hash_ok": gettext_lazy("hash agrees, signature not checked"),
    "unknown": gettext_lazy("unknown"),
}
"""What CloudTrail's digests prove of an event's log, by the code that the engine keeps."""


@register.filter
def said(text: Any) -> str:
    """A {en, ja} text (or a `Text`) in the reader's language."""
    language = get_language() or "en"
    if isinstance(text, Mapping):
        return str(text.get(language) or text.get("en") or "")
    return str(getattr(text, language, "") or getattr(text, "en", ""))


@register.filter
def proven(code: str) -> str:
    """What digests prove of an event, in words; a code without words as it is."""
    return str(PROVEN.get(code, code))


@register.filter
def phrase(entry: Entry) -> str:
    """A ledger entry as a sentence in the reader's language; its verb where there is no sentence."""
    return sentence(entry, get_language() or "en") or entry.verb


@register.filter
def pretty(value: Any) -> str:
    """Plain JSON, indented. Text that is not JSON stays as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


@register.filter
def refusal(problem: HikeshiError) -> SafeString:
    """An error's message in the reader's language, or marked as English."""
    return _or_english(said_of(problem) if get_language() == "ja" else "", problem.message)


@register.filter
def hint(problem: HikeshiError) -> SafeString:
    """How to go on after it, likewise."""
    return _or_english(japanese(problem.hint) if get_language() == "ja" else "", problem.hint)


def _or_english(said: str, english: str) -> SafeString:
    return format_html("{}", said) if said else format_html('<span lang="en">{}</span>', english)


@register.filter
def problem(data: str) -> str:
    """Why something was refused, from the entry that says so."""
    return str(json.loads(data).get("problem", ""))


@register.filter
def capped(count: int) -> str:
    """A count that goes no further than 1000."""
    return f"{count}" if count < 1000 else "999+"


@register.filter
def short(digest: str) -> str:
    """The two ends of a hash: enough to compare by eye; the whole one is never far away."""
    return f"{digest[:8]}…{digest[-4:]}" if len(digest) > 16 else digest


@register.filter
def size(count: int | None) -> str:
    """Bytes as people read them."""
    amount = float(count or 0)
    for unit in SIZES:
        if amount < 1024 or unit == SIZES[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"


@register.filter
def moment(iso: str) -> datetime | None:
    """A ledger's time text as a moment."""
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        return None


@register.filter
def at(mapping: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping holds under a key that is not written in the template."""
    return mapping.get(key)


@register.filter
def here(at: datetime) -> str:
    """A moment in the reader's zone."""
    return local(at)


@register.filter
def lasting(seconds: int | None) -> str:
    """A length of time in its two largest units."""
    return "–" if seconds is None else span(seconds)


@register.filter
def utc(at: datetime) -> str:
    """The same moment in UTC."""
    return universal(at)


@register.filter
def duty_word(duty: str) -> str:
    """A role in words; a dash for none, and what is no role as it is."""
    return str(dict(DUTIES).get(duty, duty or "–"))


@register.filter
def initials(duty: str) -> str:
    """What stands in a role's disc; the role's name is beside it."""
    return INITIALS.get(duty, "·")


@register.filter
def inline_svg(xml: str) -> SafeString:
    """A drawing made by ourselves (the QR code of a secret), to stand inside the page: the policy allows no data: images."""
    return mark_safe(XML_HEAD.sub("", xml))  # noqa: S308  # made by the qrcode package from our own address


@register.filter
def under_heading(html: str) -> SafeString:
    """Report HTML with every heading one level lower, because the page has its own first heading.

    The HTML was made by `reports.verbs.to_html`, which lets no raw HTML through; alignment styles are taken out for the policy.
    """
    lower = HEADING.sub(lambda found: f"<{found[1]}h{int(found[2]) + 1}>", html)
    return mark_safe(re.sub(r' style="[^"<>]*"', "", lower))  # noqa: S308  # see the docstring


@register.simple_tag
def when(at: datetime | None, style: str = "") -> str:
    """A moment: local with zone, UTC, and how far away. `style` "brief" leaves the distance out, "exact" adds seconds."""
    if at is None:
        return "–"
    exact = style == "exact"
    both = _("%(local)s (%(utc)s)") % {"local": local(at, seconds=exact), "utc": universal(at, seconds=exact)}
    stamp = format_html('<time datetime="{}">{}</time>', timezone.localtime(at).isoformat(timespec="seconds"), both)
    if style:
        return stamp
    return format_html('{} <span class="faint">{}</span>', stamp, relative(at))


@register.simple_tag
def ago(at: datetime | None) -> str:
    """A moment in one short word: local time and zone, the rest in the distance and on hover."""
    if at is None:
        return "–"
    whole = f"{local(at, seconds=True)} ({universal(at, seconds=True)})"
    return format_html(
        '<time datetime="{}" title="{}">{}</time> <span class="faint">{}</span>',
        timezone.localtime(at).isoformat(timespec="seconds"), whole, local(at), relative(at),
    )  # fmt: skip
