"""Drafts of reports: every item is there, what is missing is written as missing, and each statement has its certainty and source."""

from __future__ import annotations

import pytest

from hikeshi.clocks.duty import CONTENTS
from hikeshi.clocks.rule import rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import drafts
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents import obligations
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db
APPI = "jp-appi-preliminary"


def write(incident: Incident, actor: Actor, item: int = 1, **fields: str) -> None:
    known = {
        "certainty": "confirmed",
        "en": "An outsider read the archive.",
        "ja": "外部の者が閲覧した。",
        "sources": "access log",
    }
    obligations.state(incident, "C-APPI", item, actor=actor, **(known | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_item_of_the_law_stands_in_the_draft(incident: Incident, on_it: Actor, language: str) -> None:
    write(incident, on_it)
    write(incident, on_it, 3, certainty="investigating", en="", ja="", sources="")
    text = drafts.draft(incident.name, APPI, language)
    for number, what in enumerate(CONTENTS["C-APPI"], start=1):
        assert f"## {number}. {what.ja if language == 'ja' else what.en}" in text
    assert (
        "外部の者が閲覧した。 [access log]" if language == "ja" else "An outsider read the archive. [access log]"
    ) in text
    assert text.count("調査中" if language == "ja" else "under investigation") == 2
    assert "草案" in text or "Draft, not sent" in text


def test_the_final_report_goes_on_from_what_the_preliminary_one_said(incident: Incident, on_it: Actor) -> None:
    write(incident, on_it)
    assert "An outsider read the archive." in drafts.draft(incident.name, "jp-appi-final", "en")
    assert "An outsider" not in drafts.draft(incident.name, "eu-gdpr-33-authority", "en")


def test_a_text_in_one_language_only_says_so_in_the_other(incident: Incident, on_it: Actor) -> None:
    write(incident, on_it, ja="")
    assert "日本語は未記入" in drafts.draft(incident.name, APPI, "ja")


def test_two_writers_do_not_overwrite_each_other(incident: Incident, on_it: Actor) -> None:
    write(incident, on_it)
    with pytest.raises(Conflict, match="An outsider read"):
        obligations.state(incident, "C-APPI", 1, actor=on_it, certainty="suspected", en="Mine", version=0)
    obligations.state(incident, "C-APPI", 1, actor=on_it, certainty="suspected", en="Mine", version=1)
    assert drafts.said(incident.name, APPI)[0].version == 2
    assert ledger.verify(incident.name).ok


@pytest.mark.parametrize(
    "wrong",
    [{"item": 10}, {"content": "C-NONE"}, {"certainty": "sure"}, {"certainty": "confirmed", "sources": " "}],
    ids=str,
)
def test_what_cannot_be_said_is_refused(incident: Incident, on_it: Actor, wrong: dict[str, object]) -> None:
    fields: dict[str, object] = {"content": "C-APPI", "item": 1, "certainty": "suspected", "en": "x"} | wrong
    with pytest.raises(Refused):
        obligations.state(incident, actor=on_it, **fields)  # type: ignore[arg-type]


def test_only_people_on_the_incident_write(incident: Incident, off_it: Actor, outsider: Actor) -> None:
    for stranger in (off_it, outsider):
        with pytest.raises(Refused):
            write(incident, stranger)


def test_words_that_help_an_attacker_are_pointed_at_in_what_outsiders_read(incident: Incident, on_it: Actor) -> None:
    write(incident, on_it, en="The attacker at 198.51.100.23 used CVE-2024-12345.")
    found = drafts.hints_of(incident.name, "jp-appi-individuals")
    assert [(one.item, language, hint.rule) for one, language, hint in found] == [
        (1, "en", "address"),
        (1, "en", "vulnerability"),
    ]
    assert drafts.hints_of(incident.name, APPI) == []


def test_every_duty_can_be_drafted_in_both_languages(incident: Incident) -> None:
    for name, rule in rules().items():
        if rule.duty is not None:
            for language in ("en", "ja"):
                assert drafts.draft(incident.name, name, language).startswith("# ")


def test_what_is_cited_as_evidence_has_been_sealed_on_this_incident(incident: Incident, on_it: Actor) -> None:
    with pytest.raises(Refused, match="EV-001 is no evidence"):
        write(incident, on_it, sources="access log, EV-001")
    evidence.seal_bytes(incident, b"log", actor=on_it, title="Access log", kind="file")
    write(incident, on_it, sources="access log, EV-001")
    with pytest.raises(Refused, match="EV-002"):
        write(incident, on_it, sources="EV-001, EV-002")
