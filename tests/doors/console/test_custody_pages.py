"""Custody on the evidence page: every form, what it shows afterwards, and what a refused one keeps."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from doors.console.house import House, as_actor, person, signed_in
from hikeshi.desk.evidence import keeping, record, transfers, verbs as evidence
from hikeshi.desk.evidence.models import Item


def root(house: House, item: str = "") -> str:
    return f"/incidents/{house.incident.name}/evidence/{item or house.item.name}/"


def act(house: House, client: Client, name: str, **typed: Any) -> str:
    return client.post(f"{root(house)}act/{name}/", typed, follow=True).content.decode()


def fresh(house: House) -> Item:
    return Item.objects.get(pk=house.item.pk)


def last(house: House) -> str:
    return evidence.custody(house.item)[-1].verb


def test_a_file_is_sealed_with_what_is_said_of_it(house: House) -> None:
    said = {
        "title": "Disk", "kind": "file", "collector": "sato", "began_at": "2026-11-07T02:41:10", "clock_source": "NTP",
        "clock_offset_us": "-0.25", "sensitivity": "normal", "tlp": "amber",
    }  # fmt: skip
    client = signed_in(house.responder)
    answer = client.post(
        f"/incidents/{house.incident.name}/evidence/add/",
        {"file": SimpleUploadedFile("../d.img", b"disk"), **said},
        follow=True,
    )
    made = Item.objects.latest("pk")
    assert made.sha256 == hashlib.sha256(b"disk").hexdigest()
    assert (made.collector, made.clock_offset_us, made.tlp, made.source) == ("sato", -250_000, "amber", "upload: d.img")
    assert f"{made.name} is sealed" in answer.content.decode()


def test_a_refused_form_keeps_what_was_typed(house: House) -> None:
    client = signed_in(house.responder)
    text = act(house, client, "describe", owner="Sales", clock_offset_us="soon", version="999999")
    assert "is not a number of seconds" in text
    assert 'value="Sales"' in text
    text = client.post(f"/incidents/{house.incident.name}/evidence/add/", {"title": "No file"}).content.decode()
    assert "No file was sent" in text
    assert 'value="No file"' in text


def test_the_record_is_filled_corrected_and_taken_back(house: House) -> None:
    client, version = signed_in(house.responder), record.version(house.item)
    assert "The record is up to date" in act(house, client, "describe", owner="Sales", version=version)
    text = act(house, client, "describe", owner="Finance", reason="misread", version=version)
    assert "Saved: owner: Sales. Yours: owner: Finance" in text
    act(house, client, "describe", owner="Finance", reason="misread", version=record.version(house.item))
    assert (fresh(house).owner, last(house)) == ("Finance", "evidence.correct")
    act(house, client, "clear", field="owner", reason="nobody knows")
    assert fresh(house).owner == ""


def test_sending_the_form_as_it_was_shown_changes_nothing(house: House) -> None:
    client = signed_in(house.responder)
    record.describe(house.item, actor=as_actor(house.responder), fields={"clock_offset_us": 1_500_000, "tool": "dd"})
    shown = client.get(root(house)).content.decode()
    form = shown[shown.index('id="describe"') : shown.index('id="item-note"')]
    typed = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    before = last(house)
    act(house, client, "describe", **typed)
    assert (typed["clock_offset_us"], last(house)) == ("1.5", before)


def test_a_working_copy_is_noted_with_its_own_time(house: House) -> None:
    client = signed_in(house.responder)
    said = {
        "kind": "copy",
        "text": "to disk B",
        "purpose": "search",
        "occurred_at": "2026-11-07T03:00:00",
        "time_source": "wrist watch",
    }
    text = act(house, client, "note", **said)
    assert "wrist watch" in text
    assert last(house) == "evidence.copy"


def test_an_offer_shows_its_link_once_and_the_line_is_broken_until_it_is_answered(house: House) -> None:
    client = signed_in(house.responder)
    text = client.post(
        f"{root(house)}transfers/", {"receiver": "Outside lab", "purpose": "analysis", "means": "link"}
    ).content.decode()
    found = re.search(r"http://127.0.0.1:8000/handover/([\w-]+)/", text)
    assert found
    again = client.get(root(house)).content.decode()
    assert found[1] not in again
    for words in ("custody-gap", "custody-wait", "Waiting for Outside lab", "offered to Outside lab", "2 in transfer"):
        assert words in again
    assert "The offer is withdrawn" in act(house, client, "withdraw", reason="wrong lab")


def test_on_paper_a_sheet_is_printed_signed_and_filed(house: House) -> None:
    client = signed_in(house.responder)
    offer = {"receiver": "Outside lab", "purpose": "analysis", "means": "paper"}
    sheet = client.post(f"{root(house)}transfers/", offer, follow=True)
    assert sheet.redirect_chain[0][0].endswith("/sheet/")
    assert house.item.sha256 in sheet.content.decode()
    signed = {"signed_by": "Dr. Kim", "sha256": house.item.sha256, "scan": SimpleUploadedFile("scan.pdf", b"%PDF")}
    assert "signed sheet is sealed" in act(house, client, "paper", **signed)
    assert fresh(house).held_by == "Outside lab"
    assert "This is recorded" in act(house, client, "return", sha256="0" * 64)
    assert "back in the locker" in act(house, client, "return", file=SimpleUploadedFile("x", _content(house)))


def _content(house: House) -> bytes:
    with evidence.locker().open(house.item.sha256) as stream:
        return stream.read()


def test_a_receiver_with_an_account_accepts_on_the_page(house: House) -> None:
    transfers.offer(house.item, actor=as_actor(house.responder), receiver="kondo", purpose="analysis")
    client = signed_in(house.commander)
    assert "This is offered to you" in client.get(root(house)).content.decode()
    assert "This is offered to you" not in signed_in(house.responder).get(root(house)).content.decode()
    assert "You have taken it over" in act(house, client, "accept", sha256=house.item.sha256)
    transfers.give_back(fresh(house), house.item.sha256, actor=as_actor(house.responder))
    transfers.offer(fresh(house), actor=as_actor(house.responder), receiver="kondo", purpose="analysis")
    assert "You have refused it" in act(house, client, "refuse", reason="on leave")


def test_holds_days_and_the_end_by_two(house: House) -> None:
    client = signed_in(house.commander)
    assert "legal hold stands" in act(house, client, "hold", reason="LH-12")
    assert "under a legal hold: LH-12" in act(house, client, "dispose", method="deletion", reason="over")
    assert "hold is lifted" in act(house, client, "unhold", hold=keeping.holds_on(house.item)[0].pk, reason="settled")
    assert "retention date is set" in act(house, client, "retain", until="2999-01-01", reason="contract")
    assert "kept until 2999-01-01" in act(house, client, "dispose", method="deletion", reason="over")
    act(house, client, "retain", until="", reason="no contract")
    assert "is asked for" in act(house, client, "dispose", method="deletion", reason="over")
    assert "takes two people" in act(house, client, "dispose_approve")
    second = signed_in(person("ueda", "commander"))
    assert "disposal is refused" in act(house, second, "dispose_refuse", reason="appeal")
    act(house, client, "dispose", method="deletion", reason="over")
    assert "The bytes are removed" in act(house, second, "dispose_approve")
    assert "Disposed of" in client.get(root(house)).content.decode()


def test_only_what_one_may_do_is_offered(house: House) -> None:
    shown = signed_in(house.responder).get(root(house)).content.decode()
    assert 'id="describe"' in shown
    assert 'id="keeping"' not in shown
    assert signed_in(house.responder).post(f"{root(house)}act/hold/", {"reason": "x"}).status_code == 403


def test_looking_at_what_is_sensitive_is_kept(house: House) -> None:
    record.describe(house.item, actor=as_actor(house.responder), fields={"sensitivity": "sensitive"})
    client = signed_in(house.commander)
    for _ in range(2):
        client.get(root(house))
    assert [entry.actor for entry in evidence.custody(house.item) if entry.verb == "evidence.read"] == ["kondo"]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_gaps_are_listed_in_the_reader_s_language(house: House, language: str) -> None:
    text = signed_in(house.responder, language).get(root(house)).content.decode()
    assert {"en": "Name the collector.", "ja": "収集者を記入する。"}[language] in text


def test_an_act_that_is_none_is_not_found(house: House) -> None:
    assert signed_in(house.responder).post(f"{root(house)}act/destroy/").status_code == 404
