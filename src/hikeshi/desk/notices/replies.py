"""What comes back by mail about a notice: somebody has it or has not, it arrived, it came back.

A reply counts for whom its sender's address belongs to, and only with the mark of a mail that was sent to that address: who does not have
the mail cannot make the mark, and who has it is not believed to be somebody else. One that does not count is on the record and goes on as
an ordinary mail; a mark that we have not made is none. Each mail counts once, however often the mailbox hands it over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts import contacts
from hikeshi.desk.accounts.contacts import masked
from hikeshi.desk.accounts.models import Person, Way
from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION, Chain
from hikeshi.desk.notices import links, sending, verbs
from hikeshi.desk.notices.models import Attempt, Escalation, Notice
from hikeshi.desk.notices.ways import paths
from hikeshi.signals.replies import Reply, Report

HEARD: Final = 50
"""Mails that may come back about one notice; what comes after is an ordinary mail."""
VERBS: Final = {"yes": "notice.reply", "no": "notice.decline", "automatic": "notice.auto_reply"}


@transaction.atomic
def hear(said: Reply | Report, sha256: str, *, actor: Actor) -> bool:
    """Do what the mail with this digest (hex) says. Returns False where it is, or also is, an ordinary mail that the intake has to keep."""
    number = next(filter(None, map(links.by_mark, said.marks)), None)
    notice = Notice.objects.select_related("incident").filter(pk=number or 0).first()
    if notice is None:
        return False
    list(Chain.objects.select_for_update().filter(name=_chain(notice)))  # before anything else, in one order everywhere
    notice.refresh_from_db()
    if len(notice.heard) >= HEARD:
        return False
    if sha256[:16] in notice.heard:
        return not (isinstance(said, Reply) and _who(notice, said) is None)
    Notice.objects.filter(pk=notice.pk).update(heard=[*notice.heard, sha256[:16]])
    return _reply(notice, said, sha256, actor) if isinstance(said, Reply) else _report(notice, said, actor)


def _reply(notice: Notice, said: Reply, sha256: str, actor: Actor) -> bool:
    who = _who(notice, said)
    if who is None:
        sender = masked("mail", said.sender) if said.sender else "-"
        _record(notice, actor, "notice.reply_refused", sender=sender, mail_sha256=sha256)
        return False
    more = {"said": said.said, "mail_sha256": sha256}
    if said.kind == "yes" and notice.state != "acknowledged":
        verbs.acknowledge_by_reply(notice, actor=who, data=more)
        return True
    _record(notice, who, VERBS[said.kind], **more)
    running = Escalation.objects.filter(pk=notice.escalation_id or 0, stopped_at=None, due_at__gt=timezone.now())
    if said.kind == "no":  # who has said no is not waited for
        running.filter(step__lte=sending.MOST_STEPS).update(due_at=timezone.now())
    return True


def _who(notice: Notice, said: Reply) -> Actor | None:
    """For whom the reply counts. At an address of the organisation anybody may read, so it counts for a person who may acknowledge it."""
    if said.refused or not said.sender:
        return None
    sent_to = {path.address.lower() for path in paths(notice) if path.service == "mail"}
    if notice.channel_id is None:
        person = notice.person or (notice.contact.person if notice.contact else None)
        if said.sender not in sent_to:
            return None
        known = person is not None and person.is_active
        return actor_of(person, "intake") if person and known else Actor(notice.recipient, "intake", "observer")
    person = Person.objects.filter(email__iexact=said.sender, is_active=True).first()
    if person is None or not sent_to:
        return None
    who = actor_of(person, "intake")
    may = (
        allowed(who, "write", incidents.duties_of(who, notice.incident)) if notice.incident else allowed(who, "triage")
    )
    return who if may and verbs.visible(who).filter(pk=notice.pk).exists() else None


def _report(notice: Notice, said: Report, actor: Actor) -> bool:
    attempt = _attempt(notice, said.address)
    if attempt is None:
        return False
    now, where = timezone.now(), attempt.where
    if said.outcome == "delayed":
        Attempt.objects.filter(pk=attempt.pk).update(answer=f"{attempt.answer} ({said.said})"[:500])
        return True
    if said.outcome == "delivered":
        Attempt.objects.filter(pk=attempt.pk).update(outcome="delivered")
        Notice.objects.filter(pk=notice.pk).update(delivered_at=now)
        Notice.objects.filter(pk=notice.pk, state="sent").update(state="delivered")
        _mark_way(attempt, "", now)
        _record(notice, actor, "notice.deliver", where=where)
        return True
    Attempt.objects.filter(pk=attempt.pk).update(outcome="returned", answer=said.said)
    _mark_way(attempt, said.said or "-", now)
    _again(notice, now)
    _record(notice, actor, "notice.return", where=where, problem=said.said)
    return True


def _again(notice: Notice, now: datetime) -> None:
    """By the next way, at once; where none is left, sending says that nobody was reached. What has ended meanwhile is sent no more."""
    over = notice.escalation is not None and notice.escalation.stopped_at is not None
    rows = Notice.objects.filter(pk=notice.pk, state__in=("sent", "delivered"))
    if over:
        rows.update(state="failed")
    else:
        rows.update(state="waiting", due_at=now, sent_at=None, delivered_at=None)


def _attempt(notice: Notice, address: str) -> Attempt | None:
    """The try that the report is about: the last by mail, of those to this address where it is one of the recipient's."""
    tries = notice.tries.filter(service="mail", outcome__in=("taken", "delivered", "unknown"))
    keys = [path.key for path in paths(notice) if path.address.lower() == address]
    return tries.filter(way__in=keys).last() or tries.last()


def _mark_way(attempt: Attempt, why: str, now: datetime) -> None:
    number = attempt.way.removeprefix("way:")
    way = Way.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    if way is not None and (why or way.failing_at):
        contacts.failing(way, why, now)


def _record(notice: Notice, actor: Actor, verb: str, **data: str) -> None:
    ledger.append(
        _chain(notice), actor=actor, verb=verb, obj=notice.template, data={"recipient": notice.recipient, **data}
    )


def _chain(notice: Notice) -> str:
    return notice.incident.name if notice.incident else ORGANISATION
