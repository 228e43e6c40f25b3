"""`events escalation | activity`: the two look-ups in CloudTrail, in logs or over its API, before anything is set up. No database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hikeshi.doors.attempts import attempt_shape, by_whom
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.detect_files import say
from hikeshi.doors.cli.exits import UNREADABLE
from hikeshi.doors.cli.logs import PathsOrNone, reach
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.cli.times import optional
from hikeshi.doors.events import shown

if TYPE_CHECKING:
    from hikeshi.stores.opening import Opened

SEEN = ("ts", "outcome", "action", "actor_name", "src_ip", "reasons", "message")
From = Annotated[str, typer.Option("--from", help="ISO 8601 with zone; needed with --live.")]
To = Annotated[str, typer.Option("--to", help="ISO 8601 with zone.")]
LiveToo = Annotated[bool, typer.Option("--live", help="Ask CloudTrail's API (LookupEvents) too, or instead of paths.")]
Regions = Annotated[
    list[str] | None, typer.Option("--region", help="Regions for --live; us-east-1 is always asked too.")
]
Who = Annotated[bool, typer.Option("--who", help="One row for each principal and address instead of each call.")]
Ip = Annotated[str, typer.Option(help="An address.")]
Principal = Annotated[str, typer.Option(help="A user's or role's name or ARN, or a session's name.")]
Key = Annotated[str, typer.Option(help="The id of an access key.")]
Most = Annotated[int, typer.Option(min=0, help="Events at most; 0: all.")]


def escalation_in(
    paths: PathsOrNone = None,
    live: LiveToo = False,
    region: Regions = None,
    start: From = "",
    end: To = "",
    limit: Most = 0,
    who: Who = False,
) -> Answer:
    """Every try to gain rights, allowed or denied: policies, roles, keys, passwords, roles passed to services; and why it counts as one.

    A hint where to look, never proof: administrators do the same. Exit code 5 where a log was unreadable.
    """
    from hikeshi.stores.lookups import escalation, window  # pySigma takes a third of a second

    first, last = optional(start), optional(end)
    answer = Answer(None, columns=SEEN, lines=True)
    with _logs(answer, paths, first, last, region, live=live, only=("ReadOnly", "false")) as logs:
        tries = escalation(logs.store, window(first, last))
        say(tries.cut)
        found = list(islice(tries.found, limit or None))
        answer.data = by_whom(found) if who else [attempt_shape(one, logs.names) for one in found]
    if who:
        answer.columns = ()
    return answer


def activity_in(
    paths: PathsOrNone = None,
    live: LiveToo = False,
    region: Regions = None,
    ip: Ip = "",
    principal: Principal = "",
    key: Key = "",
    start: From = "",
    end: To = "",
    limit: Most = 0,
) -> Answer:
    """Everything from one address, one principal or one access key, in the order of time; of several, all must hold.

    With --live, a key and the ARN of a user are narrowed by AWS; for anything else the whole window is read, 100 events a second.
    """
    from hikeshi.stores.lookups import activity, narrowed, window  # as above

    first, last = optional(start), optional(end)
    answer = Answer(None, columns=SEEN, lines=True)

    def rows() -> Iterator[dict[str, Any]]:
        with _logs(answer, paths, first, last, region, live=live, only=narrowed(principal, key)) as logs:
            found = activity(logs.store, window(first, last), ip=ip, principal=principal, key=key)
            yield from (_named(logs, row) for row in islice(found, limit or None))

    if not (ip or principal or key):
        raise WrongUsage("Whose activity is not said.", hint="Add --ip, --principal or --key.")
    answer.data = rows()
    return answer


@contextmanager
def _logs(
    answer: Answer, paths: list[str] | None, start: datetime | None, end: datetime | None, regions: list[str] | None, *,
    live: bool, only: tuple[str, str] | None,
) -> Iterator[Opened]:  # fmt: skip
    """The logs meant, as a store; what is to be said of them on stderr."""
    from hikeshi.stores.opening import Live, opened  # as above

    if live and start is None:
        raise WrongUsage("--live needs --from.", hint="CloudTrail answers 100 events a second: name a short window.")
    if not live and not paths:
        raise WrongUsage("No logs were named.", hint="Name files, folders or s3://bucket/prefix, or add --live.")
    asked = Live(start=start, end=end, regions=tuple(regions or ()), only=only) if live and start else None
    with progress("CloudTrail") as told, opened(paths or (), live=asked, reach=reach(), progress=told) as logs:
        say(getattr(note, session.options.language) for note in logs.notes)
        say(logs.unreadable)
        answer.code = UNREADABLE if logs.unreadable else 0
        yield logs


def _named(logs: Opened, row: Mapping[str, Any]) -> dict[str, Any]:
    """An event as people are shown it, with the address of its file in the place of our copy's."""
    return shown({**row, "path": logs.names.get(row["path"], row["path"])})
