"""Incidents of the past that look like what is on the table, with the reasons: "same address 203.0.113.66, same kind".

What is shared counts the more the rarer it is: an address that two incidents name says much, one that half of them name says little.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from math import log
from typing import Final, NamedTuple

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.classes import UNCLEAR, class_of
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.alerts.weighing import RELATING
from hikeshi.desk.assets.register import normal
from hikeshi.desk.incidents.models import AffectedAsset, Incident
from hikeshi.desk.incidents.sight import visible
from hikeshi.text import Text

SAME_THING: Final = 3.0
SAME_ASSET: Final = 2.5
SAME_KIND: Final = 2.0
SAME_CLASS: Final = 1.0
SAME_WORDS: Final = 2.0
"""Points for what is shared, before they are weighed by rarity."""
ENOUGH: Final = 0.8
"""Points below which two incidents have nothing to say to each other."""
ALIKE: Final = 0.35
"""The part of a title's words, by weight, that must be shared to count."""
MOST: Final = 200
"""Observables asked for."""
NAMED: Final = 3
"""Shared things named one by one in the reasons; the rest is counted."""

KINDS: Final = {
    "address": Text("address", "アドレス"), "asset": Text("asset", "資産"), "domain": Text("domain", "ドメイン"), "file": Text("file", "ファイル"),
    "hash": Text("hash", "ハッシュ値"), "host": Text("host", "ホスト"), "instance": Text("instance", "インスタンス"), "key": Text("access key", "アクセスキー"),
    "mail": Text("mail address", "メールアドレス"), "principal": Text("principal", "主体"), "resource": Text("resource", "リソース"), "url": Text("URL", "URL"),
}  # fmt: skip
_WORD = re.compile(r"[a-z0-9][a-z0-9._&/-]{1,}|[\u3040-\u30ff\u3400-\u9fff]+", re.IGNORECASE)
_COMMON = frozenset(
    {
        "the",
        "of",
        "on",
        "in",
        "an",
        "to",
        "is",
        "and",
        "from",
        "with",
        "by",
        "for",
        "at",
        "was",
        "has",
        "ec2",
        "instance",
    }
)


class Subject(NamedTuple):
    """What is compared: its title, the kinds of its alerts, what it names (kind and value) and its assets' identifiers.

    `itself` are the incidents it is, or is part of: they are not similar, they are the same.
    """

    title: str
    kinds: frozenset[str]
    things: frozenset[tuple[str, str]]
    assets: frozenset[str]
    itself: frozenset[int] = frozenset()


class Likeness(NamedTuple):
    """One incident of the past: `points` order them; `reasons` say what is shared."""

    incident: Incident
    points: float
    reasons: list[Text]


def of_group(group: Group) -> Subject:
    own = frozenset(Incident.objects.filter(alerts__group=group).values_list("pk", flat=True))
    things = frozenset(group.observables.filter(kind__in=RELATING).values_list("kind", "value")[:MOST])
    return Subject(
        group.title, frozenset({group.kind}), things, frozenset(normal(value) for _kind, value in things), own
    )


def of_incident(incident: Incident) -> Subject:
    rows = incident.alerts.filter(group__observables__kind__in=RELATING)
    things = frozenset(rows.values_list("group__observables__kind", "group__observables__value").distinct()[:MOST])
    kinds = frozenset(incident.alerts.values_list("kind", flat=True).distinct()[:MOST])
    assets = frozenset(incident.assets.values_list("identifier", flat=True))
    return Subject(
        incident.title, kinds, things, assets | {normal(value) for _kind, value in things}, frozenset({incident.pk})
    )


def similar(subject: Subject, *, actor: Actor, exercises: bool = False, limit: int = 5) -> list[Likeness]:
    """The incidents most like the subject that this reader may see, the likest first. Four questions to the database."""
    titles = _titles(actor, subject.itself, exercises=exercises)
    if not titles:
        return []
    points: defaultdict[int, float] = defaultdict(float)
    reasons: defaultdict[int, list[Text]] = defaultdict(list)
    for part in (_things(subject, titles), _assets(subject, titles), _kinds(subject, titles), _words(subject, titles)):
        for pk, (score, said) in part.items():
            points[pk] += score
            reasons[pk] += said
    best = sorted((pk for pk, score in points.items() if score >= ENOUGH), key=lambda pk: (-points[pk], -pk))
    rows = Incident.objects.in_bulk(best[:limit])
    return [Likeness(rows[pk], round(points[pk], 2), reasons[pk]) for pk in best[:limit] if pk in rows]


Titles = dict[int, str]
Part = dict[int, tuple[float, list[Text]]]


def _titles(actor: Actor, itself: frozenset[int], *, exercises: bool) -> Titles:
    rows = visible(actor).filter(merged_into__isnull=True).exclude(pk__in=itself)
    if not exercises:
        rows = rows.filter(exercise=False)
    return dict(rows.order_by().values_list("pk", "title"))


def _rarity(holders: int, of: int) -> float:
    """1 for what a single incident of many holds, down to 0.3 for what all of them hold: a shared address is always told."""
    return 1.0 if holders <= 1 else max(0.3, 1 - log(holders) / log(of + 1))


def _shared(pairs: Iterable[tuple[int, tuple[str, str]]], titles: Titles, worth: float) -> Part:
    held: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for pk, thing in pairs:
        if pk in titles:
            held[thing].add(pk)
    found: defaultdict[int, list[tuple[float, tuple[str, str]]]] = defaultdict(list)
    for thing, holders in held.items():
        for pk in holders:
            found[pk].append((worth * _rarity(len(holders), len(titles)), thing))
    return {pk: (sum(score for score, _thing in some), _named(some)) for pk, some in found.items()}


def _named(some: list[tuple[float, tuple[str, str]]]) -> list[Text]:
    best = [thing for _score, thing in sorted(some, reverse=True)]
    said = [
        Text(f"same {KINDS[kind].en} {value}", f"同じ{KINDS[kind].ja} {value}") for kind, value in best[:NAMED] if kind in KINDS
    ]  # fmt: skip
    more = len(best) - NAMED
    return [*said, Text(f"{more} more things in common", f"ほか共通点 {more} 件")] if more > 0 else said


def _things(subject: Subject, titles: Titles) -> Part:
    values = {value for _kind, value in subject.things}
    if not values:
        return {}
    through = Incident.alerts.through.objects
    named = "alert__group__observables__"
    rows = (
        through.filter(**{f"{named}value__in": values})
        .values_list("incident_id", f"{named}kind", f"{named}value")
        .distinct()
    )
    pairs = ((pk, (kind, value)) for pk, kind, value in rows if (kind, value) in subject.things)
    return _shared(pairs, titles, SAME_THING)


def _assets(subject: Subject, titles: Titles) -> Part:
    if not subject.assets:
        return {}
    rows = AffectedAsset.objects.filter(identifier__in=subject.assets).values_list("incident_id", "identifier")
    return _shared(((pk, ("asset", identifier)) for pk, identifier in rows), titles, SAME_ASSET)


def _kinds(subject: Subject, titles: Titles) -> Part:
    """Incidents with an alert of the same kind, or else of the same class of attack."""
    classes = {class_of(kind).name for kind in subject.kinds} - {UNCLEAR.name}
    if not subject.kinds:
        return {}
    rows = Incident.alerts.through.objects.values_list("incident_id", "alert__kind")
    pairs = {pair for pair in rows if pair[0] in titles}
    same = {pk for pk, kind in pairs if kind in subject.kinds}
    near = {pk: found for pk, kind in pairs if pk not in same and (found := class_of(kind).name) in classes}
    one = SAME_KIND * _rarity(len(same), len(titles))
    other = SAME_CLASS * _rarity(len(near) + len(same), len(titles))
    said = {name: Text(f"same class: {title.en}", f"同じ分類: {title.ja}") for name, title in _class_titles(subject)}
    part: Part = {pk: (other, [said[name]]) for pk, name in near.items()}
    return part | {pk: (one, [Text("same kind", "同じ種類")]) for pk in same}


def _class_titles(subject: Subject) -> list[tuple[str, Text]]:
    return [(found.name, found.title) for found in map(class_of, subject.kinds)]


def _words(subject: Subject, titles: Titles) -> Part:
    """Shared words of the titles: words of European languages, pairs of letters of Japanese, which has no spaces."""
    mine = words(subject.title)
    if not mine:
        return {}
    shared = {pk: common for pk, title in titles.items() if (common := mine & words(title))}
    holders = Counter(word for common in shared.values() for word in common)
    weight = {word: _rarity(holders[word], len(titles)) for word in mine}
    whole = sum(weight.values())
    part: Part = {}
    for pk, common in shared.items():
        alike = sum(weight[word] for word in common) / whole
        if alike >= ALIKE:
            part[pk] = (SAME_WORDS * alike, [Text("similar title", "似た件名")])
    return part


@lru_cache(maxsize=20_000)
def words(title: str) -> frozenset[str]:
    """`words("Miner on web-1") == {"miner", "web-1"}`, `words("不正な採掘") == {"不正", "正な", "な採", "採掘"}`."""
    found: set[str] = set()
    for word in _WORD.findall(title.lower()):
        if word[0] > "\u3000":
            found.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif word not in _COMMON:
            found.add(word)
    return frozenset(found)
