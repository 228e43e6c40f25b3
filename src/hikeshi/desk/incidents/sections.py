"""The parts of the state document that people write: objective, impact, next. Each is versioned by itself; old texts stay in the ledger."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.drafts import WORDS
from hikeshi.desk.incidents.models import SECTIONS, Incident, Section
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import changes, verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import told
from hikeshi.errors import Refused

LONGEST: Final = 20_000
"""Characters of one section: it is read in one minute, or it is no state document."""

CERTAINTY: Final = {word.casefold(): key for key, text in WORDS.items() for word in (key, text.en, text.ja)}
LINE: Final = re.compile(r"^\s*(?:[-*・]\s*)?([^:：]{1,24})[:：]\s*(\S.*)$")


class ImpactLine(msgspec.Struct, frozen=True):
    """One line of the impact: how sure it is (a key of `drafts.WORDS`), and what it says."""

    certainty: str
    text: str


def impact_lines(text: str) -> list[ImpactLine]:
    """The lines of an impact text, each "certainty: what", in English or Japanese words. Raises `Refused` naming a line without."""
    return [_impact_line(line) for line in text.splitlines() if line.strip()]


def _impact_line(line: str) -> ImpactLine:
    found = LINE.match(line)
    certainty = CERTAINTY.get(found[1].strip().casefold()) if found else None
    if found is None or certainty is None:
        raise Refused(
            f"This line of the impact does not say how sure it is: {line.strip()[:80]!r}.",
            hint="Begin each line with confirmed:, suspected:, under investigation: or unknown: "
            "(確認済み: 疑い: 調査中: 不明:).",
        )
    return ImpactLine(certainty, found[2].strip())


@transaction.atomic
def write(incident: Incident, key: str, text: str, *, actor: Actor, version: int | None = None) -> Section:
    """Replace one section. `version` is the one the writer saw (0: none yet). Raises `Conflict` with the saved text."""
    require_on(actor, "write", incident)
    if key not in dict(SECTIONS):
        raise Refused(f"{key[:40]!r} is not a section.", hint=f"Use one of: {', '.join(dict(SECTIONS))}.")
    if len(text) > LONGEST:
        raise Refused(f"A section has at most {LONGEST} characters.", hint="Put details into notes or evidence.")
    if key == "impact":
        impact_lines(text)
    row = incident.sections.filter(key=key).first() or _first(incident, key, actor)
    said = {"before": row.text, "after": text.strip()}
    data = changes.change(row, version, chain=incident.name, obj=key, data=said, text=text.strip())
    row.written_by, row.written_at = actor.name, timezone.now()
    row.save(update_fields=["written_by", "written_at"])
    ledger.append(incident.name, actor=actor, verb="section.write", obj=key, data=data)
    return row


def _first(incident: Incident, key: str, actor: Actor) -> Section:
    """An empty section of version 0, for the first who writes it. Two who are first at once get the same row."""
    empty = {"version": 0, "written_by": actor.name, "written_at": timezone.now()}
    return Section.objects.get_or_create(incident=incident, key=key, defaults=empty)[0]


def texts(incident: Incident) -> dict[str, Section]:
    """The section of each key; what nobody has written yet is an empty one of version 0."""
    rows = {row.key: row for row in incident.sections.all()}
    return {key: rows.get(key) or Section(incident=incident, key=key, version=0) for key, _ in SECTIONS}


def history(incident: Incident, key: str) -> list[dict[str, Any]]:
    """All texts this section has had, newest first, from the ledger: {at, by, version, text}."""
    rows = Entry.objects.filter(chain__name=incident.name, verb="section.write", object=key).order_by("-seq")
    return [
        {"at": row.time, "by": row.actor, "version": told(row).get("version"), "text": told(row).get("after", "")}
        for row in rows
    ]
