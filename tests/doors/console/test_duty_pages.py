"""The duties of an incident in the console: said by those who may, refused with what was typed kept, escaped always."""

from __future__ import annotations

from doors.console.house import House, signed_in
from hikeshi.desk.duties.models import Decision, Fact, Filing, Moment


def at(house: House, act: str = "") -> str:
    return f"/incidents/{house.incident.name}/duties/{act}{'/' if act else ''}"


def test_a_responder_records_a_moment_and_a_commander_decides(house: House) -> None:
    typed = {"key": "aware_at", "when": "2026-11-07T02:38+09:00", "note": "the call"}
    assert signed_in(house.responder).post(at(house, "record"), typed).status_code == 302
    assert Moment.objects.filter(note="the call").exists()
    decision = {"rule": "eu-nis2-early-warning", "answer": "applies", "reason": "we are an important entity"}
    assert signed_in(house.responder).post(at(house, "decide"), decision).status_code == 403
    assert signed_in(house.commander).post(at(house, "decide"), decision).status_code == 302
    page = signed_in(house.responder).get(at(house)).content.decode()
    assert "NIS2: early warning" in page
    assert "we are an important entity" in page


def test_claims_that_differ_are_shown_with_the_one_that_counts(house: House) -> None:
    for when in ("2026-11-05", "2026-11-03"):
        signed_in(house.responder).post(at(house, "record"), {"key": "appi_known_on", "when": when})
    page = signed_in(house.responder).get(at(house)).content.decode()
    assert "Different times are claimed for" in page
    assert '2026-11-03</span> <span class="badge badge-green">deadlines count from this' in page
    assert '2026-11-05</span> <span class="badge badge-line">an earlier one counts' in page


def test_a_filing_is_noted_and_never_sent(house: House) -> None:
    typed = {"rule": "jp-appi-preliminary", "at": "", "channel": "web form", "reference": "R-7", "proof": "EV-001"}
    assert signed_in(house.responder).post(at(house, "file"), typed).status_code == 302
    assert Filing.objects.get(reference="R-7").late_by_us == 0


def test_what_was_typed_is_kept_when_it_is_refused(house: House) -> None:
    answer = signed_in(house.responder).post(
        at(house, "record"), {"key": "aware_at", "when": "yesterday", "note": "kept"}
    )
    assert answer.status_code == 403
    text = answer.content.decode()
    assert 'value="yesterday"' in text
    assert 'value="kept"' in text


def test_who_is_not_on_the_incident_sees_and_changes_nothing(house: House) -> None:
    before = Decision.objects.count()
    for stranger in (house.other, house.outsider):
        browser = signed_in(stranger)
        assert browser.get(at(house)).status_code == 404
        assert browser.post(at(house, "decide"), {"rule": "eu-gdpr-33-authority"}).status_code == 404
    assert Decision.objects.count() == before


def test_a_claim_of_another_incident_cannot_be_taken_back(house: House) -> None:
    for claim in ("999999", "x", ""):
        answer = signed_in(house.commander).post(at(house, "withdraw"), {"claim": claim, "reason": "x"})
        assert answer.status_code == 403
    assert signed_in(house.commander).post(at(house, "burn")).status_code == 404


def test_an_item_of_a_report_is_written_and_a_second_writer_keeps_both_texts(house: House) -> None:
    address = at(house) + "jp-appi-preliminary/draft/"
    typed = {
        "content": "C-APPI",
        "item": "3",
        "version": "0",
        "certainty": "investigating",
        "en": "Counting",
        "ja": "集計中",
    }
    assert signed_in(house.responder).post(address, typed).status_code == 302
    answer = signed_in(house.commander).post(address, {**typed, "en": "About 1,240"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "About 1,240" in text
    assert "Counting" in text


def test_the_draft_is_taken_away_as_a_file_in_either_language(house: House) -> None:
    for language, words in (("en", "Draft, not sent"), ("ja", "草案(未送付)")):
        answer = signed_in(house.responder).get(at(house) + f"jp-appi-preliminary/draft/{language}/")
        assert words in answer.content.decode()
        assert answer["Content-Type"] == "application/octet-stream"
    assert signed_in(house.responder).get(at(house) + "jp-appi-preliminary/draft/fr/").status_code == 404
    assert signed_in(house.responder).get(at(house) + "response.sev1/draft/").status_code == 404
    assert signed_in(house.other).get(at(house) + "jp-appi-preliminary/draft/").status_code == 404


def test_facts_are_said_by_a_form_and_only_what_has_changed_is_written(house: House) -> None:
    url = f"/incidents/{house.incident.name}/facts/"
    browser = signed_in(house.responder)
    assert browser.post(url, {"personal_data": "yes", "persons_eu": "yes", "insider": ""}).status_code == 302
    assert browser.post(url, {"personal_data": "yes", "persons_eu": "yes"}).status_code == 302
    rows = Fact.objects.filter(chain__name=house.incident.name)
    assert sorted(rows.values_list("key", flat=True)) == ["personal_data", "persons_eu"]
    assert browser.post(url, {"insider": "unknown"}).status_code == 302
    assert rows.get(key="insider").answer == "unknown"
    page = browser.get(at(house)).content.decode()
    assert "GDPR art. 33" in page
    assert signed_in(house.other).post(url, {"personal_data": "no"}).status_code == 404


def test_what_the_organisation_is_is_said_by_those_who_command(house: House) -> None:
    url = "/clocks/organisation/"
    assert signed_in(house.responder).get(url).status_code == 200
    assert signed_in(house.responder).post(url, {"listed_jp": "yes"}).status_code == 403
    assert signed_in(house.commander).post(url, {"listed_jp": "yes"}).status_code == 302
    assert signed_in(house.outsider).get(url).status_code == 404


def test_counsel_signs_a_rule_and_takes_it_back(house: House) -> None:
    browser, url = signed_in(house.commander), "/clocks/ca-qc/"
    assert "Record the sign-off" in browser.get(url).content.decode()
    assert browser.post(url, {"counsel": "K. Ito", "note": "read"}).status_code == 302
    assert "K. Ito" in browser.get(url).content.decode()
    assert browser.post(url, {"act": "withdraw", "reason": ""}).status_code == 403
    assert browser.post(url, {"act": "withdraw", "reason": "amended"}).status_code == 302
    assert signed_in(house.responder).post(url, {"counsel": "x"}).status_code == 403


def test_a_common_form_and_a_customer_notice_are_drafted(house: House) -> None:
    browser, root = signed_in(house.responder), f"/incidents/{house.incident.name}/duties"
    assert "Ransom note" in browser.get(f"{root}/jp-form-ransomware/draft/").content.decode()
    typed = {
        "content": "C-COMMON",
        "item": "1",
        "version": "0",
        "certainty": "suspected",
        "en": "CVE-2026-1234 was used from 203.0.113.7",
        "ja": "",
        "sources": "",
    }
    assert browser.post(f"{root}/customer-notice/draft/", typed).status_code == 302
    assert "203.0.113.7" in browser.get(f"{root}/customer-notice/draft/").content.decode()
    assert browser.get(f"{root}/customer-notice/draft/ja/").status_code == 200
