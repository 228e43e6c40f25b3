"""Who is needed for an incident, whom to propose, and what is wrong with those who are on it. It warns; people decide.

Sources: PagerDuty Incident Response (the commander takes no other role, span of control of about seven), NIST SP 800-61r3 and the
guide's smallest team of three to four. The numbers are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from hikeshi.desk.accounts.contacts import listed
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.duties import facts
from hikeshi.desk.incidents.calls import Call, called_for
from hikeshi.desk.incidents.models import Incident, Role
from hikeshi.desk.oncall.reading import OnShift, everybody, on_call
from hikeshi.text import Text

NEEDED: Final[dict[int, tuple[str, ...]]] = {
    1: (
        "incident_commander", "deputy_commander", "technical_lead", "communications_lead", "responder", "responder",
        "scribe",
    ),
    2: ("incident_commander", "technical_lead", "communications_lead", "responder"),
    3: ("incident_commander", "technical_lead", "responder"),
    4: ("incident_commander", "responder"),
}  # fmt: skip
"""The roles to fill at declaration, by severity, the most urgent first."""

LONGEST_DUTY: Final = timedelta(hours=12)
SPAN: Final = 7
SMALLEST_TEAM: Final = 3
APART: Final = frozenset({"incident_commander", "technical_lead"})
"""Not the same person where another one can be had."""
LOOKING_ON: Final = frozenset({"observer", "legal_support", "pr_support", "hr_support", "support"})
"""Those the commander does not direct, and who are not the team."""


NOBODY: Final = Text("nobody is on the list for it", "連絡網に該当者なし")


class Proposed(NamedTuple):
    """Whom to give a role, and why; nobody where the list has nobody."""

    duty: str
    contact: Contact | None
    why: Text


def proposal(severity: int, at: datetime) -> list[Proposed]:
    """Who should be on an incident of this severity: those on call first, then the contact list by level."""
    found: list[Proposed] = []
    shifts, contacts = everybody(at), _listed()
    for duty in NEEDED[severity]:
        found.append(_propose(duty, found, list(_candidates(duty, shifts, contacts))))
    return found


def candidates(duty: str, at: datetime) -> Iterator[tuple[Contact, Text]]:
    """Whom to ask for a role, in order, and why them. A contact may come twice."""
    yield from _candidates(duty, on_call(duty, at), _listed())


def _listed() -> list[Contact]:
    return list(listed().order_by("level", "pk"))


def _candidates(duty: str, shifts: Iterable[OnShift], contacts: Iterable[Contact]) -> Iterator[tuple[Contact, Text]]:
    for shift in shifts:
        name = shift.rotation.name
        if shift.rotation.duty == duty:
            yield shift.contact, Text(f"on call ({name})", f"当番({name})")
    for contact in contacts:
        if contact.duty == duty:
            yield contact, Text(f"contact list, level {contact.level}", f"連絡網の第 {contact.level} 順位")


def _propose(duty: str, before: Sequence[Proposed], asked: Sequence[tuple[Contact, Text]]) -> Proposed:
    taken = {identity(one.contact) for one in before if one.contact and one.duty == duty}
    others = {identity(one.contact) for one in before if one.contact and duty in APART and one.duty in APART}
    free = [one for one in asked if identity(one[0]) not in taken]
    for contact, why in sorted(free, key=lambda one: identity(one[0]) in others):  # stable: the order stays otherwise
        return Proposed(duty, contact, why)
    return Proposed(duty, None, NOBODY)


def identity(contact: Contact) -> str:
    """One person may be on the list for several roles: known by the account, else by the name."""
    return f"person {contact.person_id}" if contact.person_id else contact.name


class Held(NamedTuple):
    """A role as the warnings see it. `who` is the same for all roles of one person."""

    duty: str
    who: str
    name: str
    since: datetime


class Situation(NamedTuple):
    """What the warnings look at. `hands_on`: who has done steps; `elsewhere`: who commands another SEV-1 or SEV-2, by its name.

    `wanted`: what the facts call for (`calls.called_for`).
    """

    severity: int
    roles: Sequence[Held]
    now: datetime
    hands_on: Collection[str] = ()
    elsewhere: Mapping[str, str] = MappingProxyType({})
    wanted: Mapping[str, Call] = MappingProxyType({})
    quiet: bool = False

    @property
    def commanders(self) -> list[Held]:
        return [one for one in self.roles if one.duty == "incident_commander"]

    @property
    def team(self) -> set[str]:
        return {one.who for one in self.roles if one.duty not in LOOKING_ON}


class Warned(NamedTuple):
    """One warning, by its key in WARNINGS."""

    key: str
    text: Text


Check = Callable[[Situation], Iterable[Text]]


def _commands_two(seen: Situation) -> Iterator[Text]:
    for one in seen.commanders if seen.severity <= 2 else ():
        if one.who in seen.elsewhere:
            other = seen.elsewhere[one.who]
            yield Text(f"{one.name} commands {other} too", f"{one.name} は {other} の指揮も兼ねています")


def _commander_works(seen: Situation) -> Iterator[Text]:
    for one in seen.commanders if seen.severity <= 2 else ():
        if one.name in seen.hands_on:
            yield Text(f"The commander {one.name} does technical work", f"指揮者 {one.name} が技術作業を行っています")


def _commander_leads_technically(seen: Situation) -> Iterator[Text]:
    technical = {one.who for one in seen.roles if one.duty == "technical_lead"}
    for one in seen.commanders if seen.severity <= 2 else ():
        if one.who in technical:
            yield Text(f"{one.name} is commander and Technical Lead", f"{one.name} が指揮者と技術責任者を兼ねています")


def _few(seen: Situation) -> Iterator[Text]:
    if seen.severity <= 2 and len(seen.team) < SMALLEST_TEAM:
        count = len(seen.team)
        yield Text(f"Only {count} on it, {SMALLEST_TEAM} are the least", f"担当 {count} 名(最低 {SMALLEST_TEAM} 名)")


def _long(seen: Situation) -> Iterator[Text]:
    begun: dict[str, Held] = {}
    for one in seen.roles:
        if one.duty not in LOOKING_ON and (one.who not in begun or one.since < begun[one.who].since):
            begun[one.who] = one
    for one in begun.values():
        if seen.now - one.since > LONGEST_DUTY:
            hours = int((seen.now - one.since) / timedelta(hours=1))
            yield Text(f"{one.name} has been on duty for {hours} hours", f"{one.name} の連続対応が {hours} 時間です")


def _nobody_commands(seen: Situation) -> Iterator[Text]:
    if not seen.commanders:
        yield Text("Nobody is in command", "指揮者がいません")


def _nobody_writes(seen: Situation) -> Iterator[Text]:
    if seen.severity == 1 and not any(one.duty == "scribe" for one in seen.roles):
        yield Text("No scribe", "記録係がいません")


def _several_command(seen: Situation) -> Iterator[Text]:
    if len(seen.commanders) > 1:
        names = ", ".join(one.name for one in seen.commanders)
        yield Text(f"Several are in command: {names}", f"指揮者が複数います: {names}")


def _span(seen: Situation) -> Iterator[Text]:
    directed = len(seen.team - {one.who for one in seen.commanders})
    if directed > SPAN:
        yield Text(
            f"{directed} people under one commander, split the team", f"指揮者 1 名に対し {directed} 名。班分けを検討"
        )


def _not_called_in(seen: Situation) -> Iterator[Text]:
    held = {one.duty for one in seen.roles}
    for call in seen.wanted.values():
        if call.duty not in held:
            name, why = call.name, call.reason
            yield Text(
                f"{name.en} is needed and nobody holds it: {why.en}", f"{name.ja}が必要ですが担当者がいません: {why.ja}"
            )


def _quiet(seen: Situation) -> Iterator[Text]:
    if "insider" in seen.wanted and not seen.quiet:  # proposed only: who must not know is for people to say
        yield Text(
            "Somebody of our own may be behind it: consider quiet mode", "内部者の関与のおそれ。秘匿モードを検討"
        )


WARNINGS: Final[dict[str, Check]] = {
    "commander_elsewhere": _commands_two,
    "commander_hands_on": _commander_works,
    "commander_is_technical_lead": _commander_leads_technically,
    "few_people": _few,
    "long_on_duty": _long,
    "no_commander": _nobody_commands,
    "no_scribe": _nobody_writes,
    "not_called_in": _not_called_in,
    "quiet_mode": _quiet,
    "several_commanders": _several_command,
    "span_too_wide": _span,
}
"""What is looked for, by key."""


def warn(seen: Situation) -> list[Warned]:
    """Every warning that holds. Pure: the same situation gives the same warnings."""
    return [Warned(key, text) for key, check in WARNINGS.items() for text in check(seen)]


def warnings(incident: Incident, now: datetime, *, hands_on: Collection[str] = ()) -> list[Warned]:
    """The warnings of an incident as it is now; none once it is closed. `hands_on` are names (`runs.hands`)."""
    if incident.status in ("closed", "merged"):
        return []
    held = [_held(role) for role in _holding(incident)]
    commanders = {one.who for one in held if one.duty == "incident_commander"}
    wanted = called_for(facts.known(incident.name))
    elsewhere = _elsewhere(incident, commanders)
    return warn(Situation(incident.severity, held, now, hands_on, elsewhere, wanted, incident.quiet))


def _holding(incident: Incident) -> list[Role]:
    return [role for role in incident.roles.select_related("person", "contact") if role.until is None]


def _held(role: Role) -> Held:
    name = str(role.person or role.contact)
    return Held(role.duty, f"person {role.person_id}" if role.person_id else str(role.contact), name, role.since)


def _elsewhere(incident: Incident, commanders: Collection[str]) -> dict[str, str]:
    """Which other incident a commander has, by its number. A restricted one is named on no incident but itself: there the warning shows."""
    if not commanders:
        return {}
    others = Role.objects.filter(
        duty="incident_commander", until__isnull=True, incident__severity__lte=2, incident__restricted=False
    ).exclude(incident__status__in=("closed", "merged"))
    rows = others.exclude(incident=incident).select_related("incident", "person", "contact")
    return {held.who: role.incident.name for role in rows if (held := _held(role)).who in commanders}
