"""The ledger through the API: whole, in order, and its damage named."""

from __future__ import annotations

from doors.api.caller import Caller
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry


def test_a_whole_chain_is_said_to_be_whole(on_it: Caller, incident: Incident) -> None:
    verdict = on_it.get(f"/ledger/{incident.name}/verify")
    assert verdict["ok"]
    assert verdict["problems"] == []
    assert verdict["count"] == verdict["head"]["seq"] == Entry.objects.filter(chain__name=incident.name).count()


def test_an_edited_line_is_named_in_both_languages(on_it: Caller, incident: Incident) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=2).update(actor="somebody else")
    verdict = on_it.get(f"/ledger/{incident.name}/verify")
    assert not verdict["ok"]
    assert [problem["seq"] for problem in verdict["problems"]] == [2]
    assert verdict["problems"][0]["what"].keys() == {"en", "ja"}


def test_a_damaged_line_is_still_shown(on_it: Caller, incident: Incident) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=2).update(data="{broken")
    entries = on_it.get(f"/ledger/{incident.name}/entries")["items"]
    assert entries[1]["data"] == "{broken"


def test_the_organisation_is_for_those_who_read_everything(
    on_it: Caller, off_it: Caller, commander: Caller, incident: Incident
) -> None:
    assert [row["chain"] for row in commander.get("/ledger")] == [incident.name, "organisation"]
    assert [row["chain"] for row in on_it.get("/ledger")] == [incident.name]
    assert off_it.get("/ledger") == []
    commander.get("/ledger/organisation/entries")
    on_it.get("/ledger/organisation/entries", 404)
    off_it.get(f"/ledger/{incident.name}/verify", 404)


def test_entries_page_by_place(on_it: Caller, incident: Incident) -> None:
    first = on_it.get(f"/ledger/{incident.name}/entries?limit=1")
    assert (first["items"][0]["seq"], first["next"]) == (1, "1")
    second = on_it.get(f"/ledger/{incident.name}/entries?limit=1&after=1")
    assert second["items"][0]["prev"] == first["items"][0]["hash"]
