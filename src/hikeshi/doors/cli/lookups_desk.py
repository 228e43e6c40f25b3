"""`timeline escalation | activity`: the two look-ups asked of a timeline."""

from __future__ import annotations

from itertools import islice

from hikeshi.doors import find
from hikeshi.doors.attempts import attempt_shape, by_whom
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.detect_files import say
from hikeshi.doors.cli.lookups import SEEN, From, Ip, Key, Most, Principal, To, Who
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor
from hikeshi.doors.events import asked_for, shown
from hikeshi.errors import Refused
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.lookups import activity, escalation


def escalation_of(
    incident: str, name: str, start: From = "", end: To = "", limit: Most = 0, who: Who = False
) -> Answer:
    """Every try to gain rights, allowed or denied, and why it counts as one. A hint where to look, never proof."""
    tries = escalation(_store(incident, name), asked_for([], start=optional(start), end=optional(end)))
    say(tries.cut)
    found = islice(tries.found, limit or None)
    if who:
        return Answer(by_whom(found))
    return Answer(map(attempt_shape, found), columns=SEEN, lines=True)


def activity_of(
    incident: str, name: str, ip: Ip = "", principal: Principal = "", key: Key = "",
    start: From = "", end: To = "", limit: Most = 0,
) -> Answer:  # fmt: skip
    """Everything from one address, one principal or one access key, in the order of time; of several, all must hold."""
    query = asked_for([], start=optional(start), end=optional(end))
    found = activity(_store(incident, name), query, ip=ip, principal=principal, key=key)
    return Answer(map(shown, islice(found, limit or None)), columns=SEEN, lines=True)


def _store(incident: str, name: str) -> DuckStore:
    timeline = find.timeline(find.incident(actor(), incident), name)
    if timeline.state != "ready":
        raise Refused(f"The timeline {name} is not ready ({timeline.state}).", hint="Build it first.")
    return DuckStore(timeline.folder)
