"""The fields of an item's record in forms: how each is called, asked for, shown and read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.evidence.models import KINDS, SENSITIVITIES, TLP, Item
from hikeshi.errors import Refused

Choices = tuple[tuple[str, Any], ...]


class Field(NamedTuple):
    """One field. `kind`: text, lines, time, seconds or choice. `brief` is its label where it is only shown."""

    name: str
    label: str | Promise
    kind: str = "text"
    choices: Choices = ()
    brief: str | Promise = ""


ABOUT: Final = (
    Field("description", _("Description"), "lines"),
    Field("system", _("System: asset id, serial number, ARN"), brief=_("System")),
    Field("account", _("Account")),
    Field("region", _("Region")),
    Field("location", _("Location")),
    Field("owner", _("Owner")),
    Field("authority", _("Authority or legal basis"), brief=_("Legal basis")),
    Field("collector", _("Collected by")),
    Field("witness", _("Witness")),
    Field("method", _("Method")),
    Field("tool", _("Tool")),
    Field("tool_version", _("Version of the tool"), brief=_("Tool version")),
    Field("command", _("Command"), "lines"),
    Field("began_at", _("Collection began, in your zone"), "time", brief=_("Began")),
    Field("ended_at", _("Collection ended, in your zone"), "time", brief=_("Ended")),
    Field("clock_source", _("By which clock"), brief=_("Clock")),
    Field("clock_offset_us", _("That clock minus the true time, in seconds"), "seconds", brief=_("Offset (s)")),
    Field("sensitivity", _("Sensitivity"), "choice", SENSITIVITIES),
    Field("tlp", "TLP", "choice", (("", "–"), *TLP)),
)
"""What may be said when an item is sealed, or later (`hikeshi.desk.evidence.record`)."""

ALL: Final = (
    Field("title", _("Title")),
    Field("kind", _("Kind"), "choice", KINDS),
    Field("source", _("Source")),
    *ABOUT,
)


class Filled(NamedTuple):
    """A field with what stands in its box."""

    field: Field
    value: str


def form(item: Item | None, typed: Mapping[str, str]) -> list[Filled]:
    """The fields as they are, or as they were typed when that was refused."""
    fields = ABOUT if item is None else ALL
    return [Filled(one, typed.get(one.name, "") if typed else shown(item, one)) for one in fields]


def said(item: Item) -> list[Filled]:
    """What was said of the item so far."""
    return [Filled(one, value) for one in ABOUT if (value := words(item, one))]


def words(item: Item, field: Field) -> str:
    """The value as people read it, in their zone."""
    value = getattr(item, field.name)
    if value in (None, "") or (field.name == "sensitivity" and value == "normal"):
        return ""
    if field.kind == "choice":
        return str(dict(field.choices).get(value, value))
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S %Z}"
    return shown(item, field)


def shown(item: Item | None, field: Field) -> str:
    """The value as it stands in a form."""
    value = getattr(item, field.name) if item else None
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%dT%H:%M:%S}"
    return f"{Decimal(value) / 1_000_000:f}" if field.kind == "seconds" else str(value)


def read(typed: Mapping[str, str], item: Item | None = None) -> dict[str, Any]:
    """What a form says that the item does not say yet. Raises `Refused` for a time or a number that is none."""
    fields = ABOUT if item is None else ALL
    said = {one: typed.get(one.name, "").strip() for one in fields if one.name in typed}
    return {one.name: _value(one, text) for one, text in said.items() if text and text != shown(item, one)}


def _value(field: Field, text: str) -> Any:
    if field.kind == "time":
        return time_of(text)
    if field.kind != "seconds":
        return text
    try:
        return int((Decimal(text) * 1_000_000).to_integral_value())
    except (InvalidOperation, OverflowError, ValueError):
        raise Refused(f"{text[:40]!r} is not a number of seconds.", hint="Write it as -0.25.") from None


def time_of(text: str) -> datetime | None:
    """A `datetime-local` field in the person's own zone; empty is none."""
    if not text:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise Refused(f"{text[:40]!r} is not a time.", hint="Write it as 2026-11-07T03:12:00.")
    return at if timezone.is_aware(at) else timezone.make_aware(at)
