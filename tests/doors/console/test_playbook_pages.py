"""The list of playbooks, one of them, and the editor: what a person sees and can do, with and without script."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from doors.console.house import HOSTILE, as_actor, person, signed_in
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.playbooks import drafting
from hikeshi.desk.playbooks.models import Draft, Published
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.playbooks.editing import put
from hikeshi.playbooks.playbook import loads
from playbook_texts import OWN

pytestmark = pytest.mark.django_db
KEY = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAwZVCbiAlU6p4s8RX7osSOxc3aeLGbTZ+QqXOFipjoyI=\n-----END PUBLIC KEY-----\n"


@pytest.fixture
def author() -> Person:
    return person("sato", "responder")


@pytest.fixture
def reviewer() -> Person:
    return person("suzuki", "responder")


@pytest.fixture
def draft(author: Person) -> Draft:
    return drafting.begin(actor=as_actor(author), text=OWN)


def form_of(page: str) -> dict[str, str]:
    """What a browser would send of the editor's form, unchanged."""
    body = page.split('<form id="edit"')[1].split("</form>", maxsplit=1)[0]
    found = dict(re.findall(r'<input [^>]*?name="([^"]+)"[^>]*? value="([^"]*)"', body))
    found |= {
        name: text.removeprefix("\n")
        for name, text in re.findall(r'<textarea [^>]*?name="([^"]+)"[^>]*>(.*?)</textarea>', body, re.DOTALL)
    }
    for name, options in re.findall(r'<select [^>]*?name="([^"]+)"[^>]*>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        found[name] = chosen.group(1) if chosen else ""
    return {name: unescape(value) for name, value in found.items() if name != "next"}


def opened(client: Client, draft: Draft, step: str = "") -> dict[str, str]:
    answer = client.get(f"/playbooks/drafts/{draft.pk}/", {"step": step})
    assert answer.status_code == 200
    return form_of(answer.content.decode())


def test_the_form_alone_changes_nothing(author: Person, draft: Draft) -> None:
    client = signed_in(author)
    answer = client.post(f"/playbooks/drafts/{draft.pk}/save/", opened(client, draft))
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert (draft.text, draft.version) == (OWN, 1)


def test_a_field_of_the_form_changes_the_text_and_nothing_else_of_it(author: Person, draft: Draft) -> None:
    client = signed_in(author)
    form = opened(client, draft) | {
        "f.title.ja": "最後に見た時刻",
        "f.due_within": "15m",
        "f.when": "fact.x > 0",
        "f.after": "a, b",
    }
    client.post(f"/playbooks/drafts/{draft.pk}/save/", form)
    draft.refresh_from_db()
    wanted = put(OWN, ("steps", 0, "title", "ja"), "最後に見た時刻")
    for name, value in (("due_within", 900), ("after", ["a", "b"]), ("when", "fact.x > 0")):
        wanted = put(wanted, ("steps", 0, name), value)
    assert draft.text == wanted
    assert "# first of all" in draft.text
    again = opened(client, draft)
    assert (again["f.due_within"], again["f.after"]) == ("15m", "a b")
    client.post(f"/playbooks/drafts/{draft.pk}/save/", again | {"f.due_within": "", "f.after": "", "f.when": ""})
    draft.refresh_from_db()
    assert loads(draft.text.encode()).steps[0].due_within is None


def test_text_and_form_are_saved_together(author: Person, draft: Draft) -> None:
    client = signed_in(author)
    form = opened(client, draft) | {"text": OWN.replace("SEV-4", "SEV-2"), "f.title.en": "Ask who had it"}
    client.post(f"/playbooks/drafts/{draft.pk}/save/", form)
    draft.refresh_from_db()
    book = loads(draft.text.encode())
    assert (book.severity, book.steps[0].title.en) == ("SEV-2", "Ask who had it")


def test_what_is_wrong_in_a_field_is_said_and_what_was_typed_stays(author: Person, draft: Draft) -> None:
    client = signed_in(author)
    for wrong in ({"f.due_within": "soon"}, {"f.at_most": "-a"}, {"f.approvals": "many"}, {"version": ""}):
        answer = client.post(f"/playbooks/drafts/{draft.pk}/save/", opened(client, draft) | wrong)
        assert answer.status_code in {403, 422}
        assert next(iter(wrong.values())) in answer.content.decode()
    draft.refresh_from_db()
    assert draft.text == OWN


def test_of_two_who_edit_at_once_the_second_sees_both_texts_and_can_save_again(
    author: Person, reviewer: Person, draft: Draft
) -> None:
    one, other = signed_in(author), signed_in(reviewer)
    first, second = opened(one, draft), opened(other, draft)
    one.post(f"/playbooks/drafts/{draft.pk}/save/", first | {"text": OWN.replace("SEV-4", "SEV-2")})
    answer = other.post(f"/playbooks/drafts/{draft.pk}/save/", second | {"text": OWN.replace("SEV-4", "SEV-1")})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "-severity: SEV-2" in page
    assert "+severity: SEV-1" in page
    assert other.post(f"/playbooks/drafts/{draft.pk}/save/", form_of(page)).status_code == 302
    draft.refresh_from_db()
    assert "SEV-1" in draft.text


def test_while_one_writes_it_is_kept_and_lint_speaks_with_lines(author: Person, draft: Draft) -> None:
    client = signed_in(author)
    form = opened(client, draft)
    answer = client.post(
        f"/playbooks/drafts/{draft.pk}/look/", form | {"text": OWN.replace("ja: 電話機の紛失", 'ja: ""')}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'href="#l7"' in page
    assert '<li id="l7" class="is-err">' in page
    draft.refresh_from_db()
    assert draft.version == 2
    assert 'id="version" value="2" hx-swap-oob="true"' in page
    late = client.post(f"/playbooks/drafts/{draft.pk}/look/", form).content.decode()  # with the version of before
    assert "has changed" in late
    assert 'id="version"' not in late
    draft.refresh_from_db()
    assert draft.version == 2


def test_a_change_in_the_form_comes_back_in_the_text_and_the_other_way_round(author: Person, draft: Draft) -> None:
    client = signed_in(author)
    form = opened(client, draft)
    page = client.post(f"/playbooks/drafts/{draft.pk}/look/", form | {"f.title.en": "Ask who had it"}).content.decode()
    assert 'id="yaml"' in page
    assert "en: Ask who had it" in page
    draft.refresh_from_db()
    form = opened(client, draft)
    page = client.post(
        f"/playbooks/drafts/{draft.pk}/look/", form | {"text": draft.text.replace("Ask who", "Say who")}
    ).content.decode()
    assert 'id="yaml"' not in page
    assert 'value="Say who had it"' in page


def test_the_whole_way_in_the_console(author: Person, reviewer: Person, draft: Draft) -> None:
    one, other, lead = signed_in(author), signed_in(reviewer), signed_in(person("kondo", "commander"))
    here = f"/playbooks/drafts/{draft.pk}/"
    one.post(f"{here}ask/", opened(one, draft))
    draft.refresh_from_db()
    said = {"digest": draft.digest, "reason": "Read it."}
    assert one.post(f"{here}yes/", said).status_code == 403
    assert other.post(f"{here}publish/", said).status_code == 403
    assert other.post(f"{here}no/", {"digest": draft.digest}).status_code == 403
    assert "Stand behind it" in other.get(here).content.decode()
    assert "Stand behind it" not in one.get(here).content.decode()
    assert other.post(f"{here}yes/", said).status_code == 302
    assert lead.post(f"{here}publish/", said).status_code == 403
    assert "without a simulation" in lead.get(here).content.decode()
    assert lead.post(f"{here}publish/", said | {"without": "Nothing in it is done by a machine."}).status_code == 302
    assert Published.objects.get().name == "lost-telephone"
    assert "published here" in one.get("/playbooks/").content.decode()
    assert one.get("/playbooks/lost-telephone/file/").content.decode() == OWN
    assert lead.post("/playbooks/lost-telephone/", {"version": "1", "reason": "Wrong."}).status_code == 302
    assert "Every version is retired" in one.get("/playbooks/lost-telephone/").content.decode()
    assert "readonly" in one.get(here).content.decode()


def test_a_draft_is_begun_from_the_list_and_given_up(author: Person, reviewer: Person) -> None:
    client = signed_in(author)
    answer = client.post("/playbooks/", {"name": "ransomware"})
    draft = Draft.objects.get()
    assert answer["Location"] == f"/playbooks/drafts/{draft.pk}/"
    assert signed_in(reviewer).post("/playbooks/", {"name": "ransomware"})["Location"] == answer["Location"]
    assert client.post("/playbooks/", {"name": "Not A Name"}).status_code in {403, 422}
    assert client.post(f"{answer['Location']}withdraw/", {"reason": "No."}).status_code == 302
    draft.refresh_from_db()
    assert draft.state == "withdrawn"
    assert client.post(f"{answer['Location']}nothing/").status_code == 404


def test_outsiders_find_no_page(draft: Draft) -> None:
    client = signed_in(person("tanaka", "observer"))
    for path in (
        "/playbooks/",
        "/playbooks/ransomware/",
        "/playbooks/ransomware/file/",
        f"/playbooks/drafts/{draft.pk}/",
    ):
        assert client.get(path).status_code == 404
    for act in ("save", "look", "ask", "yes", "no", "publish", "simulate", "withdraw"):
        assert client.post(f"/playbooks/drafts/{draft.pk}/{act}/", {"text": OWN}).status_code == 404


def test_hostile_and_broken_texts_are_shown_as_text(author: Person, draft: Draft) -> None:
    client = signed_in(author)
    for text in (
        HOSTILE,
        OWN.replace("Lost telephone", f'"{HOSTILE}"'),
        "a: &x [1]\nb: [*x, *x]\n",
        "[" * 500,
        "steps: 5\n",
        "steps: [1, {key: 2}]\n",
    ):
        page = client.post(
            f"/playbooks/drafts/{draft.pk}/look/", opened(client, draft) | {"text": text}
        ).content.decode()
        assert "<script>alert" not in page
        assert "onerror=alert(1)>" not in page
        draft.refresh_from_db()
        assert draft.text == text
        assert client.get(f"/playbooks/drafts/{draft.pk}/").status_code == 200
        assert client.get("/playbooks/").status_code == 200


def test_a_cacao_document_becomes_a_draft_and_says_what_was_left(author: Person) -> None:
    text = (Path(__file__).parents[2] / "samples" / "cacao" / "block-an-address.json").read_bytes()
    answer = signed_in(author).post("/playbooks/import/", {"file": SimpleUploadedFile("block.json", text)})
    draft = Draft.objects.get(name="block-an-address")
    assert f"/playbooks/drafts/{draft.pk}/" in answer.content.decode()
    assert "gateway 192.0.2.1" in draft.text


@pytest.mark.parametrize("text", [b"", b"{", b'{"type": "bundle"}'])
def test_what_is_no_cacao_document_is_said_and_begins_nothing(author: Person, text: bytes) -> None:
    answer = signed_in(author).post("/playbooks/import/", {"file": SimpleUploadedFile("x.json", text)})
    assert answer.status_code in {403, 422}
    assert not Draft.objects.exists()


def test_a_playbook_goes_out_in_the_language_of_the_reader(author: Person) -> None:
    answer = signed_in(author, "ja").get("/playbooks/ransomware/cacao/")
    assert answer.json()["name"] == "ランサムウェアとデータの恐喝"


def test_who_reviews_does_not_become_a_writer_by_touching_a_key(author: Person, reviewer: Person, draft: Draft) -> None:
    one, other = signed_in(author), signed_in(reviewer)
    one.post(f"/playbooks/drafts/{draft.pk}/ask/", opened(one, draft))
    page = other.post(
        f"/playbooks/drafts/{draft.pk}/look/", opened(other, draft) | {"text": f"x{OWN}"}
    ).content.decode()
    assert "nothing is kept by itself" in page
    draft.refresh_from_db()
    assert (draft.state, draft.writers, draft.text) == ("in_review", ["sato"], OWN)
    other.post(f"/playbooks/drafts/{draft.pk}/save/", opened(other, draft) | {"text": f"{OWN}# mine\n"})
    draft.refresh_from_db()
    assert (draft.state, draft.writers) == ("draft", ["sato", "suzuki"])


def test_a_draft_is_simulated_from_its_page_and_reviewers_see_how_it_went(
    author: Person, reviewer: Person, draft: Draft
) -> None:
    one, other = signed_in(author), signed_in(reviewer)
    here = f"/playbooks/drafts/{draft.pk}/"
    assert one.post(f"{here}simulate/", opened(one, draft) | {"f.title.en": "Ask who"}).status_code == 302
    row = Rehearsal.objects.get()
    assert "Ask who" in row.text
    assert 'hx-trigger="every 5s"' in one.get(here, {"part": "simulation"}).content.decode()
    report = {"traces": [{"way": "found-again", "mismatches": [], "beats": []}], "uncovered": ["2.1"]}
    Rehearsal.objects.update(state="passed", ended_at=timezone.now(), ways=1, report=report)
    draft.refresh_from_db()
    one.post(f"{here}ask/", opened(one, draft))
    page = other.get(here).content.decode()
    for said in ("found-again", "No way reaches", f"?of={row.pk}"):
        assert said in page
    assert other.post(f"{here}simulate/").status_code == 302
    assert Rehearsal.objects.filter(state="waiting", asked_by="suzuki").exists()


def test_where_a_key_is_named_an_unsigned_document_begins_nothing(author: Person) -> None:
    text = (Path(__file__).parents[2] / "samples" / "cacao" / "automation.json").read_bytes()
    client = signed_in(author)
    for keys, said in (("nonsense", "cannot be read"), (KEY, "carries no signature")):
        answer = client.post("/playbooks/import/", {"file": SimpleUploadedFile("x.json", text), "keys": keys})
        assert answer.status_code == 403
        assert said in answer.content.decode()
    assert not Draft.objects.exists()
    assert (
        "Go on with the draft"
        in client.post("/playbooks/import/", {"file": SimpleUploadedFile("x.json", text)}).content.decode()
    )
