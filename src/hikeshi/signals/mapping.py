"""A mapping: a small YAML file that says how the alerts of a product nobody wrote a reader for become signals.

See docs/mappings.md for how to write one, and `mappings/*.yaml` for those that come with Hikeshi. Every error names file, line and
reason; a mapping with an error never stops the others (`mapped.py`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import msgspec

from hikeshi import strict_yaml
from hikeshi.signals import paths
from hikeshi.signals.signal import Kind

PLACE: Final = re.compile(r"\{([^{}]*)\}")
LITERAL: Final = "="
DIGEST: Final = "#"

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,30}\Z")]
Choice = Words | tuple[Words, ...]
"""One way to a text, or several of which the first that finds something is taken.

A way is a path; words with {paths} in them, all of which have to be found; =words, just so; or #path, the digest of what stands there.
"""

Score = Annotated[float, msgspec.Meta(ge=0, le=10)]


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has to stand at a path. Without `equals`, anything but nothing. Letters large and small are alike."""

    path: Words
    equals: tuple[str | int | float | bool, ...] = ()


class Severity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From the sender's severity to 0 to 10: by `words`, else as a number that may be at most `of`, else `otherwise`."""

    otherwise: Score
    path: Choice = ()
    words: dict[str, Score] = {}
    of: Annotated[float, msgspec.Meta(gt=0)] = 10


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, checked. All but the first four say where a field of the signal stands."""

    name: Name
    about: Words
    match: Annotated[tuple[Test, ...], msgspec.Meta(min_length=1, max_length=10)]
    key: Annotated[tuple[Choice, ...], msgspec.Meta(min_length=1, max_length=10)]
    source: str = ""
    each: str = ""
    cause: tuple[Choice, ...] = ()
    title: Choice = ()
    kind: Choice = ()
    severity: Severity = Severity(otherwise=5)
    account: Choice = ()
    region: Choice = ()
    instance_id: Choice = ()
    remote_address: Choice = ()
    principal: Choice = ()
    first_seen: Choice = ()
    last_seen: Choice = ()
    count: Choice = ()
    archived: tuple[Test, ...] = ()
    sample: tuple[Test, ...] = ()
    observables: dict[Kind, Choice] = {}


def read(path: Path) -> Mapping:
    """The mapping of a file. Raises Unreadable with the line of what is wrong."""
    return _checked(strict_yaml.read(path))


def parse(text: bytes, *, source: str = "mapping") -> Mapping:
    """The mapping of a text. Raises Unreadable with the line of what is wrong."""
    return _checked(strict_yaml.parse(text, source=source))


def choices(choice: Choice) -> tuple[str, ...]:
    return (choice,) if isinstance(choice, str) else choice


def paths_of(way: str) -> list[str]:
    """The paths that one way to a text names."""
    if way.startswith(LITERAL):
        return []
    return PLACE.findall(way) if "{" in way else [way.removeprefix(DIGEST)]


def _checked(document: strict_yaml.Document) -> Mapping:
    mapping = document.convert(Mapping)
    for steps, path in _paths(mapping):
        try:
            paths.check(path)
        except ValueError as error:
            raise document.complaint(str(error), steps) from error
    folded = [word.casefold() for word in mapping.severity.words]
    for word in mapping.severity.words:
        if folded.count(word.casefold()) > 1:
            raise document.complaint("this word is given twice", ("severity", "words", word))
    if mapping.severity.words and not mapping.severity.path:
        raise document.complaint("words need a path to the severity", ("severity",))
    return mapping


def _paths(mapping: Mapping) -> list[tuple[tuple[str | int, ...], str]]:
    """Every path in the mapping, with the place in the file it is written at."""
    found: list[tuple[tuple[str | int, ...], str]] = [(("each",), mapping.each)] if mapping.each else []
    for name in ("match", "archived", "sample"):
        found += [((name, number, "path"), test.path) for number, test in enumerate(getattr(mapping, name))]
    ways: list[tuple[tuple[str | int, ...], Choice]] = [((name,), getattr(mapping, name)) for name in CHOICES]
    ways += [(("key", number), choice) for number, choice in enumerate(mapping.key)]
    ways += [(("cause", number), choice) for number, choice in enumerate(mapping.cause)]
    ways += [(("observables", kind), choice) for kind, choice in mapping.observables.items()]
    ways += [(("severity", "path"), mapping.severity.path)]
    return found + [(steps, path) for steps, choice in ways for way in choices(choice) for path in paths_of(way)]


CHOICES: Final = (
    "title", "kind", "account", "region", "instance_id", "remote_address", "principal", "first_seen", "last_seen", "count",
)  # fmt: skip
"""The fields of a mapping that hold ways to a text."""
