"""Evidence and timelines at the keyboard, on real files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from doors.cli.typed import Keyboard
from hikeshi.desk.evidence import verbs
from hikeshi.desk.incidents.models import Incident

SAMPLES = Path(__file__).parents[2] / "samples"


def test_a_file_is_sealed_listed_shown_and_checked(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"page")
    made = admin.json("evidence", "add", incident.name, tmp_path / "page.html")
    assert (made["name"], made["title"], made["sha256"]) == ("EV-001", "page.html", hashlib.sha256(b"page").hexdigest())
    assert len(admin.json("evidence", "list", incident.name)) == 1
    assert admin.json("evidence", "verify", incident.name, "EV-001")[0]["result"] == "match"
    custody = admin.json("evidence", "show", incident.name, "ev-001")["custody"]
    assert [line["verb"] for line in custody] == ["evidence.seal", "evidence.verify"]


def test_a_changed_byte_is_4_and_a_lost_file_1(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"as it was, for this test only")
    made = admin.json("evidence", "add", incident.name, tmp_path / "a")
    held = verbs.locker().path(made["sha256"])
    held.chmod(0o644)
    held.write_bytes(b"as it is")
    assert admin.json("evidence", "verify", incident.name, code=4)[0]["result"] == "mismatch"
    held.unlink()
    assert admin.json("evidence", "verify", incident.name, code=1)[0]["result"] == "could-not-check"


def test_what_is_not_there_is_not_sealed(admin: Keyboard, incident: Incident) -> None:
    assert admin("evidence", "add", incident.name, "/nowhere/x").code == 3
    assert admin.json("evidence", "list", incident.name) == []
    assert admin("evidence", "show", incident.name, "EV-009").code == 3


def test_logs_become_one_timeline_that_is_asked(admin: Keyboard, incident: Incident) -> None:
    told = admin.json("timeline", "build", incident.name, "main", SAMPLES / "cloudtrail" / "s3.json")
    assert told["evidence"] == ["EV-001"]
    assert told["unreadable_count"] == 0
    rows = admin("timeline", "show", incident.name, "main", "--limit", 0, "--json").lines
    assert len(rows) == told["events"] > 0
    assert [row["ts"] for row in rows] == sorted(row["ts"] for row in rows)
    one = admin("timeline", "show", incident.name, "main", "--where", f"action={rows[0]['action']}", "--json").lines
    assert {row["action"] for row in one} == {rows[0]["action"]}
    bars = admin.json("timeline", "histogram", incident.name, "main", "--buckets", 5)
    assert sum(bar["count"] for bar in bars) == told["events"]
    marked = admin.json(
        "timeline", "mark", incident.name, "main", "attacker", f"action={rows[0]['action']}", "--reason", "theirs"
    )
    assert marked["events"] == len(one)
    assert admin.json("timeline", "marks", incident.name, "main") == [marked]
    assert admin("timeline", "unmark", incident.name, "main", marked["mark"], "--reason", "mistaken").code == 0
    assert admin.json("timeline", "marks", incident.name, "main") == []
    first = admin.json("timeline", "suspects", incident.name, "main")[0]
    accused = admin.json("timeline", "accuse", incident.name, "main")
    assert {row["value"] for row in accused} == {first["address"], first["principal"]}
    (listed,) = admin.json("timeline", "list", incident.name)
    assert (listed["state"], listed["events"]) == ("ready", told["events"])


def test_sealed_evidence_is_named_and_damage_is_5(admin: Keyboard, incident: Incident) -> None:
    admin.json("evidence", "add", incident.name, SAMPLES / "vpcflow" / "damaged.log")
    told = admin.json("timeline", "build", incident.name, "flows", "EV-001", code=5)
    assert told["evidence"] == ["EV-001"]
    assert told["unreadable_count"] > 0
    assert told["events"] > 0


def test_wrong_questions_are_refused_not_run(admin: Keyboard, incident: Incident) -> None:
    admin.json("timeline", "build", incident.name, "main", SAMPLES / "cloudtrail" / "s3.json")
    for where in ("nope=1", "action", "1=1; DROP TABLE x=1"):
        assert admin("timeline", "show", incident.name, "main", "--where", where).code == 3
    assert admin("timeline", "show", incident.name, "main", "--from", "2026-01-01").code == 2
    assert admin("timeline", "show", incident.name, "absent").code == 3
    assert admin("timeline", "mark", incident.name, "main", "friend", "action=x", "--reason", "x").code == 3


def test_a_bundle_is_exported_verified_and_a_changed_one_is_4(
    admin: Keyboard, incident: Incident, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_bytes(b"page")
    admin.json("evidence", "add", incident.name, tmp_path / "page.html")
    told = admin.json(
        "evidence", "export", incident.name, "--out", tmp_path / "b.zip", "--case", tmp_path / "case.jsonld"
    )
    assert told["items"] == ["EV-001"]
    assert b"exhibitNumber" in (tmp_path / "case.jsonld").read_bytes()
    seen = admin.json("custody", "verify", tmp_path / "b.zip", "--key", told["signed_by"])
    assert seen["result"] == "match"
    assert admin("evidence", "export", incident.name, "--out", tmp_path / "b.zip").code == 3
    assert admin("evidence", "export", incident.name, "--out", tmp_path / "c", "--record", "some").code == 2
    assert admin("evidence", "export", incident.name, "--out", tmp_path / "c", "--without-bytes", "all").code == 0
    (tmp_path / "c" / "manifest.json").chmod(0o644)
    (tmp_path / "c" / "manifest.json").write_bytes(b"{}")
    assert admin("custody", "verify", tmp_path / "c").code == 4
    assert admin("custody", "verify", tmp_path / "page.html").code == 5


def test_further_hashes_and_what_was_there_before_are_said(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"MZ")
    add = ("evidence", "add", incident.name, tmp_path / "x", "--also", "sha512,blake3", "--twice")
    assert admin.json(*add)["sha512"] == hashlib.sha512(b"MZ").hexdigest()
    assert "2 of 2 bytes were in the locker already" in admin(*add).err
    assert admin(*add[:4], "--also", "md5").code == 3


def test_the_content_of_what_is_no_image_could_not_be_checked(
    admin: Keyboard, incident: Incident, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(b"x")
    admin.json("evidence", "add", incident.name, tmp_path / "x")
    (row,) = admin.json("evidence", "verify", incident.name, "--content", code=1)
    assert (row["result"], "no E01" in row["reason"]) == ("could-not-check", True)


def test_a_bundle_is_taken_in_with_a_signed_receipt(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"page")
    admin.json("evidence", "add", incident.name, tmp_path / "page.html")
    admin.json("evidence", "export", incident.name, "--out", tmp_path / "b.zip")
    told = admin.json("evidence", "import", tmp_path / "b.zip", "--receipt", tmp_path / "receipt.json")
    assert (told["result"], [item["title"] for item in told["items"]][1:]) == ("match", ["page.html"])
    assert (tmp_path / "receipt.json").read_text() == told["receipt"]
    assert len((tmp_path / "receipt.json.sig").read_bytes()) == 64
    assert admin("evidence", "import", tmp_path / "b.zip", "--incident", told["incident"]).code == 3
    assert admin("evidence", "import", tmp_path / "b.zip", "--receipt", tmp_path / "receipt.json").code == 3
