"""A playbook of one's own: written, handed in, read by others, published, retired. Who may do what, and what nobody loses."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from hikeshi.custody.signing import signature_holds
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import ORGANISATION, Entry, SigningKey
from hikeshi.desk.playbooks import drafting, publishing, reading
from hikeshi.desk.playbooks.checking import changes, check, needed
from hikeshi.desk.playbooks.models import Draft, Published
from hikeshi.desk.playbooks.reading import book, shelf
from hikeshi.errors import Conflict, Refused, Unreadable
from hikeshi.playbooks.editing import put
from hikeshi.playbooks.playbook import loads
from hikeshi.playbooks.shelf import FOLDER, library
from playbook_texts import OWN

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(on_it: Actor) -> Draft:
    return drafting.begin(actor=on_it, text=OWN)


@pytest.fixture
def publish(on_it: Actor, off_it: Actor, commander: Actor) -> Callable[[str], Published]:
    def whole_way(text: str) -> Published:
        row = drafting.begin(actor=on_it, text=text)
        row = publishing.ask_for_review(row, actor=on_it, version=row.version)
        publishing.review(row, actor=off_it, digest=row.digest, yes=True)
        publishing.review(row, actor=commander, digest=row.digest, yes=True)
        return publishing.publish(row, actor=commander, digest=row.digest, simulated="passed")

    return whole_way


def bumped(text: str, version: int) -> str:
    return put(text, ("version",), version)


def test_the_whole_way_from_a_draft_to_the_shelf(draft: Draft, on_it: Actor, off_it: Actor, commander: Actor) -> None:
    row = publishing.ask_for_review(draft, actor=on_it, version=1)
    publishing.review(row, actor=off_it, digest=row.digest, yes=True, reason="Tried at the desk.")
    made = publishing.publish(row, actor=commander, digest=row.digest, simulated="passed")
    assert book("lost-telephone") == loads(OWN.encode())
    assert shelf().books["lost-telephone"].origin == "published"
    assert (made.source, made.reviewers, made.author) == (OWN, ["suzuki"], "sato")
    verbs = Entry.objects.filter(chain__name=ORGANISATION, object="lost-telephone").order_by("seq")
    assert list(verbs.values_list("verb", flat=True)) == [
        "playbook.draft",
        "playbook.ask",
        "playbook.review",
        "playbook.publish",
    ]
    assert json.loads(verbs.last().data)["digest"] == made.digest  # type: ignore[union-attr]


def test_the_signature_is_of_the_canonical_text_by_the_key_of_the_installation(
    publish: Callable[[str], Published],
) -> None:
    made = publish(OWN)
    key = SigningKey.objects.get(fingerprint=made.key)
    assert signature_holds(key.public, loads(OWN.encode()).canonical, bytes.fromhex(made.signature))


@pytest.mark.parametrize("column", ["text", "signature", "digest"])
def test_a_published_row_that_somebody_changed_does_not_count(publish: Callable[[str], Published], column: str) -> None:
    made = publish(bumped(library_text("ransomware"), 50))
    other = {"text": made.text.replace("Ransomware", "Something"), "signature": "00" * 64, "digest": "0" * 64}
    Published.objects.filter(pk=made.pk).update(**{column: other[column]})
    if column != "digest":  # read anew, as by a process that starts now
        reading._read.cache_clear()
    found = shelf()
    assert found.books["ransomware"].origin == "library"
    assert "does not count" in str(found.problems[0])


def library_text(name: str) -> str:
    return (FOLDER / f"{name}.yaml").read_text()


def test_outsiders_neither_write_nor_review_nor_publish(draft: Draft, outsider: Actor, on_it: Actor) -> None:
    with pytest.raises(Refused, match="triage"):
        drafting.begin("ransomware", actor=outsider)
    with pytest.raises(Refused, match="triage"):
        drafting.edit(draft, OWN, actor=outsider, version=1)
    row = publishing.ask_for_review(draft, actor=on_it, version=1)
    with pytest.raises(Refused, match="triage"):
        publishing.review(row, actor=outsider, digest=row.digest, yes=True)
    for who in (outsider, on_it):
        with pytest.raises(Refused, match="command"):
            publishing.publish(row, actor=who, digest=row.digest, simulated="passed")


def test_who_has_written_in_it_does_not_review_it(draft: Draft, on_it: Actor, off_it: Actor, commander: Actor) -> None:
    row = drafting.edit(draft, OWN + "# and a comment\n", actor=off_it, version=1)
    row = publishing.ask_for_review(row, actor=off_it, version=2)
    for writer in (on_it, off_it):
        with pytest.raises(Refused, match="has written in it"):
            publishing.review(row, actor=writer, digest=row.digest, yes=True)
    with pytest.raises(Refused, match="0 of 1"):
        publishing.publish(row, actor=commander, digest=row.digest, simulated="passed")


def test_what_takes_something_away_needs_two(on_it: Actor, off_it: Actor, commander: Actor) -> None:
    row = drafting.begin("ransomware", actor=on_it)
    row = publishing.ask_for_review(row, actor=on_it, version=1)
    assert needed(library()["ransomware"]) == 2
    publishing.review(row, actor=off_it, digest=row.digest, yes=True)
    with pytest.raises(Conflict, match="already"):
        publishing.review(row, actor=off_it, digest=row.digest, yes=True)
    with pytest.raises(Refused, match="1 of 2"):
        publishing.publish(row, actor=commander, digest=row.digest, simulated="passed")
    publishing.review(row, actor=commander, digest=row.digest, yes=True)
    assert (
        publishing.publish(row, actor=commander, digest=row.digest, simulated="passed").playbook_version
        == library()["ransomware"].version + 1
    )


def test_a_change_asks_everybody_anew_and_a_comment_nobody(
    draft: Draft, on_it: Actor, off_it: Actor, commander: Actor
) -> None:
    row = publishing.ask_for_review(draft, actor=on_it, version=1)
    old = row.digest
    publishing.review(row, actor=off_it, digest=old, yes=True)
    row = publishing.ask_for_review(
        drafting.edit(row, OWN + "# a word\n", actor=on_it, version=1), actor=on_it, version=2
    )
    assert publishing.voices(row) == ["suzuki"]
    row = drafting.edit(row, OWN.replace("Write down", "Note"), actor=on_it, version=2)
    row = publishing.ask_for_review(row, actor=on_it, version=3)
    assert publishing.voices(row) == []
    with pytest.raises(Conflict):
        publishing.publish(row, actor=commander, digest=old, simulated="passed")
    with pytest.raises(Conflict):
        publishing.review(row, actor=off_it, digest=old, yes=True)


def test_a_no_needs_a_reason_and_sends_it_back(draft: Draft, on_it: Actor, off_it: Actor) -> None:
    row = publishing.ask_for_review(draft, actor=on_it, version=1)
    with pytest.raises(Refused, match="reason"):
        publishing.review(row, actor=off_it, digest=row.digest, yes=False)
    publishing.review(row, actor=off_it, digest=row.digest, yes=False, reason="Whom do we tell?")
    row.refresh_from_db()
    assert row.state == "draft"
    assert publishing.voices(row) == []


def test_of_two_who_write_at_once_the_second_sees_both_texts(draft: Draft, on_it: Actor, off_it: Actor) -> None:
    first = OWN.replace("Lost telephone", "A lost telephone")
    drafting.edit(draft, first, actor=on_it, version=1)
    with pytest.raises(Conflict) as found:
        drafting.edit(draft, OWN + "# mine\n", actor=off_it, version=1)
    (both,) = found.value.differences
    assert (both.saved, both.own, found.value.version) == (first, OWN + "# mine\n", 2)
    draft.refresh_from_db()
    assert (draft.text, draft.writers) == (first, ["sato"])
    with pytest.raises(Conflict, match="version 2"):
        publishing.ask_for_review(draft, actor=on_it, version=1)


def test_one_open_draft_of_a_playbook_at_a_time(draft: Draft, on_it: Actor, off_it: Actor, commander: Actor) -> None:
    with pytest.raises(Conflict, match="sato is writing"):
        drafting.begin(actor=off_it, text=OWN)
    with pytest.raises(Refused, match="command"):
        drafting.withdraw(draft, actor=off_it, reason="It is mine now.")
    with pytest.raises(Refused, match="reason"):
        drafting.withdraw(draft, actor=on_it, reason=" ")
    drafting.withdraw(draft, actor=commander, reason="Left the company.")
    again = drafting.begin(actor=off_it, text=OWN)
    assert again.author == "suzuki"
    with pytest.raises(Refused, match="withdrawn"):
        drafting.edit(draft, OWN, actor=on_it, version=1)


def test_errors_stop_the_review_and_texts_that_are_none_can_be_saved(draft: Draft, on_it: Actor) -> None:
    for text, said in (
        (OWN + "steps: [\n", "line"),
        (OWN.replace("電話機の紛失", ""), "error"),
        (OWN.replace("version: 1", "version: 0"), "line 3"),
    ):
        row = Draft.objects.get(pk=draft.pk)
        row = drafting.edit(row, text, actor=on_it, version=row.version)
        assert check(text).errors
        with pytest.raises(Refused, match=said):
            publishing.ask_for_review(row, actor=on_it, version=row.version)


def test_the_version_has_to_grow_and_the_name_to_stay(
    publish: Callable[[str], Published], on_it: Actor, commander: Actor
) -> None:
    made = publish(OWN)
    row = drafting.begin("lost-telephone", actor=on_it)
    assert row.based_on == 1
    assert "version: 2" in row.text
    assert "# first of all" in row.text
    for text, said in ((OWN, "version 1 of"), (bumped(OWN, 2).replace("name: lost", "name: found"), "names itself")):
        row = drafting.edit(row, text, actor=on_it, version=row.version)
        with pytest.raises(Refused, match=said):
            publishing.ask_for_review(row, actor=on_it, version=row.version)
    publishing.retire(made, actor=commander, reason="Wrong number.")
    row = drafting.edit(row, OWN + "# once more\n", actor=on_it, version=row.version)
    with pytest.raises(Refused, match="version 1 of"):
        publishing.ask_for_review(row, actor=on_it, version=row.version)


def test_a_retired_version_gives_way_to_the_one_before(
    publish: Callable[[str], Published], on_it: Actor, commander: Actor
) -> None:
    text = library_text("ransomware")
    publish(bumped(text, 50))
    newer = publish(bumped(text, 51))
    with pytest.raises(Refused, match="command"):
        publishing.retire(newer, actor=on_it, reason="x")
    publishing.retire(newer, actor=commander, reason="The wrong telephone number.")
    assert book("ransomware").version == 50
    with pytest.raises(Conflict, match="retired already"):
        publishing.retire(newer, actor=commander, reason="x")


def test_a_new_playbook_begins_with_a_text_that_lint_speaks_to(on_it: Actor) -> None:
    row = drafting.begin("our-own", actor=on_it)
    found = check(row.text)
    assert found.book is not None
    assert "未記入" in row.text
    for text in ("- a list\n", "version: 1\n", "name: [\n"):
        with pytest.raises((Refused, Unreadable)):
            drafting.begin(actor=on_it, text=text)
    with pytest.raises(Refused, match="bytes"):
        drafting.begin("too-long", actor=on_it, text="name: too-long\n" + "#" * 262_144)


def test_changes_are_said_step_by_step() -> None:
    before = loads(OWN.encode())
    after = loads(OWN.replace("Write down", "Note").replace("SEV-4", "SEV-3").encode())
    assert [(one.key, one.what, one.fields) for one in changes(before, after)] == [
        ("", "changed", ("severity",)),
        ("1.1", "changed", ("text",)),
    ]
    assert changes(None, after) == []
