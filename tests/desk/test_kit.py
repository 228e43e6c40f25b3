"""The offline kit: everything in one file, nothing outside it, nothing foreign obeyed."""

from __future__ import annotations

import re
from datetime import date, time
from html import escape
from pathlib import Path

import msgspec
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from hikeshi.clocks.rule import rules
from hikeshi.desk.accounts import contacts, verbs as accounts
from hikeshi.desk.accounts.contacts import Reach
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.oncall import verbs as oncall
from hikeshi.desk.reports import kit
from hikeshi.errors import Refused
from hikeshi.playbooks.shelf import library

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    return tmp_path


@pytest.fixture
def people(home: Path, admin: Actor) -> list[str]:
    """Contacts of every kind; the names."""
    made = [accounts.add_contact(f"{name} {HOSTILE}", "incident_commander", actor=admin) for name in ("Kondo", "佐藤")]
    ways = [Reach("phone", "+81-90-5550-1234"), Reach("chat", "https://hooks.example.com/T0/SECRET")]
    contacts.set_ways(made[0], ways, actor=admin)
    part = oncall.PartSpec(made, "Asia/Tokyo", date(2026, 1, 5), time(9))
    oncall.make("Commanders", "incident_commander", [part], actor=admin)
    return [row.name for row in made]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_it_holds_every_contact_playbook_and_rule_and_refers_to_nothing(
    people: list[str], off_it: Actor, language: str
) -> None:
    text = kit.kit(actor=off_it, language=language, kind="html").decode()
    for name in people:
        assert escape(name) in text
    for book in library().values():
        for step in book.steps:
            assert escape(getattr(step.title, language), quote=True) in text
    for rule in rules().values():
        if rule.duty and rule.in_force:
            assert escape(getattr(rule.title, language)) in text
    assert "+81-90-5550-1234" in text
    assert "SECRET" not in text
    assert HOSTILE not in text
    assert not re.search(r"(?:src|href|action)\s*=|url\(|@import|https?://", text)
    assert "SEV-1" in text
    entry = Entry.objects.get(verb="kit.print")
    assert "+81" not in entry.data


def test_the_houses_own_text_is_shown_as_text(home: Path, off_it: Actor) -> None:
    assert "kit.md" in kit.html("en", timezone.now(), made_by="x")
    (home / "kit.md").write_text(f"# Phone bridge\n- ext. 7700 {HOSTILE}\n\nMeet in B2-03 {{% now 'Y' %}}\n")
    text = kit.html("en", timezone.now(), made_by="x")
    assert "<h3>Phone bridge</h3>" in text
    assert f"<li>ext. 7700 {escape(HOSTILE)}</li>" in text
    assert "{% now" in text


def test_a_text_that_is_too_long_is_cut_and_says_so(home: Path) -> None:
    (home / "kit.md").write_text("word\n" * 40_000)
    lines = list(kit.own_text(home / "kit.md"))
    assert len(lines) < 14_000
    assert "KiB" in lines[-1][1]


def test_who_may_not_read_the_contact_list_gets_none(home: Path, outsider: Actor) -> None:
    with pytest.raises(Refused):
        kit.kit(actor=outsider, language="en", kind="html")
    assert not Entry.objects.filter(verb="kit.print").exists()


def test_it_is_made_as_pdf(people: list[str], off_it: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one playbook: to set all of them takes ten seconds, and a page is like another."""
    monkeypatch.setattr(kit, "books", lambda: {"compromised-ec2": library()["compromised-ec2"]})
    pages: list[int] = []
    assert kit.kit(actor=off_it, language="ja", kind="pdf", told=pages.append).startswith(b"%PDF-")
    assert pages == sorted(pages)
    assert pages[-1] > 2
