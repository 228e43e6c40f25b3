"""Deadlines over the API: the same answers as on the command line."""

from __future__ import annotations

from doors.api.caller import Caller


def test_a_deadline_is_computed_from_days_and_instants(on_it: Caller) -> None:
    asked = "moment=appi_known_on=2026-11-02&moment=filed_at=2026-12-02"
    told = on_it.get(f"/clocks/rules/jp-appi-final/due?{asked}")
    assert (told["state"], told["due_at"]) == ("submitted_late", "2026-12-01T23:59:59+09:00")


def test_a_rule_says_what_its_report_has_to_say(on_it: Caller) -> None:
    told = on_it.get("/clocks/rules/eu-gdpr-33-authority")
    assert told["recipient"]["ja"]
    assert [one["set"] for one in told["content"]] == ["C-GDPR33"] * 5


def test_an_unknown_rule_is_answered_with_the_nearest_name(on_it: Caller) -> None:
    assert "jp-appi-final" in on_it.get("/clocks/rules/jp-api-final", 403)["hint"]


def test_who_has_no_part_in_anything_is_told_nothing(observer: Caller) -> None:
    observer.get("/clocks/rules", 404)
