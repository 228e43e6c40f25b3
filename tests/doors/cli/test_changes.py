"""Editing, linking, merging, secrecy and counsel at the command line."""

from __future__ import annotations

from doors.cli.typed import Keyboard
from hikeshi.desk.actor import system
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident


def test_both_texts_are_told_where_somebody_was_faster(admin: Keyboard, incident: Incident) -> None:
    seen = incident.version
    assert admin.json("incident", "edit", incident.name, "--title", "first")["title"] == "first"
    late = admin("incident", "edit", incident.name, "--title", "second", "--version", seen)
    assert late.code == 3
    assert "'first'" in late.err
    assert "'second'" in late.err
    assert admin("incident", "edit", incident.name).code == 2


def test_links_and_a_merge(admin: Keyboard, incident: Incident) -> None:
    other = incidents.declare("x", 3, actor=system("Hikeshi", "worker"), reason="r")
    admin.json("incident", "link", incident.name, other.name, "--kind", "duplicate")
    assert [row["kind"] for row in admin.json("incident", "link", incident.name)] == ["duplicate"]
    assert admin("incident", "unlink", incident.name, other.name, "--kind", "duplicate", "--reason", "r").code == 0
    admin.json("incident", "merge", incident.name, other.name, "--reason", "r")
    assert [row["name"] for row in admin.json("incident", "list", "--status", "open")] == [other.name]
    assert admin.json("incident", "unmerge", incident.name, "--reason", "r")["status"] == "declared"
    admin.json("incident", "acknowledge", incident.name)
    assert admin.json("incident", "status", incident.name, "resolved", "--reason", "r")["status"] == "resolved"


def test_secrecy(admin: Keyboard, incident: Incident) -> None:
    assert (
        admin.json("incident", "restrict", incident.name, "--reason", "r", "--code-name", "kawasemi")["kanji"] == "翡翠"
    )
    said = admin.json("incident", "quiet", incident.name, "--domain", "example.co.jp", "--unaware", "suzuki")
    assert (said["quiet"], said["unaware"], said["exposed_domains"]) == (True, "suzuki", ["example.co.jp"])
    assert "Quiet mode" in admin("incident", "show", incident.name).out
    assert admin("incident", "quiet", incident.name, "--off").code == 3
    assert not admin.json("incident", "quiet", incident.name, "--off", "--reason", "clean")["quiet"]
    assert [row["person"] for row in admin.json("incident", "access", incident.name)["access"]] == ["aoki"]
    assert admin("incident", "access", incident.name, "--force", "--reason", "r").code == 3
    assert not admin.json("incident", "unrestrict", incident.name, "--reason", "r")["restricted"]


def test_the_glass(admin: Keyboard, incident: Incident) -> None:
    Incident.objects.update(restricted=True, code_name="KIJI")
    assert admin("incident", "show", incident.name).code == 3
    assert admin.json("incident", "access", incident.name, "--force", "--reason", "nobody answers")["person"] == "aoki"
    assert admin("incident", "show", incident.name).code == 0


def test_counsel(admin: Keyboard, incident: Incident) -> None:
    admin.json("incident", "counsel", incident.name, "We knew in March.")
    assert [row["text"] for row in admin.json("incident", "counsel", incident.name)] == ["We knew in March."]
