"""Facts propose duties, counsel switches rules on, people decide."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hikeshi.clocks.rule import rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import counsel, law, proposals
from hikeshi.desk.duties.models import Clock, Decision, SignOff
from hikeshi.desk.incidents import obligations
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db
GDPR, QUEBEC = "eu-gdpr-33-authority", "ca-qc"


def say(incident: Incident, actor: Actor, *facts: str) -> None:
    for fact in facts:
        obligations.say_fact(incident, fact, "yes", actor=actor)


def proposed(incident: Incident) -> dict[str, proposals.Proposal]:
    return {one.rule.name: one for one in proposals.proposals(incident.name)}


def test_facts_let_the_clocks_of_duties_run_as_undecided(incident: Incident, on_it: Actor) -> None:
    obligations.record_moment(incident, "aware_at", datetime(2026, 11, 6, 16, 20, tzinfo=UTC), actor=on_it)
    say(incident, on_it, "personal_data", "persons_eu")
    row = Decision.objects.get(rule=GDPR)
    assert (row.answer, row.decided_by) == ("undecided", "Hikeshi")
    assert "Personal data" in row.reason
    assert Clock.objects.get(rule=GDPR).deadline == datetime(2026, 11, 9, 16, 20, tzinfo=UTC)


def test_a_proposal_is_made_once_and_a_decision_is_never_touched(
    incident: Incident, on_it: Actor, commander: Actor
) -> None:
    say(incident, on_it, "personal_data", "persons_eu")
    obligations.decide(incident, GDPR, "does_not_apply", actor=commander, reason="all of it was test data")
    say(incident, on_it, "personal_data", "persons_eu")
    assert Decision.objects.filter(rule=GDPR).count() == 2
    assert law.decisions(incident.name)[GDPR].answer == "does_not_apply"
    assert GDPR not in proposed(incident)


def test_an_open_question_is_shown_and_not_taken_as_no(incident: Incident, on_it: Actor) -> None:
    say(incident, on_it, "personal_data", "persons_jp")
    one = proposed(incident)["jp-appi-preliminary"]
    assert one.verdict == "open"
    assert {"special_care", "encrypted_safe"} <= set(one.open)
    assert not Decision.objects.filter(rule="jp-appi-preliminary").exists()


def test_what_the_house_is_holds_for_every_incident(incident: Incident, on_it: Actor, commander: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        obligations.say_house_fact("listed_us", "yes", actor=on_it)
    obligations.say_house_fact("listed_us", "yes", actor=commander)
    assert proposed(incident)["us-sec-8k-105"].verdict == "may_apply"
    assert proposals.propose(incident.name, actor=on_it)


def test_an_unsure_rule_is_off_until_counsel_has_signed_it(incident: Incident, on_it: Actor, commander: Actor) -> None:
    say(incident, on_it, "personal_data", "persons_ca")
    assert not proposed(incident)[QUEBEC].on
    assert not Decision.objects.filter(rule=QUEBEC).exists()
    counsel.sign(QUEBEC, actor=commander, counsel="K. Ito, counsel", note="read on the day")
    say(incident, on_it, "personal_data")
    assert Decision.objects.get(rule=QUEBEC).answer == "undecided"
    assert Entry.objects.filter(verb="rule.sign_off", object=QUEBEC).exists()


def test_a_sign_off_holds_for_the_text_that_was_read(commander: Actor) -> None:
    counsel.sign(QUEBEC, actor=commander, counsel="K. Ito")
    assert counsel.is_on(rules()[QUEBEC], counsel.signed())
    SignOff.objects.update(digest="0" * 64)
    assert not counsel.is_on(rules()[QUEBEC], counsel.signed())


def test_a_sign_off_can_be_taken_back_with_a_reason(commander: Actor, off_it: Actor) -> None:
    counsel.sign(QUEBEC, actor=commander, counsel="K. Ito")
    with pytest.raises(Refused, match="reason"):
        counsel.withdraw(QUEBEC, actor=commander, reason=" ")
    with pytest.raises(Refused, match="may not"):
        counsel.withdraw(QUEBEC, actor=off_it, reason="x")
    counsel.withdraw(QUEBEC, actor=commander, reason="the law was amended")
    assert not counsel.is_on(rules()[QUEBEC], counsel.signed())
    with pytest.raises(Refused, match="Nobody has signed"):
        counsel.withdraw(QUEBEC, actor=commander, reason="again")


def test_what_is_not_in_force_cannot_be_signed_on(commander: Actor) -> None:
    with pytest.raises(Refused, match="not in force"):
        counsel.sign("us-circia-72h", actor=commander, counsel="K. Ito")


def test_facts_are_for_those_on_the_incident(incident: Incident, off_it: Actor, outsider: Actor) -> None:
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            obligations.say_fact(incident, "personal_data", "yes", actor=actor)


@pytest.mark.parametrize(("key", "answer"), [("colour", "yes"), ("personal_data", "perhaps")])
def test_an_unknown_fact_or_answer_is_refused(incident: Incident, on_it: Actor, key: str, answer: str) -> None:
    with pytest.raises(Refused, match="is no"):
        obligations.say_fact(incident, key, answer, actor=on_it)
