"""Carrying one notice to its recipient: the sending between two short transactions, never inside one.

An attempt is written before it is sent. A worker that dies between sending and recording leaves it `begun`: the next one cannot know whether
it arrived, says so, and sends again with the same key. So a message arrives at least once, and at most once more for each worker that dies.

The mark of an exercise is put on here, on every message on every way, and no text, file or setting reaches this place.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.notices import channels, links
from hikeshi.desk.notices.making import NO_WAY
from hikeshi.desk.notices.models import Attempt, Channel, Escalation, Notice
from hikeshi.desk.notices.ways import Path, paths
from hikeshi.desk.queue import give_back
from hikeshi.errors import Failed, HikeshiError

MARKS: Final = {"en": "[EXERCISE] ", "ja": "【訓練】"}
MORE: Final = {"en": "And {count} more of the same.", "ja": "同様の通知がほかに {count} 件あります。"}
TAKE: Final = {"en": "I have it: {link}", "ja": "受領する: {link}"}
REPLY: Final = {
    "en": "Or reply to this mail, which takes it just as well. A reply that begins with No wakes the next person.",
    "ja": "このメールへの返信でも受領できます。「いいえ」で始まる返信では、次の担当者を呼び出します。",
}
LOOK: Final = {"en": "Look: {link}", "ja": "確認する: {link}"}
URGENT_ROUNDS: Final = (10, 60, 300)
ROUNDS: Final = (60, 300, 1800, 7200)
"""Seconds before all ways are tried once more; after the last round nobody was reached."""
MINUTE: Final = timedelta(minutes=1)
MOST_STEPS: Final = 20
"""Beyond this, an escalation that reaches nobody keeps to its times."""


class Message(NamedTuple):
    """What leaves the house."""

    subject: str
    body: str
    key: str


def message(notice: Notice, service: str = "") -> Message:
    """The notice as it is sent by a service: its words, the mark of an exercise, what was folded into it, the link, how to reply by mail."""
    language = "ja" if notice.language == "ja" else "en"
    mark = MARKS[language] if is_exercise(notice) else ""
    parts = [f"{mark}{notice.body}"]
    if notice.folded:
        parts.append(MORE[language].format(count=notice.folded))
    ask = TAKE if notice.urgent else LOOK
    parts.append(ask[language].format(link=links.to_take(notice) if notice.urgent else links.to_look(notice)))
    if service == "mail":
        parts += [REPLY[language]] if notice.urgent and channels.reply_address() else []
        return Message(f"{mark}{notice.subject}", "\n\n".join(parts), links.mark(notice))
    made = notice.made_at.isoformat()
    key = hashlib.sha256(f"{settings.ENVIRONMENT.public_url}|{notice.pk}|{made}".encode()).hexdigest()[:32]
    return Message(f"{mark}{notice.subject}", "\n\n".join(parts), f"hikeshi-{key}")


def is_exercise(notice: Notice) -> bool:
    """By the incident as it is now, or as it was when the notice was made: either is enough."""
    return notice.exercise or bool(notice.incident and (notice.incident.exercise or notice.incident.simulated))


def send(notice: Notice, *, actor: Actor) -> None:
    """Send it by the next way there is, and record what came of it. The caller holds the notice's lease."""
    found = _begin(notice, actor=actor)
    if found is None:
        return
    attempt, path = found
    words = message(notice, path.service)
    try:
        said = channels.send(path.service, path.address, words.subject, words.body, key=words.key, to=path.to)
    except HikeshiError as problem:
        permanent = not isinstance(problem, Failed) or problem.permanent
        _failed(notice, attempt, problem.message, permanent=permanent)
    else:
        _taken(notice, attempt, said)


@transaction.atomic
def _begin(notice: Notice, *, actor: Actor) -> tuple[Attempt, Path] | None:
    """The attempt that is going to be made, written down; None where none is: it is not needed, has to wait, or nobody is reached."""
    now = timezone.now()
    notice.tries.filter(outcome="begun").update(outcome="unknown", answer="The worker ended before it was recorded.")
    if notice.escalation and notice.escalation.stopped_at is not None:
        _leave(notice, "dropped", due_at=None)
        return None
    left = _next(notice, now)
    if left is None:
        _give_up(notice, actor=actor)
        return None
    path, due = left
    if due > now or (not notice.urgent and (due := _crowded(path, now)) > now):
        _leave(notice, "waiting", due_at=due)
        return None
    attempt = Attempt.objects.create(notice=notice, way=path.key, service=path.service, where=path.where[:120], at=now)
    return attempt, path


def _next(notice: Notice, now: datetime) -> tuple[Path, datetime] | None:
    """The way to take and when: each way once, then round after round with longer waits. None when there is none left."""
    tries = [
        one for one in notice.tries.all() if one.at >= notice.made_at
    ]  # those before it was sent anew do not count
    refused = {one.way for one in tries if one.outcome in {"refused", "returned"}}
    open_ways = [path for path in paths(notice) if path.key not in refused]
    count = {path.key: sum(one.way == path.key for one in tries) for path in open_ways}
    rounds = URGENT_ROUNDS if notice.urgent else ROUNDS
    if not open_ways or min(count.values()) > len(rounds):
        return None
    skip = _taken_before(notice) % len(open_ways)  # who did not answer on one way is tried on the next
    path = min(open_ways[skip:] + open_ways[:skip], key=lambda one: count[one.key])
    done = count[path.key]
    at_once = not done or tries[-1].outcome == "unknown"
    return path, now if at_once else tries[-1].at + timedelta(seconds=rounds[done - 1])


def _taken_before(notice: Notice) -> int:
    """How often this escalation has reached the recipient's ways already, without an answer."""
    if notice.escalation_id is None or notice.contact_id is None:
        return 0
    return Notice.objects.filter(
        escalation_id=notice.escalation_id or 0,
        contact_id=notice.contact_id,
        state__in=("sent", "delivered"),
        pk__lt=notice.pk,
    ).count()


def _crowded(path: Path, now: datetime) -> datetime:
    """When this address takes one more message that is not urgent."""
    lately = Attempt.objects.filter(service=path.service, where=path.where[:120], at__gt=now - MINUTE)
    return now + timedelta(seconds=15) if lately.count() >= channels.CHANNELS[path.service].per_minute else now


def _leave(notice: Notice, state: str, *, due_at: datetime | None) -> None:
    notice.state = state
    give_back(notice, due_at=due_at)
    notice.save(update_fields=["state", "sent_at", "due_at", "lease_owner", "lease_until", "attempts"])


@transaction.atomic
def _taken(notice: Notice, attempt: Attempt, said: str) -> None:
    now = timezone.now()
    there = channels.CHANNELS[attempt.service].receipt
    Attempt.objects.filter(pk=attempt.pk).update(outcome="delivered" if there else "taken", answer=said[:500])
    _mine(notice).update(
        state="delivered" if there else "sent", sent_at=now, delivered_at=now if there else None, due_at=None,
        lease_owner="", lease_until=None, attempts=0,
    )  # fmt: skip
    _channel(notice).update(last_at=now, last_problem="")


@transaction.atomic
def _failed(notice: Notice, attempt: Attempt, said: str, *, permanent: bool) -> None:
    """Due again at once: `_begin` knows how long to wait, or that nobody is left to be reached."""
    now = timezone.now()
    Attempt.objects.filter(pk=attempt.pk).update(outcome="refused" if permanent else "failed", answer=said[:500])
    _mine(notice).update(due_at=now, lease_owner="", lease_until=None)
    _channel(notice).update(last_at=now, last_problem=said[:500])


def _mine(notice: Notice) -> QuerySet[Notice]:
    """The row, unless somebody has acknowledged it while it was on its way."""
    return Notice.objects.filter(pk=notice.pk, state="waiting")


def _channel(notice: Notice) -> QuerySet[Channel]:
    return Channel.objects.filter(pk=notice.channel_id or 0)


def _give_up(notice: Notice, *, actor: Actor) -> None:
    """Nobody was reached: it is on the record, others are told, and what is urgent goes up at once."""
    _leave(notice, "failed", due_at=None)
    if notice.template == "undelivered":
        return  # about which nothing more can be told
    chain = notice.incident.name if notice.incident else ORGANISATION
    last = notice.tries.last()
    ledger.append(
        chain, actor=actor, verb="notice.fail", obj=notice.recipient,
        data={"template": notice.template, "problem": last.answer if last else NO_WAY},
    )  # fmt: skip
    if notice.escalation_id and not _others(notice):
        now = timezone.now()
        # Never before the step that is being waited for has its first chance; a policy of steps without end does not race.
        Escalation.objects.filter(
            pk=notice.escalation_id, stopped_at=None, due_at__gt=now, step__lte=MOST_STEPS
        ).update(due_at=now)


def _others(notice: Notice) -> bool:
    """Whether anybody else of the same escalation was reached, or may still be."""
    rows = Notice.objects.filter(escalation_id=notice.escalation_id or 0, contact__isnull=False).exclude(pk=notice.pk)
    return rows.filter(state__in=("waiting", "sent", "delivered", "acknowledged"), level=notice.level).exists()
