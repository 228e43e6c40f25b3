"""The offline kit: one file with the plan, the people, the playbooks and the deadlines, for the hour when nothing else works.

It refers to nothing outside itself and holds personal data: who took one is in the organisation's ledger. How people reach each other
without chat is the house's own text, `kit.md` in the home.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import override

from hikeshi import __version__
from hikeshi.clocks.counting import span
from hikeshi.clocks.rule import Rule, rules
from hikeshi.desk.accounts import contacts
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence.printing import to_pdf
from hikeshi.desk.incidents.models import DUTIES, PHASES, SEVERITIES
from hikeshi.desk.incidents.staffing import NEEDED
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.oncall import reading
from hikeshi.desk.playbooks.reading import books
from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook
from hikeshi.text import Text

Format = Literal["html", "pdf"]
FORMATS: Final[tuple[Format, ...]] = ("html", "pdf")
AHEAD: Final = timedelta(days=28)
OWN_TEXT: Final = "kit.md"
MOST_BYTES: Final = 64 << 10
"""Of the house's own text: what is longer is cut, and says so."""
STYLE: Final = Path(__file__).parent / "kit.css"

WORDS: Final[dict[str, Text]] = {
    "title": Text("Incident response kit", "インシデント対応キット"),
    "made": Text("Made", "作成"),
    "personal": Text(
        "Holds personal data. Keep it locked; destroy it when a newer one is printed.",
        "個人データを含みます。施錠して保管し、新しい版を印刷したら廃棄してください。",
    ),
    "down": Text("When chat and console are down", "チャットとコンソールが使えないとき"),
    "down_empty": Text(
        "Nobody has written this yet: put a text into kit.md in the home folder. Until then: call down the list below.",
        "未記入です。ホームフォルダーの kit.md に記入してください。それまでは下の連絡網を上から順に電話します。",
    ),
    "plan": Text("The plan in one table", "対応計画の要約"),
    "phases": Text("Phases", "フェーズ"),
    "severity": Text("Severity", "重大度"),
    "respond": Text("Respond within", "対応開始期限"),
    "roles": Text("Roles to fill", "必要な役割"),
    "people": Text("Contact list", "連絡網"),
    "level": Text("Level", "順位"),
    "ways": Text("Ways, in the order to try", "連絡手段(試す順)"),
    "verified": Text("Last verified", "最終確認"),
    "never": Text("never", "未確認"),
    "stale": Text("over 90 days ago", "90 日以上前"),
    "quiet": Text("quiet hours", "通知を控える時間帯"),
    "nobody": Text("Nobody is on the list.", "連絡網に登録がありません。"),
    "oncall": Text("On call, the coming four weeks", "今後 4 週間の当番"),
    "gap": Text("NOBODY", "当番なし"),
    "no_rotation": Text("There is no rotation.", "当番表がありません。"),
    "from": Text("From", "開始"),
    "to": Text("To", "終了"),
    "who": Text("Who", "担当"),
    "playbooks": Text("Playbooks", "プレイブック"),
    "step": Text("Step", "手順"),
    "what": Text("What to do", "内容"),
    "role": Text("Role", "役割"),
    "clocks": Text("Deadlines of law", "法令等の期限"),
    "counsel": Text("A summary: counsel decides whether one applies.", "要約です。該当するかは法務が判断します。"),
    "place": Text("Where", "国・地域"),
    "duty": Text("Duty", "義務"),
    "limit": Text("Limit", "期限"),
    "recipient": Text("To whom", "提出先"),
}
"""What the kit itself says, by key."""


class Way(NamedTuple):
    """One line of how to reach somebody."""

    channel: str
    address: str
    verified: str
    stale: bool


def kit(*, actor: Actor, language: str, kind: Format, told: Callable[[int], None] | None = None) -> bytes:
    """The kit as HTML (UTF-8) or PDF. Whoever may read the contact list may take one; that they did is in the ledger.

    `told` hears how many pages of a PDF are set.
    """
    require(actor, "triage")
    if language not in dict(settings.LANGUAGES):
        raise Refused(f"There is no kit in {language[:20]!r}.", hint="Use en or ja.")
    now = timezone.now()
    text = html(language, now, made_by=actor.name)
    made = to_pdf(text, told) if kind == "pdf" else text.encode()
    with transaction.atomic():
        data = {
            "format": kind, "language": language, "document_sha256": hashlib.sha256(made).hexdigest(),
            "contacts": contacts.listed().count(),
        }  # fmt: skip
        ledger.append(ORGANISATION, actor=actor, verb="kit.print", obj="kit", data=data)
    return made


def html(language: str, now: datetime, *, made_by: str) -> str:
    """The whole document, its style inside."""
    with override(language):
        words = {key: _said(text, language) for key, text in WORDS.items()}
        context = {
            "w": words, "language": language, "css": STYLE.read_text(encoding="utf-8"), "made": _moment(now),
            "made_by": made_by, "version": __version__, "own": list(own_text(settings.ENVIRONMENT.home / OWN_TEXT)),
            "phases": [str(name) for _, name in PHASES], "severities": list(_severities(language)),
            "people": list(_people(now, words)), "rota": list(_rota(now)),
            "playbooks": [_playbook(book, language) for book in books().values()], "laws": list(_laws(language)),
        }  # fmt: skip
        return render_to_string("reports/kit.html", context)


def own_text(path: Path) -> Iterator[tuple[str, str]]:
    """The house's text as (kind, line): h3 for lines with #, li for lines with -, p for the rest. Nothing else is markup."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError:
        return
    for line in content[:MOST_BYTES].decode(errors="replace").splitlines():
        said = line.strip()
        if said.startswith("#"):
            yield "h3", said.lstrip("#").strip()
        elif said.startswith(("- ", "* ")):
            yield "li", said[2:].strip()
        elif said:
            yield "p", said
    if len(content) > MOST_BYTES:
        yield "p", f"… {OWN_TEXT} > {MOST_BYTES >> 10} KiB"


def _severities(language: str) -> Iterator[dict[str, Any]]:
    names = dict(DUTIES)
    for number, word in SEVERITIES:
        needed = NEEDED[number]
        roles = [
            f"{names[duty]} ×{needed.count(duty)}" if needed.count(duty) > 1 else str(names[duty])
            for duty in dict.fromkeys(needed)
        ]
        yield {
            "name": f"SEV-{number}",
            "word": str(word),
            "within": limit(rules()[f"response.sev{number}"], language),
            "roles": roles,
        }


def _people(now: datetime, words: dict[str, str]) -> Iterator[dict[str, Any]]:
    names = dict(DUTIES)
    for contact in contacts.listed():
        ways = [_way(way, now, words) for way in contact.ways.all()]
        yield {
            "duty": str(names.get(contact.duty, contact.duty)),
            "contact": contact,
            "quiet": contacts.quiet(contact),
            "ways": ways,
        }


def _way(way: Any, now: datetime, words: dict[str, str]) -> Way:
    """An address as it is dialled; of a link only its host, which is a secret of a service and of no use on paper."""
    address = contacts.masked(way.channel, way.address) if "://" in way.address else way.address
    verified = f"{timezone.localtime(way.verified_at):%Y-%m-%d}" if way.verified_at else words["never"]
    return Way(str(way.get_channel_display()), address, verified, bool(way.verified_at) and contacts.stale(way, now))


def _rota(now: datetime) -> Iterator[dict[str, Any]]:
    names = dict(DUTIES)
    gaps = reading.gaps(now, ahead=AHEAD)
    for rotation in reading.rotations():
        rows: list[tuple[datetime, datetime, Contact | None]] = [
            (one.start, one.end, one.contact) for one in reading.shifts(rotation, now, now + AHEAD)
        ]
        rows += [(gap.start, gap.end, None) for gap in gaps if gap.rotation.pk == rotation.pk]
        shifts = [
            {"start": _moment(start), "end": _moment(end), "who": str(who or "")}
            for start, end, who in sorted(rows, key=lambda row: row[0])
        ]
        yield {"name": rotation.name, "duty": str(names.get(rotation.duty, rotation.duty)), "shifts": shifts}


def _playbook(book: Playbook, language: str) -> dict[str, Any]:
    phases, roles = dict(PHASES), dict(DUTIES)
    steps = [
        {
            "key": step.key, "phase": str(phases[step.phase]), "title": _said(step.title, language),
            "text": _said(step.text, language), "role": str(roles.get(step.role, step.role)),
        }
        for step in book.steps
    ]  # fmt: skip
    return {
        "name": book.name, "version": book.version, "title": _said(book.title, language), "severity": book.severity,
        "summary": _said(book.summary, language), "steps": steps,
    }  # fmt: skip


def _laws(language: str) -> Iterator[dict[str, str]]:
    for rule in sorted(rules().values(), key=lambda one: (one.duty.jurisdiction if one.duty else "", one.name)):
        if rule.duty is not None and rule.in_force:
            yield {
                "place": rule.duty.jurisdiction, "title": _said(rule.title, language), "limit": limit(rule, language),
                "recipient": _said(rule.duty.recipient, language),
            }  # fmt: skip


def limit(rule: Rule, language: str) -> str:
    """How long a rule gives, in a few words; a dash where it gives no number."""
    counting = rule.counting
    seconds = getattr(counting, "seconds", 0) or getattr(counting, "hours", 0) * 3600
    if seconds:
        return _said(span(timedelta(seconds=seconds)), language)
    for unit, word in (("days", Text("days", "日")), ("months", Text("months", "か月"))):
        number = getattr(counting, unit, 0)
        if number:
            return f"{number} {word.en}" if language == "en" else f"{number}{word.ja}"
    return "–"


def _said(text: Text, language: str) -> str:
    return text.ja if language == "ja" else text.en


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M %Z} ({at.astimezone(UTC):%m-%d %H:%M} UTC)"
