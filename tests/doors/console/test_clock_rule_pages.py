"""The pages of deadline rules: anybody with a part in an incident may read them, and a try records nothing."""

from __future__ import annotations

from doors.console.house import House, signed_in
from hikeshi.desk.ledger.models import Entry


def test_a_rule_is_tried_with_times_of_ones_own_and_nothing_is_recorded(house: House) -> None:
    before = Entry.objects.count()
    answer = signed_in(house.responder).get("/clocks/jp-appi-final/", {"appi_known_on": "2026-11-02"})
    assert "2026-12-01 23:59 JST" in answer.content.decode()
    assert Entry.objects.count() == before


def test_a_wrong_time_is_named_and_kept(house: House) -> None:
    answer = signed_in(house.responder).get("/clocks/jp-appi-final/", {"appi_known_on": "2026-11-02T10:00"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "has no time zone" in text
    assert 'value="2026-11-02T10:00"' in text


def test_rules_of_one_jurisdiction_hold_no_others(house: House) -> None:
    text = signed_in(house.responder).get("/clocks/?jurisdiction=US").content.decode()
    assert "us-ca-ag" in text
    assert "jp-appi-final" not in text


def test_who_has_no_part_in_anything_sees_no_rules(house: House) -> None:
    outsider = signed_in(house.outsider)
    assert outsider.get("/clocks/").status_code in {200, 404}
    assert signed_in(house.responder).get("/clocks/no-such-rule/").status_code == 404
