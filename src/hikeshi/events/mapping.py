"""A mapping: a small YAML file that says how a log nobody wrote a parser for becomes events.

    name: shop                          # source_kind of the events
    format: csv                         # csv, or json: lines, an array, or one document
    separator: ";"                      # of csv; a comma where it is left out
    header: [when, client, verb, path]  # of csv without a row of names
    time:
      field: when
      form: "%d/%m/%Y %H:%M:%S"         # iso (the default), number (since 1970, unit by its size), or a pattern
      zone: Asia/Tokyo                  # for times that name none; UTC is assumed and marked where it is left out
      says: recorded                    # ts_desc; occurred where it is left out
    message: "{client} {verb} {path}"   # one readable line; all fields where it is left out
    fields:                             # column of the event: field of the log; dots go into JSON objects
      src_ip: client
      action: verb
    values:                             # the same in every event
      provider: acme

It is given as `events parse --as mapping.yaml`, or for some of the logs as `--mapping 'SOURCE=mapping.yaml'` (`events parse`, `timeline
build`), where SOURCE is a pattern of paths.

Every error names the line. Which columns there are is in `event.py`; the directives of a pattern are in `DIRECTIVES`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from hikeshi import strict_yaml
from hikeshi.events.event import COLUMNS
from hikeshi.events.named_fields import OWN, fitting

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

DIRECTIVES: Final[dict[str, str]] = {
    "%%": "%",
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>\d\d)",
    "%S": r"(?P<S>\d\d)",
    "%Y": r"(?P<Y>\d{4})",
    "%b": r"(?P<b>[A-Za-z]{3})",
    "%d": r"\s*(?P<d>\d{1,2})",
    "%f": r"(?P<f>\d{1,9})",
    "%m": r"(?P<m>\d{1,2})",
    "%p": r"(?P<p>[AaPp][Mm])",
    "%y": r"(?P<y>\d\d)",
    "%z": r"(?P<z>Z|[+-]\d\d:?\d\d)",
}
"""What a pattern of a time may hold, as in strftime, with English names of months; %f has one to nine digits."""

NEEDED: Final = ((("%Y", "%y"), "year"), (("%m", "%b"), "month"), (("%d",), "day"))

_DIRECTIVE = re.compile(r"%.?", re.DOTALL)
_PLACE = re.compile(r"\{([^{}]+)\}")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Time(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the time stands, and how it is written."""

    field: Name
    form: Name = "iso"
    zone: str | None = None
    says: Name = "occurred"


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, checked. `fields` and `values` are by column."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,30}\Z")]
    format: Literal["csv", "json"]
    time: Time
    separator: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    header: tuple[Name, ...] | None = None
    message: str | None = None
    fields: dict[str, Name] = {}
    values: dict[str, str | int | float | bool] = {}


def read(path: Path) -> Mapping:
    """The mapping of a file. Raises Unreadable with the line of what is wrong."""
    return _checked(strict_yaml.read(path))


def parse(text: bytes, *, source: str = "mapping") -> Mapping:
    """The mapping of a text. Raises Unreadable with the line of what is wrong."""
    return _checked(strict_yaml.parse(text, source=source))


def pattern(form: str) -> re.Pattern[str]:
    """The pattern of a time as a regular expression. Raises ValueError where it cannot be one."""
    at, parts, seen = 0, list[str](), set[str]()
    for found in _DIRECTIVE.finditer(form):
        if found[0] not in DIRECTIVES:
            raise ValueError(f"{found[0]!r} is no directive; there are {' '.join(DIRECTIVES)}")
        if found[0] in seen and found[0] != "%%":
            raise ValueError(f"{found[0]} stands there twice")
        seen.add(found[0])
        parts += [re.escape(form[at : found.start()]), DIRECTIVES[found[0]]]
        at = found.end()
    for some, what in NEEDED:
        if not seen.intersection(some):
            raise ValueError(f"it has no {what}: {' or '.join(some)}")
    return re.compile("".join([*parts, re.escape(form[at:])]), re.ASCII)


def places(template: str) -> list[str]:
    """The fields that a message names."""
    return _PLACE.findall(template)


def _checked(document: strict_yaml.Document) -> Mapping:
    mapping = document.convert(Mapping)
    for part, given in (("fields", mapping.fields), ("values", mapping.values)):
        for column in given:
            if column not in COLUMNS or column in OWN:
                known = ", ".join(name for name in COLUMNS if name not in OWN)
                raise document.complaint(
                    f"there is no column {column!r} to fill", (part, column), hint=f"There are: {known}."
                )
            if column in mapping.fields and column in mapping.values:
                raise document.complaint("this column is filled twice", (part, column))
    for column, value in mapping.values.items():
        if fitting(column, value) is None:
            raise document.complaint(f"{value!r} does not fit the column {column}", ("values", column))
    _check_time(document, mapping.time)
    if mapping.format == "json" and (mapping.header is not None or mapping.separator != ","):
        raise document.complaint(
            "only csv has a separator and a header", ("header" if mapping.header else "separator",)
        )
    if mapping.header and mapping.time.field not in mapping.header:
        raise document.complaint(f"the header has no field {mapping.time.field!r}", ("time", "field"))
    return mapping


def _check_time(document: strict_yaml.Document, time: Time) -> None:
    if time.form not in {"iso", "number"}:
        try:
            pattern(time.form)
        except ValueError as error:
            raise document.complaint(
                str(error), ("time", "form"), hint="A form is iso, number, or a pattern such as %Y-%m-%d %H:%M:%S."
            ) from error
    if time.zone is not None:
        zone(document, time.zone)


def zone(document: strict_yaml.Document, name: str) -> ZoneInfo:
    """The zone of that name. Raises Unreadable."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise document.complaint(
            f"there is no time zone {name!r}", ("time", "zone"), hint="Write it as Asia/Tokyo or UTC."
        ) from error


def filled(template: str, fields: dict[str, Any], value: Any) -> str:
    """The message with the fields in their places; `value(fields, path)` finds one."""
    return _PLACE.sub(lambda found: str(value(fields, found[1]) or "-"), template)
