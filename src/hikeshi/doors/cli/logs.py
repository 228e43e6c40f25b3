"""Logs as people name them: paths, and what lies in S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from hikeshi.aws.reach import Reach
from hikeshi.doors.cli.progress import progress
from hikeshi.environment import read_environment

if TYPE_CHECKING:
    from hikeshi.events.s3 import Here

Paths = Annotated[
    list[str], typer.Argument(help="Files, folders, patterns and s3://bucket/prefix; packed ones are unpacked.")
]
PathsOrNone = Annotated[list[str] | None, typer.Argument(help="As for `events parse`; none with --live.")]


def reach() -> Reach:
    """The AWS that the environment names."""
    found = read_environment()
    return Reach(region=found.aws_region, endpoint_url=found.aws_endpoint_url or None)


@contextmanager
def here(paths: Iterable[str]) -> Iterator[Here]:
    """The paths with what lies in S3 fetched first, and with its progress shown."""
    from hikeshi.events import s3  # the SDK takes half a second, which help should not wait for

    with progress("S3") as told, s3.here(paths, reach=reach(), progress=told) as found:
        yield found
