"""From facts to the duties that may apply: what is not known never passes as no."""

from __future__ import annotations

from hypothesis import given, strategies as st

from hikeshi.clocks.duty import CONTENTS
from hikeshi.clocks.facts import FACTS, TOPICS, When, judge
from hikeshi.clocks.forms import FORMS
from hikeshi.clocks.rule import rules

KEYS = st.sampled_from(sorted(FACTS))
ANSWERS = st.sampled_from(["yes", "no", "unknown"])
WHEN = st.builds(When, *[st.lists(KEYS, max_size=3, unique=True).map(tuple)] * 3)


def when_of(name: str) -> When:
    duty = rules()[name].duty
    if duty is None or duty.when is None:
        raise AssertionError(name)
    return duty.when


def test_the_tables_are_alphabetical_and_every_topic_is_used() -> None:
    assert list(FACTS) == sorted(FACTS)
    assert list(FORMS) == sorted(FORMS)
    assert {one.topic for one in FACTS.values()} == set(TOPICS)


def test_every_duty_says_when_it_may_apply_and_every_fact_matters() -> None:
    duties = [rule.duty for rule in rules().values() if rule.duty is not None]
    assert all(duty.when is not None for duty in duties)
    used = {key for duty in duties if duty.when for key in duty.when.keys}
    assert used | {"insider", "public"} == set(FACTS)  # these two decide whom to call in


def test_every_form_names_items() -> None:
    assert all(form.content in CONTENTS for form in FORMS.values())


def test_appi_asks_for_the_longer_time_where_a_wrongful_purpose_is_possible() -> None:
    known = {"personal_data": "yes", "persons_jp": "yes", "encrypted_safe": "no", "many_persons": "yes"}
    short, long = when_of("jp-appi-final"), when_of("jp-appi-final-wrongful-purpose")
    assert judge(short, known) == ("open", ("wrongful_purpose",))
    assert judge(short, {**known, "wrongful_purpose": "no"})[0] == "may_apply"
    assert judge(long, {**known, "wrongful_purpose": "yes"})[0] == "may_apply"
    assert judge(short, {**known, "wrongful_purpose": "yes"})[0] == "no"


def test_safe_encryption_takes_the_appi_duty_away() -> None:
    known = {"personal_data": "yes", "persons_jp": "yes", "encrypted_safe": "yes"}
    assert judge(when_of("jp-appi-preliminary"), known)[0] == "no"


@given(WHEN, st.dictionaries(KEYS, ANSWERS))
def test_answering_a_question_never_turns_a_settled_verdict(when: When, known: dict[str, str]) -> None:
    verdict, missing = judge(when, known)
    assert (verdict == "open") == bool(missing)
    assert all(known.get(key, "unknown") == "unknown" for key in missing)
    for key in FACTS:
        if known.get(key, "unknown") == "unknown" and verdict != "open":
            assert {judge(when, {**known, key: answer})[0] for answer in ("yes", "no")} <= {verdict, "no"}


@given(WHEN, st.dictionaries(KEYS, ANSWERS))
def test_with_everything_answered_nothing_stays_open(when: When, known: dict[str, str]) -> None:
    settled = {key: "yes" if known.get(key) == "yes" else "no" for key in FACTS}
    assert judge(when, settled)[0] != "open"
