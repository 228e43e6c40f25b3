"""Filters for Markdown templates."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
SIGNS = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")
UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202f\u2066-\u2069\ufeff]+")


@register.filter
def md(value: object) -> SafeString:
    """Foreign text as plain Markdown text: one line, signs escaped, control and direction marks taken out."""
    line = UNSEEN.sub(" ", str(value)).strip()
    return mark_safe(SIGNS.sub(r"\\\1", line))  # noqa: S308  # this is the escaping


@register.filter
def both(at: datetime | None) -> str:
    """A moment in the reader's zone first, then UTC, as the glossary writes it."""
    if at is None:
        return "–"
    here = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    utc = at.astimezone(ZoneInfo("UTC"))
    return f"{here:%Y-%m-%d %H:%M:%S} {here:%Z} (UTC {utc:%H:%M:%S})"


@register.filter
def said(text: dict[str, str], language: str) -> str:
    """A {en, ja} text in `language`."""
    return text.get(language) or text.get("en", "")
