"""The form of a step in the editor: everything that a step can say, and steps and options that come, go and move."""

from __future__ import annotations

import pytest

from doors.console.house import as_actor, person, signed_in
from doors.console.test_playbook_pages import opened
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.playbooks import drafting
from hikeshi.desk.playbooks.models import Draft
from hikeshi.playbooks.playbook import Message, Option, Playbook, StepSpec, Wait, loads
from hikeshi.text import Text
from playbook_texts import OWN

pytestmark = pytest.mark.django_db


@pytest.fixture
def author() -> Person:
    return person("sato", "responder")


@pytest.fixture
def draft(author: Person) -> Draft:
    return drafting.begin(actor=as_actor(author), text=OWN)


def sent(author: Person, draft: Draft, step: str = "1.1", **fields: str) -> str:
    """Send the form with these fields (`__` for the dot) and return where it leads."""
    client = signed_in(author)
    typed = {name if name == "do" else f"f.{name.replace('__', '.')}": value for name, value in fields.items()}
    answer = client.post(f"/playbooks/drafts/{draft.pk}/save/", opened(client, draft, step) | typed)
    draft.refresh_from_db()
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def step(draft: Draft, key: str = "1.1") -> StepSpec:
    return book(draft).step(key)


def book(draft: Draft) -> Playbook:
    return loads(draft.text.encode())


def test_a_message_is_written_in_both_languages_and_taken_out_again(author: Person, draft: Draft) -> None:
    sent(
        author, draft, kind="notify", message__to="incident_commander\nscribe", message__subject__en="Lost: a telephone",
        message__subject__ja="電話機の紛失", message__body__en="In {incident.name}.", message__body__ja="{incident.name} の件です。",
    )  # fmt: skip
    both = Text("Lost: a telephone", "電話機の紛失"), Text("In {incident.name}.", "{incident.name} の件です。")
    assert step(draft).message == Message(to=("incident_commander", "scribe"), subject=both[0], body=both[1])
    parts = ("to", "subject__en", "subject__ja", "body__en", "body__ja")
    sent(author, draft, kind="manual", **{f"message__{part}": "" for part in parts})
    assert step(draft).message is None


def test_a_wait_its_end_and_how_something_is_taken_back(author: Person, draft: Draft) -> None:
    sent(author, draft, kind="wait", wait__seconds="2h", wait__until='state["1.1"] == "done"')
    assert step(draft).wait == Wait(seconds=7200, until='state["1.1"] == "done"')
    parts = {"undo__en": "Give it back.", "undo__ja": "返却します。", "keep_for": "3d"}
    sent(author, draft, kind="manual", effect="contain", wait__seconds="", wait__until="", **parts)
    assert (step(draft).undo, step(draft).keep_for) == (Text("Give it back.", "返却します。"), 259200)


def test_inputs_are_fields_of_their_own_and_bound_to_facts(author: Person, draft: Draft) -> None:
    sent(author, draft, kind="action", action="aws.iam.disable_key")
    client = signed_in(author)
    page = client.get(f"/playbooks/drafts/{draft.pk}/").content.decode()
    assert '<option value="$alert.key_id">' in page
    assert opened(client, draft)["f.inputs.access_key_id"] == ""
    sent(author, draft, inputs__access_key_id="$alert.key_id")
    assert step(draft).inputs == {"access_key_id": "$alert.key_id"}
    sent(author, draft, inputs__access_key_id="")
    assert step(draft).inputs == {}
    sent(author, draft, action="aws.dns.block")
    sent(author, draft, inputs__domains="bad.example, worse.example")
    assert step(draft).inputs == {"domains": ["bad.example", "worse.example"]}
    assert opened(client, draft)["f.inputs.domains"] == "bad.example, worse.example"


def test_facts_that_are_asked_for_and_evidence_that_is_named(author: Person, draft: Draft) -> None:
    sent(author, draft, kind="evidence", effect="collect", collects="memory disk", asks="last_seen")
    assert (step(draft).collects, step(draft).asks) == (("memory", "disk"), ("last_seen",))


def test_steps_come_move_and_go(author: Person, draft: Draft) -> None:
    assert sent(author, draft, do="add").endswith("?step=1.2#step-form")
    assert step(draft, "1.2").after == ("1.1",)
    sent(author, draft, "1.2", do="add")
    sent(author, draft, "1.3", do="up")
    assert [one.key for one in book(draft).steps] == ["1.1", "1.3", "1.2"]
    assert sent(author, draft, "1.2", do="out").endswith("?step=1.3#step-form")
    assert step(draft, "1.3").after == ("1.1",)
    assert "# first of all" in draft.text
    client = signed_in(author)
    for wish in ("up", "sideways", "option 0"):
        form = opened(client, draft, "1.1") | {"do": wish}
        assert client.post(f"/playbooks/drafts/{draft.pk}/save/", form).status_code == 403


def test_options_come_lead_somewhere_and_go(author: Person, draft: Draft) -> None:
    sent(author, draft, do="add")
    first = {"value": "found", "label__en": "Found", "label__ja": "見つかった", "to": "1.2"}
    sent(author, draft, kind="decision", **{f"options__new__{name}": value for name, value in first.items()})
    assert step(draft).options == (Option(value="found", label=Text("Found", "見つかった")),)
    assert step(draft, "1.2").when == 'choice["1.1"] == "found"'
    other = {"value": "lost", "label__en": "Lost", "label__ja": "紛失"}
    sent(author, draft, **{f"options__new__{name}": value for name, value in other.items()}, options__0__to="")
    assert step(draft, "1.2").when is None
    sent(author, draft, options__1__label__en="Gone", options__1__to="1.2")
    assert step(draft).options[1].label.en == "Gone"
    assert opened(signed_in(author), draft)["f.options.1.to"] == "1.2"
    sent(author, draft, do="option 0")
    assert [one.value for one in step(draft).options] == ["lost"]


def test_while_one_writes_nothing_is_rearranged(author: Person, draft: Draft) -> None:
    client = signed_in(author)
    form = opened(client, draft) | {"f.options.new.value": "found", "do": "add", "f.title.en": "Ask"}
    client.post(f"/playbooks/drafts/{draft.pk}/look/", form)
    draft.refresh_from_db()
    assert (len(book(draft).steps), step(draft).options, step(draft).title.en) == (1, (), "Ask")
