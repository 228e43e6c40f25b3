"""The ledger through the API: whole, in order, and its damage named."""

from __future__ import annotations

from doors.api.caller import Caller
from hikeshi.custody.proof import check_proof, read_proof
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import checkpoints
from hikeshi.desk.ledger.models import Checkpoint, Entry, Tile


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


def test_a_chain_is_signed_read_and_proven(on_it: Caller, incident: Incident) -> None:
    made = on_it.post(f"/ledger/{incident.name}/checkpoints", {}, 201)
    assert on_it.get(f"/ledger/{incident.name}/checkpoints/{made['entries']}") == made
    [listed] = on_it.get(f"/ledger/{incident.name}/checkpoints")["items"]
    assert listed == {name: made[name] for name in listed}
    told = on_it.get(f"/ledger/{incident.name}/proofs/1")
    proven = check_proof(read_proof(told["proof"]), checkpoints.publics())
    assert (proven.ok, proven.size) == (True, made["entries"])
    assert on_it.get(f"/ledger/{incident.name}/consistency/1")["proof"].startswith("old 1\n")


def test_what_is_signed_is_verified_with_the_chain(on_it: Caller, incident: Incident) -> None:
    on_it.post(f"/ledger/{incident.name}/checkpoints", {}, 201)
    assert on_it.get(f"/ledger/{incident.name}/verify")["checkpoints"] == 1
    Checkpoint.objects.filter(chain__name=incident.name).update(root="ab" * 32)
    verdict = on_it.get(f"/ledger/{incident.name}/verify")
    assert {problem["kind"] for problem in verdict["problems"]} == {"note", "root"}


def test_what_is_not_whole_is_not_signed(on_it: Caller, incident: Incident) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=2).update(actor="somebody else")
    refused = on_it.post(f"/ledger/{incident.name}/checkpoints", {}, 403)
    assert "not whole" in refused["error"]


def test_who_is_not_on_the_incident_gets_neither_checkpoint_nor_proof(
    on_it: Caller, off_it: Caller, observer: Caller, incident: Incident
) -> None:
    on_it.post(f"/ledger/{incident.name}/checkpoints", {}, 201)
    for who in (off_it, observer):
        who.post(f"/ledger/{incident.name}/checkpoints", {}, 404)
        for rest in ("checkpoints", "checkpoints/3", "proofs/1", "consistency/1"):
            who.get(f"/ledger/{incident.name}/{rest}", 404)


def test_what_was_never_signed_has_no_proof(on_it: Caller, incident: Incident) -> None:
    assert "checkpoint" in on_it.get(f"/ledger/{incident.name}/proofs/1", 403)["hint"]
    on_it.get(f"/ledger/{incident.name}/checkpoints/99999999999999999999", 404)


def test_damaged_tiles_are_made_again_by_who_commands(on_it: Caller, commander: Caller, incident: Incident) -> None:
    on_it.post(f"/ledger/{incident.name}/checkpoints", {}, 201)
    Tile.objects.filter(chain__name=incident.name).update(hashes=b"")
    on_it.post(f"/ledger/{incident.name}/rebuild", {}, 403)
    assert commander.post(f"/ledger/{incident.name}/rebuild")["tiles_replaced"] == 1
    assert on_it.get(f"/ledger/{incident.name}/verify")["ok"]
