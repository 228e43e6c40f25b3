"""The brief of a hand-over: what the record says at that moment, in both languages, frozen with the hour.

Parts in order: objective, what to do first, what is known, what was promised, people and clocks. What people wrote is quoted as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from hikeshi.clocks.facts import FACTS
from hikeshi.clocks.rule import rules
from hikeshi.desk.duties import facts
from hikeshi.desk.duties.models import Clock, Statement
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.phrases import WORDS_JA
from hikeshi.text import Text

MOST: Final = 6
"""Lines of one kind in a part: a brief is read in a minute."""
ANSWERS: Final = {"yes": Text("Yes", "はい"), "no": Text("No", "いいえ"), "unknown": Text("Unknown", "不明")}
CERTAIN: Final = {"confirmed": Text("Confirmed", "確認済み"), "suspected": Text("Suspected", "疑い")}
TITLES: Final = {
    "objective": Text("Objective now", "現在の目標"),
    "first": Text("Do first", "最初に行うこと"),
    "known": Text("What we know", "判明していること"),
    "promised": Text("Promised to others", "約束していること"),
    "people": Text("People and clocks", "体制と期限"),
}


def brief(incident: Incident, at: datetime) -> dict[str, Any]:
    """{at, version, parts: [{key, title, lines}]}; title and lines are {en, ja}."""
    parts = {
        "objective": [_objective(incident)],
        "first": list(_first(incident, at)),
        "known": list(_known(incident)),
        "promised": list(_promised(incident)),
        "people": list(_people(incident)),
    }
    return {
        "at": at.isoformat(), "version": incident.version,
        "parts": [{"key": key, "title": _both(TITLES[key]), "lines": [_both(one) for one in lines]} for key, lines in parts.items()],
    }  # fmt: skip


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "ja": text.ja}


def _same(text: str) -> Text:
    return Text(text, text)


def moment(at: datetime) -> str:
    """The house's time, then UTC."""
    local = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    return f"{local:%m-%d %H:%M %Z} ({at.astimezone(UTC):%H:%M} UTC)"


def _objective(incident: Incident) -> Text:
    section = incident.sections.filter(key="objective").exclude(text="").first()
    said = section.text if section else incident.summary
    return _same(said) if said.strip() else Text("Nobody has written one.", "まだ書かれていません。")


def _first(incident: Incident, at: datetime) -> Iterator[Text]:
    """The deadlines that come first, then decisions and tasks that are open, by their own time."""
    for clock in _clocks(incident)[:MOST]:
        late = clock.deadline < at
        when = moment(clock.deadline)
        yield Text(
            f"{clock.title['en']}: {'was due' if late else 'due'} {when}",
            f"{clock.title['ja']}: {'期限超過' if late else '期限'} {when}",
        )
    for one in incident.decisions.filter(chosen="").order_by("decide_by", "pk")[:MOST]:
        when = f" ({moment(one.decide_by)})" if one.decide_by else ""
        yield Text(f"Decide{when}: {one.question}", f"判断{when}: {one.question}")
    for task in incident.tasks.filter(state__in=("open", "taken")).order_by("due", "pk")[:MOST]:
        when = f" ({moment(task.due)})" if task.due else ""
        owner = f", {task.owner}" if task.owner else ""
        yield Text(f"Task{when}{owner}: {task.title}", f"作業{when}{owner}: {task.title}")


def _known(incident: Incident) -> Iterator[Text]:
    for row in Statement.objects.filter(chain__name=incident.name, certainty__in=CERTAIN).order_by("-written_at")[
        :MOST
    ]:
        word = CERTAIN[row.certainty]
        yield Text(f"{word.en}: {row.en or row.ja}", f"{word.ja}: {row.ja or row.en}")
    for key, answer in facts.known(incident.name).items():
        if key in FACTS and FACTS[key].topic != "house":
            text, word = FACTS[key].text, ANSWERS[answer]
            yield Text(f"{text.en}: {word.en}", f"{text.ja}: {word.ja}")


def _promised(incident: Incident) -> Iterator[Text]:
    """The next update, reports to authorities and others that are owed, and what the state document says comes next."""
    for clock in _clocks(incident):
        owed = clock.rule in rules() and rules()[clock.rule].duty is not None
        if owed or clock.rule.startswith("update."):
            yield Text(
                f"{clock.title['en']}: {moment(clock.deadline)}", f"{clock.title['ja']}: {moment(clock.deadline)}"
            )
    section = incident.sections.filter(key="next").exclude(text="").first()
    if section:
        yield _same(section.text)


def _people(incident: Incident) -> Iterator[Text]:
    for role in incident.roles.filter(until__isnull=True).select_related("person", "contact"):
        yield Text(f"{role.duty.replace('_', ' ')}: {role}", f"{WORDS_JA.get(role.duty, role.duty)}: {role}")
    running = _clocks(incident)
    late = sum(clock.state == "over" for clock in running)
    yield Text(f"{len(running)} clocks run, {late} are over.", f"計測中の期限 {len(running)} 件、うち超過 {late} 件。")


def _clocks(incident: Incident) -> list[Clock]:
    return list(Clock.objects.filter(chain__name=incident.name, stopped_at__isnull=True).order_by("deadline"))
