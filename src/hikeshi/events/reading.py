"""From paths to events: opening, recognising, parsing, and the guide's one list in time order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from hikeshi.aws.reach import Reach
from hikeshi.errors import Refused, Unreadable
from hikeshi.events.archives import is_archive, members
from hikeshi.events.assumed import Assumption, Clock, about, check, mapped_by
from hikeshi.events.event import Event, event_uid, key_of
from hikeshi.events.parquet_rows import Rows, is_parquet, rows_of
from hikeshi.events.parser import Parser
from hikeshi.events.parsers import PARSERS, recognise
from hikeshi.events.source import Limits, Source
from hikeshi.events.times import utc
from hikeshi.events.walking import in_s3, walk

ENDINGS = (".yaml", ".yml")
"""How the name of a mapping ends, where the name of a parser could stand."""

Log = str | Path | bytes | Mapping[str, Any] | Event
"""A log in the plain function: a path, the content itself, one JSON record, or an event made elsewhere."""


def parser_named(name: str) -> Parser:
    """The parser of that name, or of the mapping in that file. Raises Refused where there is none, Unreadable for a wrong mapping."""
    if name.endswith(ENDINGS):
        from hikeshi.events.mapped import parser_of  # loads YAML

        return parser_of(Path(name))
    if name not in PARSERS:
        raise Refused(f"There is no parser {name!r}.", hint=f"Known are: {', '.join(PARSERS)}; or give a mapping.yaml.")
    return PARSERS[name]


def parse(
    paths: Iterable[str | Path],
    *,
    parser: str | Parser | None = None,
    limits: Limits | None = None,
    reach: Reach | None = None,
    progress: Callable[[int, int], None] | None = None,
    assumed: Sequence[Assumption] = (),
) -> Iterator[Event | Unreadable]:
    """Every event of files, folders and patterns, file by file in sorted order; then of addresses in S3 (s3://bucket/prefix).

    `parser` (a name or a parser) is used for all files; without it each file is recognised by its content. What cannot be read, and
    a file that is no known log, comes as an Unreadable value. `assumed` is what people know of the sources' clocks; `reach` and
    `progress` are for S3. Raises Refused for a path, a parser or a source of `assumed` that does not exist, and as `s3.fetch` does.
    """
    chosen = parser_named(parser) if isinstance(parser, str) else parser
    given = list(paths)
    addresses = [str(path) for path in given if in_s3(path)]
    files: Iterable[Path | Unreadable] = walk([path for path in given if not in_s3(path)])
    if assumed and not addresses:  # what is in S3 is known only while it is fetched
        files = list(files)
        kinds = [*PARSERS, *([chosen.NAME] if chosen else [])]
        check(assumed, [str(path) for path in files if isinstance(path, Path)], kinds)
    yield from _of_files(files, chosen, limits, assumed)
    if addresses:
        yield from _of_objects(addresses, chosen, limits, assumed, reach, progress)


def _of_files(
    files: Iterable[Path | Unreadable], chosen: Parser | None, limits: Limits | None, assumed: Sequence[Assumption]
) -> Iterator[Event | Unreadable]:
    for path in files:
        if isinstance(path, Unreadable):
            yield path
            continue
        try:
            with path.open("rb") as file:
                yield from read(Source(str(path), file, limits=limits), chosen, about(assumed, str(path)))
        except OSError as error:
            yield Unreadable(f"it cannot be opened: {error.strerror}", source=str(path))


def _of_objects(
    addresses: Sequence[str], chosen: Parser | None, limits: Limits | None, assumed: Sequence[Assumption],
    reach: Reach | None, progress: Callable[[int, int], None] | None,
) -> Iterator[Event | Unreadable]:  # fmt: skip
    """Each object is deleted here as soon as it was read, so that little of a large bucket is on the disk at a time."""
    from hikeshi.events.s3 import fetch  # the SDK takes half a second, which files should not wait for

    with tempfile.TemporaryDirectory(prefix="hikeshi-s3-") as folder:
        for one in fetch(addresses, Path(folder), reach=reach, limits=limits, progress=progress):
            if isinstance(one, Unreadable):
                yield one
                continue
            with one.path.open("rb") as file:
                source = Source(one.name, file, limits=limits, sha256=one.sha256)
                yield from read(source, chosen, about(assumed, one.name))
            one.path.unlink()


def read(
    source: Source, parser: Parser | None = None, assumed: Sequence[Assumption] = ()
) -> Iterator[Event | Unreadable]:
    """The events of one source, each with its id and where it came from; then what reading it noted. Of an archive, those of its members.

    `assumed` is what `about` says of this source.
    """
    if is_archive(source.head):
        yield from _members(source, parser, assumed)
        return
    found = parser or mapped_by(assumed) or recognise(source.head, source.name)
    if is_parquet(source.head) and not isinstance(found, Rows):
        rows = rows_of(source)
        if isinstance(rows, Unreadable):
            yield rows
            return
        found = rows
    if found is not None:
        yield from Clock.of(assumed, found.NAME).corrected(stamped(found.events(source), source, found))
    elif source.head.strip():
        yield source.unreadable("this is no log that is known", hint=f"Known are: {', '.join(PARSERS)}.")
    yield from source.troubles


def _members(source: Source, parser: Parser | None, assumed: Sequence[Assumption]) -> Iterator[Event | Unreadable]:
    notes: dict[str, None] = {}
    for member in members(source):
        if isinstance(member, Unreadable):
            yield member
            continue
        yield from read(member, parser, assumed)
        source.undated += member.undated
        if member.note:
            notes[member.note] = None
    source.note = "; ".join([*notes][:5])
    yield from source.troubles


def stamped(found: Iterator[Event | Unreadable], source: Source, parser: Parser) -> Iterator[Event | Unreadable]:
    """What a parser found, with its ids and where it came from."""
    kind, version, name, sha256 = parser.NAME, parser.VERSION, source.name, source.sha256
    place = sha256 + source.part
    for event in found:
        if isinstance(event, Event):
            event.source_kind, event.parser_version, event.path, event.evidence_sha256 = kind, version, name, sha256
            event.event_uid = event.event_uid or event_uid(key_of(event, place))
        yield event


def build_timeline(
    cloudtrail: Iterable[Log] = (), vpcflow: Iterable[Log] = (), other: Iterable[Log] = ()
) -> list[dict[str, Any]]:
    """One list in time order of all logs: time (UTC), source, action, actor, address, details.

    Each event is there once, however many logs delivered it. What cannot be read is left out here: use `parse` to see it, and a store
    (`hikeshi.stores`) for logs that do not fit in memory.
    """
    found = chain(_events(cloudtrail, "cloudtrail"), _events(vpcflow, "vpcflow"), _events(other, None))
    once = {event.event_uid or event_uid(key_of(event, event.message)): event for event in found}
    return [_line(event) for event in sorted(once.values(), key=lambda event: (event.ts, event.event_uid))]


def _events(logs: Iterable[Log], name: str | None) -> Iterator[Event]:
    parser = parser_named(name) if name else None
    for log in logs:
        if isinstance(log, Event):
            yield log
            continue
        if isinstance(log, Mapping):
            found = read(Source.of(msgspec.json.encode(log)), parser)
        else:
            found = read(Source.of(log), parser) if isinstance(log, bytes) else parse([log], parser=parser)
        yield from (event for event in found if isinstance(event, Event))


def _line(event: Event) -> dict[str, Any]:
    return {
        "time": utc(event.ts),
        "source": event.source_kind or event.service or "",
        "action": event.action or event.category or "",
        "actor": event.actor_name or event.actor_id or event.invoked_by or "",
        "address": event.src_ip or event.src_service or "",
        "details": event.message,
    }
