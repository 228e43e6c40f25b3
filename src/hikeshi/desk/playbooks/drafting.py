"""Writing drafts. Responders and above write; a change names the version of the row it was made to, so that nobody's words are lost."""

from __future__ import annotations

import re
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.playbooks.checking import standing, text_of
from hikeshi.desk.playbooks.models import OPEN, Draft
from hikeshi.errors import Conflict, Difference, Refused, Unreadable
from hikeshi.playbooks.editing import put
from hikeshi.strict_yaml import SIZE_LIMIT, parse

NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NEW: Final = """\
# What this answers, and when to take it.
name: {name}
version: 1
severity: SEV-3
title:
  en: To be written.
  ja: 未記入
summary:
  en: To be written.
  ja: 未記入
steps:
  - key: "1.1"
    phase: detection_analysis
    kind: manual
    role: responder
    title:
      en: Confirm what is seen
      ja: 検知内容を確認する
    text:
      en: To be written.
      ja: 未記入
"""
"""What a playbook that is on no shelf begins with; what it says has to be written."""


@transaction.atomic
def begin(name: str = "", *, actor: Actor, text: str = "") -> Draft:
    """A draft of the playbook `name`: its text on the shelf with the next version number, or an empty one; or `text`, which names it itself.

    Raises `Conflict` where somebody is writing one already, `Refused` for a text that names no playbook.
    """
    require(actor, "triage")
    text = _fit(text)
    name = name_in(text) if text else name
    if len(name) > 80 or not NAME.fullmatch(name):
        raise Refused(
            f"{name[:80]!r} is no name of a playbook.",
            hint="Small letters, digits and hyphens, such as lost-telephone.",
        )
    _refuse_second(name)
    found, now = standing(name), timezone.now()
    row = Draft(
        name=name, text=text or (_next(text_of(found)) if found else NEW.format(name=name)), author=actor.name,
        writers=[actor.name], started_at=now, edited_at=now, edited_by=actor.name,
        based_on=found.playbook.version if found else 0, based_digest=found.playbook.digest if found else "",
    )  # fmt: skip
    row.full_clean(validate_constraints=False)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # somebody began one between our look and now
        _refuse_second(name)
        raise
    _write(row, "playbook.draft", actor, {"based_on": row.based_on})
    return row


def _refuse_second(name: str) -> None:
    other = Draft.objects.select_for_update().filter(name=name, state__in=OPEN).first()
    if other is not None:
        raise Conflict(
            f"{other.author} is writing {name} already ({other}).", current=str(other),
            hint="Go on with that one, or have it withdrawn.",
        )  # fmt: skip


@transaction.atomic
def edit(draft: Draft, text: str, *, actor: Actor, version: int) -> Draft:
    """Save another text. One that was handed in for review is a draft again. Raises `Conflict` with both texts where it was changed since `version`."""
    require(actor, "triage")
    row = locked(draft)
    if row.version != version:
        both = Difference(field="text", base="", saved=row.text, own=text)
        raise Conflict(
            f"{row.edited_by} has changed {row.name} meanwhile: it is at version {row.version} now.",
            current=row.text, version=row.version, differences=(both,), hint="Look at both texts; nothing of yours was written.",
        )  # fmt: skip
    if text == row.text:
        return row
    row.text, row.state, row.digest = _fit(text), "draft", ""
    row.version, row.edited_at, row.edited_by = row.version + 1, timezone.now(), actor.name
    row.writers = sorted({*row.writers, actor.name})
    row.full_clean()
    row.save()
    _write(row, "playbook.edit", actor, {})
    return row


@transaction.atomic
def withdraw(draft: Draft, *, actor: Actor, reason: str) -> Draft:
    """Give a draft up: by who has written in it, or by who commands. It stays to be read."""
    row = locked(draft)
    require(actor, "triage" if actor.name in row.writers else "command")
    row.state = "withdrawn"
    row.save(update_fields=["state"])
    _write(row, "playbook.withdraw", actor, {"reason": said(reason, "Giving a draft up")})
    return row


def locked(draft: Draft) -> Draft:
    """The row as it is now, nobody else's until the transaction ends. Raises `Refused` where it is no longer worked at."""
    row = Draft.objects.select_for_update().get(pk=draft.pk)
    if row.state not in OPEN:
        raise Refused(f"The draft of {row.name} is {row.get_state_display()}.", hint="Begin another one.")
    return row


def said(reason: str, what: str) -> str:
    """A reason as it is kept. Raises `Refused` where there is none."""
    if not reason.strip():
        raise Refused(f"{what} needs a reason.", hint="Say it in one sentence.")
    return reason.strip()[:500]


def name_in(text: str) -> str:
    """The name that a text gives itself. Raises `Unreadable` or `Refused` where it gives none."""
    value = parse(text.encode(), source="playbook").value
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or not name:
        raise Refused("The text has no name.", hint="Its first line is `name: a-name-like-this`.")
    return name


def _next(text: str) -> str:
    try:
        return put(text, ("version",), int(parse(text.encode(), source="playbook").value["version"]) + 1)
    except (Refused, Unreadable, KeyError, TypeError, ValueError):
        return text  # the number can be put right by hand, and publishing asks for it


def _fit(text: str) -> str:
    if len(text.encode("utf-8", "replace")) > SIZE_LIMIT or re.search("[\x00\ud800-\udfff]", text):
        raise Refused(
            f"A playbook has at most {SIZE_LIMIT} bytes of text, and nothing in it that is no text.", hint="Shorten it."
        )
    return text.replace("\r\n", "\n")


def _write(row: Draft, verb: str, actor: Actor, data: dict[str, Any]) -> None:
    ledger.append(
        ORGANISATION, actor=actor, verb=verb, obj=row.name, data={"draft": row.pk, "version": row.version, **data}
    )
