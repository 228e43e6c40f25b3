"""Logs in a store that is gone afterwards: for questions before anything is set up. Paths, S3, and CloudTrail's API alike."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from hikeshi.aws.reach import Reach
from hikeshi.stores.duck import DuckStore
from hikeshi.text import Text


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """Ask CloudTrail's API too: since when, until when (empty: now), in which regions (empty: the usual one), narrowed by what."""

    start: datetime
    end: datetime | None = None
    regions: tuple[str, ...] = ()
    only: tuple[str, str] | None = None


class Opened(NamedTuple):
    """`unreadable` says what could not be read and why, `notes` what the answer cannot hold."""

    store: DuckStore
    unreadable: list[str]
    notes: list[Text]
    names: dict[str, str]
    """What people call a file, by the path of our copy."""


@contextmanager
def opened(
    paths: Iterable[str | Path] = (), *, live: Live | None = None, reach: Reach | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Opened]:  # fmt: skip
    """Paths (s3:// too) and what CloudTrail's API says, as a store to ask. Raises as `s3.fetch` and `lookup.look_up` do."""
    from hikeshi.events import s3  # the SDK takes half a second, which whoever imports this should not wait for

    reach = reach or Reach()
    with tempfile.TemporaryDirectory(prefix="hikeshi-") as name, s3.here(paths, reach=reach, progress=progress) as logs:
        folder = Path(name)
        asked, notes = _asked(folder, live, reach, progress) if live else ([], [])
        store = DuckStore(folder / "store")
        built = store.build([*logs.paths, *asked], progress=progress)
        names = {path: one.name for path, one in logs.fetched.items()} | {str(path): path.name for path in asked}
        unreadable = [trouble.message for trouble in logs.missed]
        unreadable += [f"{names.get(one.source, one.source)}, {one.place}: {one.reason}" for one in built.unreadable]
        unreadable += [f"{names.get(path, path)}: this is no log that is known" for path in built.not_recognised]
        yield Opened(store, unreadable, notes, names)


def _asked(
    folder: Path, live: Live, reach: Reach, progress: Callable[[int, int], None] | None
) -> tuple[list[Path], list[Text]]:
    from hikeshi.events import lookup  # as above

    found = lookup.look_up(
        folder, start=live.start, end=live.end, regions=live.regions, only=live.only, reach=reach,
        progress=(lambda count: progress(count, count)) if progress else None,
    )  # fmt: skip
    return found, lookup.limits_of(live.start, lookup.regions_of(live.regions, reach))
