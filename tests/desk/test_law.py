"""Duties of an incident: moments, decisions and filings by the right people, and clocks that follow from them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import law
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import obligations
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.doors.obligations import everything
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db
GDPR, APPI, FINAL = "eu-gdpr-33-authority", "jp-appi-final", "eu-dora-final"
AWARE = datetime(2026, 11, 6, 16, 20, tzinfo=UTC)


def applies(incident: Incident, rule: str, commander: Actor) -> None:
    obligations.decide(incident, rule, "applies", actor=commander, reason="customers in Munich")


def aware(incident: Incident, actor: Actor, at: datetime = AWARE) -> None:
    obligations.record_moment(incident, "aware_at", at, actor=actor)


def clock(rule: str) -> Clock:
    return Clock.objects.get(rule=rule, stopped_at__isnull=True)


def test_a_clock_runs_from_the_moment_once_somebody_says_it_applies(
    incident: Incident, commander: Actor, on_it: Actor
) -> None:
    aware(incident, on_it)
    assert not Clock.objects.filter(rule=GDPR).exists()
    applies(incident, GDPR, commander)
    assert clock(GDPR).deadline == AWARE + timedelta(hours=72)
    assert clock(GDPR).started_at == AWARE


def test_without_the_moment_nothing_is_guessed(incident: Incident, commander: Actor) -> None:
    applies(incident, GDPR, commander)
    assert not Clock.objects.filter(rule=GDPR).exists()
    assert law.standings(incident.name)[0].due.state == "not_started"


def test_the_earliest_claim_drives_the_clock_and_the_old_one_stays_visible(
    incident: Incident, commander: Actor, on_it: Actor
) -> None:
    applies(incident, GDPR, commander)
    aware(incident, on_it)
    aware(incident, on_it, AWARE - timedelta(hours=5))
    aware(incident, on_it, AWARE + timedelta(hours=5))
    assert clock(GDPR).deadline == AWARE + timedelta(hours=67)
    assert [row.state for row in Clock.objects.filter(rule=GDPR, stopped_at__isnull=False)] == ["replaced"]


def test_a_claim_taken_back_moves_the_clock_and_stays_on_record(
    incident: Incident, commander: Actor, on_it: Actor
) -> None:
    applies(incident, GDPR, commander)
    aware(incident, on_it)
    wrong = obligations.record_moment(incident, "aware_at", AWARE - timedelta(days=1), actor=on_it, note="mail date")
    obligations.withdraw_moment(incident, wrong, actor=commander, reason="the mail was of another matter")
    assert clock(GDPR).deadline == AWARE + timedelta(hours=72)
    assert Entry.objects.filter(verb="moment.withdraw", chain__name=incident.name).count() == 1
    with pytest.raises(Refused, match="before"):
        obligations.withdraw_moment(incident, wrong, actor=commander, reason="again")


def test_a_duty_that_does_not_apply_stops_its_clock_and_keeps_the_reason(
    incident: Incident, commander: Actor, on_it: Actor
) -> None:
    applies(incident, GDPR, commander)
    aware(incident, on_it)
    obligations.decide(incident, GDPR, "does_not_apply", actor=commander, reason="no personal data after all")
    assert not Clock.objects.filter(rule=GDPR, stopped_at__isnull=True).exists()
    assert law.decisions(incident.name)[GDPR].reason == "no personal data after all"


def test_an_undecided_duty_runs_all_the_same(incident: Incident, commander: Actor, on_it: Actor) -> None:
    aware(incident, on_it)
    obligations.decide(incident, GDPR, "undecided", actor=commander, reason="customers in the EU?")
    assert clock(GDPR).deadline == AWARE + timedelta(hours=72)


def test_a_filing_meets_the_duty_and_its_lateness_is_frozen(incident: Incident, commander: Actor, on_it: Actor) -> None:
    applies(incident, GDPR, commander)
    aware(incident, on_it)
    sent = AWARE + timedelta(hours=73)
    filed = obligations.file(
        incident, GDPR, actor=on_it, at=sent, channel="web form", reference="A-1", proof="receipt A-1"
    )
    assert filed.late_by_us == 3600 * 1_000_000
    stopped = Clock.objects.get(rule=GDPR)
    assert (stopped.state, stopped.stopped_at) == ("met-late", sent)
    aware(incident, on_it, AWARE - timedelta(days=9))
    filed.refresh_from_db()
    assert filed.late_by_us == 3600 * 1_000_000
    assert not Clock.objects.filter(rule=GDPR, stopped_at__isnull=True).exists()


def test_a_later_stage_starts_with_the_filing_of_the_earlier_one_of_the_same_law(
    incident: Incident, commander: Actor, on_it: Actor
) -> None:
    applies(incident, FINAL, commander)
    applies(incident, "eu-dora-intermediate", commander)
    applies(incident, "eu-nis2-final", commander)
    obligations.file(incident, "eu-dora-intermediate", actor=on_it, at=datetime(2026, 10, 31, 9, 0, tzinfo=UTC))
    assert clock(FINAL).deadline.astimezone(UTC).date() == date(2026, 11, 30)
    assert not Clock.objects.filter(rule="eu-nis2-final").exists()


def test_a_day_is_a_moment_too(incident: Incident, commander: Actor, on_it: Actor) -> None:
    applies(incident, APPI, commander)
    obligations.record_moment(incident, "appi_known_on", date(2026, 11, 2), actor=on_it)
    assert clock(APPI).deadline.isoformat() == "2026-12-01T14:59:59+00:00"


def test_what_is_not_in_force_starts_no_clock(incident: Incident, commander: Actor, on_it: Actor) -> None:
    applies(incident, "us-circia-72h", commander)
    aware(incident, on_it)
    assert not Clock.objects.filter(rule="us-circia-72h").exists()


def test_settling_again_changes_nothing(incident: Incident, commander: Actor, on_it: Actor, hikeshi: Actor) -> None:
    applies(incident, GDPR, commander)
    aware(incident, on_it)
    before = Entry.objects.count()
    law.settle(incident.name, actor=hikeshi)
    assert Entry.objects.count() == before
    assert ledger.verify(incident.name).ok


@pytest.mark.parametrize(
    ("key", "when"), [("lunch", AWARE), ("aware_at", timezone.now() + timedelta(days=1))], ids=["unknown", "future"]
)
def test_a_moment_that_cannot_be_is_refused(incident: Incident, on_it: Actor, key: str, when: datetime) -> None:
    with pytest.raises(Refused):
        obligations.record_moment(incident, key, when, actor=on_it)


def test_a_decision_needs_a_duty_an_answer_and_a_reason(incident: Incident, commander: Actor) -> None:
    for rule, answer, reason in ((GDPR, "perhaps", "x"), (GDPR, "applies", " "), ("response.sev1", "applies", "x")):
        with pytest.raises(Refused):
            obligations.decide(incident, rule, answer, actor=commander, reason=reason)


def test_nothing_is_filed_before_somebody_has_decided(incident: Incident, on_it: Actor) -> None:
    with pytest.raises(Refused, match="decided"):
        obligations.file(incident, GDPR, actor=on_it, at=AWARE)


def test_who_may_say_what(incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor) -> None:
    with pytest.raises(Refused):
        obligations.decide(incident, GDPR, "applies", actor=on_it, reason="for those who command")
    for stranger in (off_it, outsider):
        with pytest.raises(Refused):
            aware(incident, stranger)
        with pytest.raises(Refused):
            obligations.file(incident, GDPR, actor=stranger, at=AWARE)
    aware(incident, on_it)


def test_claims_that_differ_are_named_with_the_one_that_counts_first(incident: Incident, on_it: Actor) -> None:
    early, late = date(2026, 11, 2), date(2026, 11, 9)
    for day in (late, early):
        obligations.record_moment(incident, "appi_known_on", day, actor=on_it)
    [told] = everything(incident)["contradicted"]
    assert told == "appi_known_on: 2026-11-02 / 2026-11-09"
    assert [one["counts_from"] for one in everything(incident)["moments"]] == [False, True]


def test_a_day_that_has_not_come_anywhere_is_no_moment(incident: Incident, on_it: Actor) -> None:
    with pytest.raises(Refused, match="in the future"):
        obligations.record_moment(incident, "appi_known_on", (timezone.now() + timedelta(days=2)).date(), actor=on_it)
