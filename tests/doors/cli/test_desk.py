"""The straight line at the keyboard: alert, incident, roles, board, steps, ledger, reports."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.doors.cli.texts import TEXTS
from tests_findings import finding

TRAIL = Path(__file__).parents[2] / "samples" / "cloudtrail" / "s3.json"


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    path = tmp_path / "finding.json"
    path.write_bytes(finding())
    return path


def test_what_somebody_noticed_is_written_down(observer: Keyboard, admin: Keyboard) -> None:
    kept = observer.json("alert", "report", "A strange mail", "--device", "PC-0123")
    assert admin.json("alert", "show", kept["alerts"][0])["title"] == f"{kept['number']}: A strange mail"


def test_an_alert_comes_in_is_listed_shown_and_judged(admin: Keyboard, payload: Path) -> None:
    kept = admin.json("alert", "ingest", payload)
    assert [row["name"] for row in admin.json("alert", "list", "--waiting")] == kept["alerts"]
    assert admin.json("alert", "show", kept["alerts"][0])["instance_id"] == "i-0abc"
    shown = admin.json("alert", "triage", kept["alerts"][0], "--verdict", "test", "--reason", "a drill")
    assert shown["verdict"] == "test"
    assert admin.json("alert", "list", "--waiting") == []


def test_a_payload_from_standard_input_that_is_nonsense_is_kept_and_5(
    admin: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\x00nonsense")))
    kept = admin.json("alert", "ingest", "-", code=5)
    assert kept["problem"]


def test_a_file_that_is_not_there_is_told_plainly(admin: Keyboard) -> None:
    typed = admin("alert", "ingest", "/nowhere/x")
    assert typed.code == 1
    assert "/nowhere/x" in typed.err
    assert "Traceback" not in typed.err


def test_an_incident_from_declaration_to_reopening(admin: Keyboard, payload: Path) -> None:
    kept = admin.json("alert", "ingest", payload)
    made = admin.json("incident", "declare", "Miner", "--severity", 2, "--reason", "C2", "--alert", kept["alerts"][0])
    name = made["name"]
    assert admin.json("incident", "acknowledge", name)["status"] == "active"
    assert admin.json("incident", "severity", name, 1, "--reason", "worse")["severity"] == 1
    assert admin.json("incident", "phase", name, "containment")["phases"][-1]["phase"] == "containment"
    assert admin.json("incident", "phase", name, "containment", "--leave")["phases"][-1]["left_at"]
    assert admin("incident", "note", name, "the owner is away").code == 0
    seen = admin.json("incident", "show", name)["version"]
    assert admin.json("incident", "summary", name, "Ours.", "--version", seen)["summary"] == "Ours."
    assert admin("incident", "summary", name, "Theirs.", "--version", seen).code == 3
    assert admin("incident", "close", name, "--reason", "").code == 3
    assert admin("incident", "close", name, "--reason", "over").code == 3
    shut = [one["gate"] for one in admin.json("incident", "gates", name) if one["open"]]
    overrides = [word for gate in shut for word in ("--override", f"{gate}=a drill")]
    assert admin.json("incident", "close", name, "--reason", "over", *overrides)["status"] == "closed"
    assert admin.json("incident", "list", "--status", "open") == []
    assert admin.json("incident", "reopen", name, "--reason", "again")["status"] == "active"
    assert "review.sev1" in [clock["rule"] for clock in admin.json("clocks", "list", name)]


def test_who_has_no_role_learns_nothing(responder: Keyboard, incident: Incident) -> None:
    there = responder("incident", "show", incident.name)
    absent = responder("incident", "show", "INC-1999-001")
    assert there.code == absent.code == 3
    assert there.err == absent.err.replace("INC-1999-001", incident.name)
    assert responder.json("incident", "list") == []
    assert responder.json("board")["incidents"] == []


def test_an_observer_may_not_triage_and_is_told_whom_to_ask(observer: Keyboard) -> None:
    typed = observer("alert", "list")
    assert typed.code == 3
    assert "administrator" in typed.err


def test_roles_are_given_and_shown(admin: Keyboard, incident: Incident) -> None:
    admin.json("contact", "add", "Okita / 沖田", "communications_lead", "--phone", "090-0000-0000")
    assert [row["name"] for row in admin.json("contact", "list")] == ["Okita / 沖田"]
    admin.json("role", "assign", incident.name, "communications_lead", "--contact", "Okita / 沖田")
    admin.json("role", "assign", incident.name, "incident_commander", "--user", "aoki")
    admin.json("role", "assign", incident.name, "communications_lead", "--user", "aoki")
    assert [row["person"] for row in admin.json("role", "who", incident.name)] == ["aoki", "aoki"]
    assert len(admin.json("role", "who", incident.name, "--past")) == 3
    assert admin("role", "assign", incident.name, "boss", "--user", "aoki").code == 3


def test_the_board_says_what_burns(admin: Keyboard, incident: Incident, payload: Path) -> None:
    admin.json("alert", "ingest", payload)
    board = admin.json("board")
    assert [len(board[name]) for name in ("incidents", "clocks", "approvals", "groups")] == [1, 3, 0, 1]
    shown = admin("board", "--lang", "ja").out
    assert "インシデント" in shown
    assert "SEV-2 高" in shown


def test_a_playbook_runs_and_its_steps_are_done_or_skipped(admin: Keyboard, incident: Incident) -> None:
    run = admin.json("playbook", "run", incident.name, "ransomware")
    steps = admin.json("playbook", "steps", incident.name, "--state", "open")
    assert admin.json("playbook", "done", incident.name, steps[0]["step"], "--note", "ok")["state"] == "done"
    skipped = admin.json(
        "playbook", "skip", incident.name, f"{run['run']}:{steps[1]['step'].partition(':')[2]}", "--reason", "none"
    )
    assert skipped["state"] == "skipped"
    assert admin("playbook", "done", incident.name, "9.9").code == 3
    assert admin("playbook", "run", incident.name, "nope").code == 3
    assert admin("playbook", "run", incident.name, "compromised-ec2", "--fact", "x=y").code == 2
    assert admin("playbook", "run", incident.name, "ransomware").code == 3  # once is enough, unless it is meant
    assert admin("playbook", "run", incident.name, "ransomware", "--again").code == 0


def test_the_record_is_read_and_its_damage_is_4_naming_the_entry(admin: Keyboard, incident: Incident) -> None:
    assert [row["chain"] for row in admin.json("audit", "log")] == [incident.name, "organisation"]
    entries = admin("audit", "log", incident.name, "--json").lines
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert len(admin("audit", "log", incident.name, "--after", 2, "--json").lines) == len(entries) - 2
    assert all(row["ok"] for row in admin.json("audit", "verify", "--all"))
    Entry.objects.filter(chain__name=incident.name, seq=2).update(actor="somebody else")
    (row,) = admin.json("audit", "verify", incident.name, code=4)
    assert [problem["seq"] for problem in row["problems"]] == [2]
    assert "2" in admin("audit", "verify", incident.name, "--lang", "ja").out
    assert admin("audit", "verify").code == 2


def test_reports_and_post_mortem_in_both_languages(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    english = admin("report", "build", incident.name)
    japanese = admin.json("report", "build", incident.name, "--lang", "ja")
    assert english.out.startswith("# ")
    assert "インシデント" in japanese["markdown"]
    admin.json("timeline", "build", incident.name, "main", TRAIL)
    admin.json("timeline", "mark", incident.name, "main", "attacker", "action=ListUsers", "--reason", "theirs")
    admin.json("postmortem", "start", incident.name, "--out", tmp_path / "review.html", "--lang", "ja")
    assert "<h1>" in (tmp_path / "review.html").read_text()
    assert admin.json("postmortem", "show", incident.name)["state"] == "draft"
    kinds = [(row["kind"], row["language"]) for row in admin.json("report", "list", incident.name)]
    assert kinds == [("post-mortem", "ja"), ("incident", "ja"), ("incident", "en")]


def test_a_post_mortem_nobody_began_is_refused_with_how_to(admin: Keyboard, incident: Incident) -> None:
    assert f"hikeshi postmortem start {incident.name}" in admin("postmortem", "show", incident.name).err


def test_standing_orders_are_given_and_listed(admin: Keyboard) -> None:
    words = ("--finding-type", "Backdoor:EC2/", "--playbook", "compromised-ec2", "--severity", 2)
    assert admin.json("order", "add", "C2", *words)["approved_by"] == "aoki"
    assert [row["name"] for row in admin.json("order", "list")] == ["C2"]
    assert admin("order", "add", "C2", *words).code == 2
    assert admin("order", "add", "x", "--finding-type", "x", "--playbook", "nope", "--severity", 2).code == 3


def test_what_people_see_is_in_their_language(
    admin: Keyboard, incident: Incident, payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = admin.json("alert", "ingest", payload)
    admin.json("contact", "add", "Okita", "communications_lead")
    admin.json("order", "add", "C2", "--finding-type", "xyz", "--playbook", "ransomware", "--severity", 2)
    admin.json("playbook", "run", incident.name, "ransomware")
    admin.json("timeline", "build", incident.name, "main", TRAIL)
    asked = words_asked(monkeypatch)
    name = incident.name
    for line in (
        "alert list", f"alert show {kept['alerts'][0]}", "audit log", f"audit log {name}", "audit verify --all", "board",
        f"clocks list {name}", "contact list", "doctor", f"evidence list {name}", f"evidence show {name} EV-001",
        f"evidence verify {name}", "incident list", f"incident show {name}", "order list", f"playbook steps {name}",
        f"contain plan {name} 1.1", f"report list {name}", f"role who {name}", f"timeline histogram {name} main",
        f"timeline list {name}", f"timeline show {name} main", f"timeline suspects {name} main", "token list", "user list",
    ):  # fmt: skip
        assert admin(*line.split(), "--lang", "ja").code == 0, line
    assert sorted({key for key in asked if key not in TEXTS}) == []


def test_one_name_and_two_windows_of_a_timeline(admin: Keyboard, incident: Incident) -> None:
    admin.json("timeline", "build", incident.name, "main", TRAIL)
    rows = admin("timeline", "show", incident.name, "main", "--json").lines
    row = next(row for row in rows if row["src_ip"])
    about = admin.json("timeline", "about", incident.name, "main", row["src_ip"])
    assert about["events"] >= 1
    assert about["first"] <= about["last"]
    windows = ("--before", "2000-01-01T00:00Z/2001-01-01T00:00Z", "--after", "2001-01-01T00:00Z/2100-01-01T00:00Z")
    changes = admin.json("timeline", "diff", incident.name, "main", "action", *windows)
    assert {change["kind"] for change in changes} == {"new"}
    wrong = admin("timeline", "diff", incident.name, "main", "action", "--before", "x", "--after", "y")
    assert wrong.code == 3
    assert "is not a window" in wrong.err


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_timeline_leaves_for_timesketch_and_that_is_recorded(
    admin: Keyboard, incident: Incident, tmp_path: Path, ending: str
) -> None:
    admin.json("timeline", "build", incident.name, "main", TRAIL)
    out = tmp_path / f"main.{ending}"
    done = admin.json("timeline", "export", incident.name, "main", "--out", out)
    assert done["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    shown = admin("timeline", "show", incident.name, "main", "--json", "--limit", "0").lines
    assert done["rows"] == len(shown)
    assert b"timestamp_desc" in out.read_bytes()
    last = Entry.objects.filter(chain__name=incident.name).latest("seq")
    assert (last.verb, done["sha256"] in last.data) == ("timeline.export", True)
    assert admin("timeline", "export", incident.name, "main", "--out", tmp_path / "x.xlsx").code == 2


def test_facts_are_said_and_rules_signed(admin: Keyboard) -> None:
    name = admin.json("incident", "declare", "Mail to the wrong people", "--severity", 3, "--reason", "r")["name"]
    admin.json("clocks", "say", "organisation", "persons_ca", "yes")
    assert admin.json("clocks", "say", name, "personal_data", "yes", "--note", "the list")["answer"] == "yes"
    assert "ca-qc" in [row["rule"] for row in admin.json("clocks", "propose", name)]
    assert {row["fact"]: row["answer"] for row in admin.json("clocks", "known", name)}["persons_ca"] == "yes"
    assert admin.json("clocks", "sign", "ca-qc", "--counsel", "K. Ito")["counsel"] == "K. Ito"
    assert [row["on"] for row in admin.json("clocks", "signed") if row["rule"] == "ca-qc"] == [True]
    assert admin.json("clocks", "unsign", "ca-qc", "--reason", "amended")["on"] is False
    assert admin("clocks", "say", name, "colour", "yes").code == 3


def test_duties_are_recorded_decided_and_filed(admin: Keyboard) -> None:
    name = admin.json("incident", "declare", "Mail to the wrong people", "--severity", 3, "--reason", "r")["name"]
    admin.json("clocks", "record", name, "appi_known_on=2026-11-02", "--note", "the call")
    told = admin.json("clocks", "decide", name, "jp-appi-final", "applies", "--reason", "over 1,000 persons")
    assert told["due_at"] == "2026-12-01T23:59:59+09:00"
    admin.json("clocks", "file", name, "jp-appi-final", "--at", "2026-11-20", "--proof", "receipt in the safe")
    everything = admin.json("clocks", "duties", name)
    assert everything["duties"][0]["state"] == "submitted"
    admin.json("clocks", "state", name, "C-APPI", "3", "--certainty", "investigating", "--ja", "集計中")
    assert "集計中" in admin("clocks", "draft", name, "jp-appi-final", "--lang", "ja").out
    claim = str(everything["moments"][0]["claim"])
    admin.json("clocks", "withdraw", name, claim, "--reason", "another matter")
    assert admin("clocks", "record", name, "aware_at=2026-11-07T10:00").code == 2


def test_an_action_that_no_playbook_foresaw(admin: Keyboard, payload: Path) -> None:
    kept = admin.json("alert", "ingest", payload)
    name = admin.json("incident", "declare", "C2", "--severity", 2, "--reason", "x", "--alert", kept["alerts"][0])[
        "name"
    ]
    assert "aws.ebs.snapshot_set" in [row["action"] for row in admin.json("contain", "advise", name)]
    words = ("contain", "add", name, "aws.ec2.mark", "--reason", "on the list")
    made = admin.json(*words, "--input", "instance_id=i-0123456789abcdef0")
    assert (made["action"], made["state"]) == ("aws.ec2.mark", "planning")
    assert "instance_id" in admin(*words, "--input", "instance_id=web-1").err
    assert "NAME=VALUE" in admin(*words, "--input", "web-1").err


def test_a_timeline_is_looked_at_before_it_is_deleted(admin: Keyboard, incident: Incident) -> None:
    admin.json("timeline", "build", incident.name, "main", TRAIL)
    admin.json("timeline", "mark", incident.name, "main", "attacker", "action=ListUsers", "--reason", "theirs")
    told = admin.json("timeline", "delete", incident.name, "main")
    assert (told["deleted"], told["needs_reason"], told["evidence"]) == (False, True, ["EV-001"])
    assert admin("timeline", "delete", incident.name, "main", "--confirm", "main").code == 3
    assert admin.json("timeline", "delete", incident.name, "main", "--confirm", "main", "--reason", "room")["deleted"]
    assert admin.json("timeline", "list", incident.name) == []
