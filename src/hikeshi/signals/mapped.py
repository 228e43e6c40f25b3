"""Mappings at work: each is a shape like those written by hand. Those in the home's folder go before ours of the same name."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.signals import fields, mapping as files, paths
from hikeshi.signals.mapping import DIGEST, LITERAL, PLACE, Choice, Mapping, Test, choices
from hikeshi.signals.shapes import SHAPES
from hikeshi.signals.signal import Kind, Signal
from hikeshi.text import Text

log = logging.getLogger(__name__)

SHIPPED: Final = Path(__file__).parent / "mappings"
FILE_LIMIT: Final = 200
"""Mappings of one folder."""


class Scope(NamedTuple):
    """One alert in a payload, and the whole payload around it."""

    part: Any
    root: Any


class Mapped:
    """The shape of one mapping."""

    def __init__(self, given: Mapping) -> None:
        self.mapping, self.NAME = given, given.name
        self.ABOUT = Text(en=given.about, ja=given.about)
        self._words = {word.casefold(): score for word, score in given.severity.words.items()}

    def parts(self, document: Any) -> Iterator[tuple[str, Any]]:
        if not isinstance(document, dict) or not all(
            _holds(test, Scope(document, document)) for test in self.mapping.match
        ):
            return
        if not self.mapping.each:
            yield "", Scope(document, document)
            return
        for number, part in enumerate(paths.find(document, self.mapping.each)):
            yield f".{self.mapping.each.replace('[]', f'[{number}]')}", Scope(part, document)

    def signal(self, part: Any) -> Signal:
        it, scope = self.mapping, part
        kind = self._text(it.kind, scope, fields.KIND_LIMIT) or self.NAME
        account = self._text(it.account, scope)
        return Signal(
            key=fields.identity(self.NAME, *(self._needed(choice, scope) for choice in it.key)),
            title=self._text(it.title, scope, fields.TITLE_LIMIT) or kind,
            kind=kind,
            score=self._score(scope),
            account=fields.account(account),
            region=fields.name(self._text(it.region, scope), 30),
            instance_id=fields.name(self._text(it.instance_id, scope), 40),
            remote_address=self._address(scope),
            principal=self._text(it.principal, scope),
            sample=bool(it.sample) and all(_holds(test, scope) for test in it.sample),
            archived=bool(it.archived) and all(_holds(test, scope) for test in it.archived),
            count=fields.count(self._text(it.count, scope)),
            first_seen_at=self._moment(it.first_seen, scope),
            last_seen_at=self._moment(it.last_seen, scope),
            observables=fields.observables(self._seen(scope)),
            cause=(self.NAME, *(self._text(choice, scope) for choice in it.cause)) if it.cause else (),
        )

    def _needed(self, choice: Choice, scope: Scope) -> str:
        """A part of the key. Raises ValueError where it is missing: two alerts would become one."""
        found = self._text(choice, scope)
        if not found and LITERAL not in choices(choice):
            raise ValueError(f"it has no {' or '.join(choices(choice))}, and nothing can be kept apart without it")
        return found

    def _one(self, way: str, scope: Scope) -> str:
        """The text of one way; empty where a path in it finds nothing."""
        if way.startswith(LITERAL):
            return way[1:]
        if way.startswith(DIGEST):
            found_there = list(paths.find(scope.part, way[1:], scope.root))
            return hashlib.sha256(msgspec.json.encode(found_there, order="sorted")).hexdigest() if found_there else ""
        if "{" not in way:
            return _plain(scope, way)
        found = {path: _plain(scope, path) for path in PLACE.findall(way)}
        return PLACE.sub(lambda place: found[place[1]], way) if all(found.values()) else ""

    def _text(self, choice: Choice, scope: Scope, limit: int = fields.NAME_LIMIT) -> str:
        shorten = fields.text if limit == fields.TITLE_LIMIT else fields.name
        return next((shorten(found, limit) for way in choices(choice) if (found := self._one(way, scope))), "")

    def _moment(self, choice: Choice, scope: Scope) -> datetime | None:
        """The first way that leads to a time."""
        return next((at for way in choices(choice) if (at := fields.moment(self._one(way, scope)))), None)

    def _score(self, scope: Scope) -> float:
        said = self.mapping.severity
        for way in choices(said.path):
            if written := self._one(way, scope).strip():
                if (score := self._words.get(written.casefold())) is not None:
                    return score
                if written.replace(".", "", 1).isascii() and written.replace(".", "", 1).isdigit():
                    return round(fields.number(float(written[:30]) / said.of * 10), 1)
        return said.otherwise

    def _address(self, scope: Scope) -> str:
        ways = choices(self.mapping.remote_address)
        found = fields.observables([("address", self._one(way, scope)) for way in ways])
        return found[0].value if found else ""

    def _seen(self, scope: Scope) -> Iterator[tuple[Kind, Any]]:
        it = self.mapping
        yield "account", self._text(it.account, scope)
        yield "instance", self._text(it.instance_id, scope)
        yield "address", self._address(scope)
        yield "principal", self._text(it.principal, scope)
        for kind, choice in it.observables.items():
            for way in choices(choice):
                if way.startswith(LITERAL) or "{" in way:
                    yield kind, self._one(way, scope)
                else:
                    for found in paths.find(scope.part, way, scope.root):
                        for one in found if isinstance(found, list) else [found]:
                            yield kind, one


def _plain(scope: Scope, path: str) -> str:
    found = paths.plain(scope.part, path, scope.root)
    return "" if found is None else str(found)


def _holds(test: Test, scope: Scope) -> bool:
    found = list(paths.find(scope.part, test.path, scope.root))
    if not test.equals:
        return bool(found)
    wanted = {str(one).casefold() for one in test.equals}
    return any(str(one).casefold() in wanted for one in found)


def mapped(own: Path | None = None) -> dict[str, Mapped]:
    """Every mapping by name: those of the folder `own` first, then ours that none of them replaces."""
    theirs = loaded(own)
    return theirs | {name: one for name, one in _shipped().items() if name not in theirs}


@functools.cache
def _shipped() -> dict[str, Mapped]:
    return loaded(SHIPPED)


def loaded(folder: Path | None) -> dict[str, Mapped]:
    """The mappings of one folder that are right, by name."""
    return _loaded(_state(folder))


def problems(own: Path | None) -> list[Unreadable]:
    """What is wrong with the files of a folder: these mappings are not used, all others are."""
    return [found for _, found in _files(_state(own)) if isinstance(found, Unreadable)]


State = tuple[tuple[str, int, int], ...]


def _state(folder: Path | None) -> State:
    """The mapping files of a folder with when they were changed and their size: what was read is read again when this differs."""
    found = sorted(folder.glob("*.yaml"))[:FILE_LIMIT] if folder is not None and folder.is_dir() else []
    return tuple((str(path), (stat := path.stat()).st_mtime_ns, stat.st_size) for path in found)


@functools.lru_cache(maxsize=8)
def _files(state: State) -> tuple[tuple[str, Mapping | Unreadable], ...]:
    found = list[tuple[str, Mapping | Unreadable]]()
    names = set[str]()
    for path, _, _ in state:
        one = _file(Path(path))
        if isinstance(one, Mapping):
            if one.name in names:
                one = Unreadable(f"the name {one.name!r} is taken by another file of this folder", source=path)
            else:
                names.add(one.name)
        found.append((path, one))
    return tuple(found)


def _file(path: Path) -> Mapping | Unreadable:

    try:
        one = files.read(path)
    except Unreadable as problem:
        log.warning("a mapping is not used: %s", problem)
        return problem
    if one.name in SHAPES:
        return Unreadable(f"there is a reader {one.name!r} already", source=str(path), hint="Give it another name.")
    return one


@functools.lru_cache(maxsize=8)
def _loaded(state: State) -> dict[str, Mapped]:
    return {one.name: Mapped(one) for _, one in _files(state) if isinstance(one, Mapping)}
