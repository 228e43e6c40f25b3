"""An organisation's own playbooks through the API: three people, and what each of them sees."""

from __future__ import annotations

from doors.api.caller import Caller
from playbook_texts import OWN


def test_the_whole_way(on_it: Caller, off_it: Caller, commander: Caller) -> None:
    begun = on_it.post("/playbook-drafts", {"text": OWN}, 201)
    assert (begun["state"], begun["errors"], begun["needed"]) == ("draft", 0, 1)
    saved = on_it("patch", "/playbook-drafts/lost-telephone", {"text": OWN + "# more\n", "version": 1})
    assert saved.status_code == 200
    asked = on_it.post("/playbook-drafts/lost-telephone/ask", {"version": 2})
    said = {"digest": asked["digest"][:12], "yes": True}
    assert "written in it" in on_it.post("/playbook-drafts/lost-telephone/review", said, 403)["error"]
    assert off_it.post("/playbook-drafts/lost-telephone/review", said)["yes"] == ["suzuki"]
    assert off_it.post("/playbook-drafts/lost-telephone/publish", {"digest": asked["digest"]}, 403)["hint"]
    played = off_it.post("/playbook-drafts/lost-telephone/simulate", {}, 202)
    assert (played["simulated"], played["simulation"]["digest"]) == ("queued", asked["digest"])
    digest = {"digest": asked["digest"]}
    assert "queued" in commander.post("/playbook-drafts/lost-telephone/publish", digest, 403)["error"]
    made = commander.post("/playbook-drafts/lost-telephone/publish", digest | {"without": "No worker tonight."})
    assert made["without_why"] == "No worker tonight."
    assert (made["version"], made["reviewers"]) == (1, ["suzuki"])
    (row,) = [one for one in on_it.get("/playbooks") if one["name"] == "lost-telephone"]
    assert (row["origin"], row["signed"], row["signed_by"]) == ("published", "signed", made["key"])
    retired = commander.post("/playbooks/lost-telephone/versions/1/retire", {"reason": "Wrong number."})
    assert retired["retired_why"] == "Wrong number."
    assert [one["version"] for one in on_it.get("/playbooks/lost-telephone/versions")] == [1]
    assert "lost-telephone" not in {one["name"] for one in on_it.get("/playbooks")}
    assert on_it.get("/playbook-problems") == []


def test_a_conflict_is_409_and_a_draft_that_is_not_there_404(on_it: Caller, off_it: Caller) -> None:
    on_it.post("/playbook-drafts", {"text": OWN}, 201)
    assert off_it.post("/playbook-drafts", {"text": OWN}, 409)["error"]
    assert off_it("patch", "/playbook-drafts/lost-telephone", {"text": OWN + "#\n", "version": 7}).status_code == 409
    assert off_it.get("/playbook-drafts/nowhere", 404)["error"]
    assert off_it.post("/playbook-drafts/lost-telephone/review", {"digest": "", "yes": True}, 409)["hint"]
    assert off_it.post("/playbook-drafts/lost-telephone/withdraw", {"reason": "x"}, 403)["error"]
    assert on_it.post("/playbook-drafts/lost-telephone/withdraw", {"reason": "Not needed."})["state"] == "withdrawn"
    assert on_it.get("/playbook-drafts") == []
    assert on_it.post("/playbooks/lost-telephone/versions/1/retire", {"reason": "x"}, 404)["error"]


def test_outsiders_see_nothing(observer: Caller, on_it: Caller) -> None:
    on_it.post("/playbook-drafts", {"text": OWN}, 201)
    for path, status in (("/playbooks", 404), ("/playbook-drafts", 403), ("/playbook-drafts/lost-telephone", 403)):
        assert "lost" not in str(observer.get(path, status)).replace("lost-telephone'", "")


def test_a_broken_text_can_be_saved_and_says_its_line(on_it: Caller) -> None:
    on_it.post("/playbook-drafts", {"name": "our-own"}, 201)
    on_it("patch", "/playbook-drafts/our-own", {"text": "name: our-own\nsteps: [\n", "version": 1})
    answer = on_it.get("/playbook-drafts/our-own")
    assert answer["errors"] == 1
    assert answer["lint"][0]["line"] in {2, 3}
    assert on_it.post("/playbook-drafts/our-own/ask", {"version": 2}, 403)["hint"]
    for text in ("a: &x [1]\nb: *x\n", "[" * 100, "\ud800"):
        assert on_it("patch", "/playbook-drafts/our-own", {"text": text, "version": 2}).status_code in {
            200,
            403,
            409,
            422,
        }
