"""Evidence that leaves: on the record before the first byte, whole, checkable by strangers, and nothing of other incidents with it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from hikeshi.custody.bundle import stand_alone
from hikeshi.custody.bundle.checking import check
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import bundles, imports, record, verbs as evidence
from hikeshi.desk.evidence.bundles import Choice
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Failed, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=home)
    return home


@pytest.fixture
def held(incident: Incident, on_it: Actor, tmp_path: Path) -> Incident:
    """An incident with a file, a folder, and a red one."""
    evidence.seal_bytes(incident, b"memory", actor=on_it, title="memory", kind="memory", record={"tlp": "amber"})
    (tmp_path / "logs").mkdir()
    for name in ("a.log", "b.log"):
        (tmp_path / "logs" / name).write_text(name)
    evidence.seal_files(incident, [tmp_path / "logs"], actor=on_it, title="logs", kind="logs")
    evidence.seal_bytes(incident, b"secret", actor=on_it, title="keys", kind="file", record={"tlp": "red"})
    return incident


def export(incident: Incident, actor: Actor, target: Path, **choice: Any) -> dict[str, Any]:
    made = bundles.begin(incident, Choice(**choice), actor=actor)
    return bundles.write(made, target, lambda _count: None)


def manifest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return told


@pytest.mark.parametrize("record", ["whole", "custody"])
@pytest.mark.parametrize("name", ["b.zip", "b"])
def test_a_bundle_is_accepted_by_both_verifiers(
    held: Incident, on_it: Actor, tmp_path: Path, record: str, name: str
) -> None:
    told = export(held, on_it, tmp_path / name, record=record)
    verdict = check(tmp_path / name, key=told["signed_by"])
    assert verdict.outcome == "match", [one for one in verdict.findings if one.outcome != "match"]
    if name == "b":
        assert stand_alone.main([str(tmp_path / name), "--key", told["signed_by"]]) == 0


def test_it_is_on_the_record_before_the_first_byte_and_its_hash_after_the_last(held: Incident, on_it: Actor) -> None:
    made = bundles.begin(
        held, Choice(items=("ev-001",), recipient="K. Ito", purpose="report to the police"), actor=on_it
    )
    lines = list(Entry.objects.filter(chain__name=held.name, verb__startswith="evidence.export").order_by("seq"))
    assert [line.object for line in lines] == [held.name, "EV-001"]
    assert json.loads(lines[1].data)["recipient"] == "K. Ito"
    pieces = list(bundles.stream(made))
    last = Entry.objects.filter(chain__name=held.name).latest("seq")
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        import hashlib

        listed = hashlib.sha256(archive.read("MANIFEST.sha256")).hexdigest()
    assert (last.verb, json.loads(last.data)["manifest_sha256"]) == ("evidence.export_end", listed)


def test_a_stream_that_breaks_leaves_no_end_on_the_record(held: Incident, on_it: Actor) -> None:
    pieces = bundles.stream(bundles.begin(held, Choice(), actor=on_it))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert not Entry.objects.filter(verb="evidence.export_end").exists()


def test_nothing_of_another_incident_leaves(held: Incident, on_it: Actor, hikeshi: Actor, tmp_path: Path) -> None:
    other = incidents.declare("An unrelated secret matter", 1, actor=hikeshi, reason="x")
    evidence.seal_bytes(other, b"unrelated bytes", actor=hikeshi, title="unrelated title", kind="file")
    export(held, on_it, tmp_path / "b")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    for secret in (other.name, "unrelated"):
        assert secret.encode() not in everything
    assert [path.name for path in (tmp_path / "b" / "ledger").iterdir()] == [f"{held.name}.jsonl"]


def test_custody_lines_alone_leave_the_rest_of_the_record_here(held: Incident, on_it: Actor, tmp_path: Path) -> None:
    incidents.note(held, "We suspect an insider.", actor=on_it)
    export(held, on_it, tmp_path / "b", items=("EV-001",), record="custody")
    lines = [json.loads(line) for line in (tmp_path / "b" / "ledger" / f"{held.name}.jsonl").read_bytes().splitlines()]
    assert {line["object"] for line in lines} == {"EV-001", held.name}
    everything = b"".join(path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    assert b"insider" not in everything
    assert len(list((tmp_path / "b" / "proofs" / held.name).iterdir())) == len(lines)
    form = (tmp_path / "b" / "forms" / "custody-ja.html").read_text(encoding="utf-8")
    assert "EV-001" in form
    assert "EV-003" not in form


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ({"without_bytes": ("EV-002",)}, {"EV-002"}),
        ({"hashes_only": True}, {"EV-001", "EV-002", "EV-003"}),
        ({"tlp": "amber"}, {"EV-002", "EV-003"}),
        ({"tlp": "red"}, {"EV-002"}),
        ({"tlp": "clear"}, {"EV-001", "EV-002", "EV-003"}),
        ({"items": ("EV-001",)}, set()),
    ],
)
def test_what_is_left_out_is_named_with_its_reason(
    held: Incident, on_it: Actor, tmp_path: Path, choice: dict[str, Any], left: set[str]
) -> None:
    export(held, on_it, tmp_path / "b", **choice)
    told = manifest(tmp_path / "b")
    assert {item["name"] for item in told["items"] if item["bytes"]["state"] == "left-out"} == left
    gaps = " ".join(gap["en"] for gap in told["gaps"])
    absent = {"EV-001", "EV-002", "EV-003"} - {item["name"] for item in told["items"]}
    assert all(name in gaps for name in left | absent)
    held_here = (
        {path.name for path in (tmp_path / "b" / "items").iterdir()} if (tmp_path / "b" / "items").exists() else set()
    )
    assert not held_here & (left | absent)
    assert check(tmp_path / "b").outcome == "match"


def test_bytes_the_locker_lost_are_left_out_and_changed_ones_stop_it(
    held: Incident, on_it: Actor, tmp_path: Path
) -> None:
    item = held.evidence.get(name="EV-001")
    path = evidence.locker().path(item.sha256)
    path.chmod(0o644)
    path.write_bytes(b"other")
    with pytest.raises(Failed, match="not as it was sealed"):
        export(held, on_it, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()
    path.unlink()
    export(held, on_it, tmp_path / "b")
    assert manifest(tmp_path / "b")["items"][0]["bytes"]["reason"]["ja"].startswith("証拠保管庫")


def test_a_bundle_needs_a_free_name_and_room(
    held: Incident, on_it: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(Refused, match="there already"):
        export(held, on_it, tmp_path / "b")
    monkeypatch.setattr(bundles, "free_bytes", lambda _path: 3)
    with pytest.raises(Failed, match="3 are free") as problem:
        export(held, on_it, tmp_path / "c")
    assert not problem.value.permanent


def test_wrong_choices_are_refused_and_nothing_is_written(held: Incident, on_it: Actor, tmp_path: Path) -> None:
    for choice in ({"items": ("EV-009",)}, {"without_bytes": ("EV-009",)}, {"tlp": "purple"}):
        with pytest.raises(Refused):
            export(held, on_it, tmp_path / "b", **choice)
    assert not Entry.objects.filter(verb="evidence.export").exists()


def test_only_those_on_it_may_hand_evidence_over(
    held: Incident, off_it: Actor, outsider: Actor, tmp_path: Path
) -> None:
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            export(held, actor, tmp_path / "b")


def test_the_record_of_an_item_travels_whole(held: Incident, on_it: Actor, tmp_path: Path) -> None:
    item = held.evidence.get(name="EV-001")
    record.describe(item, actor=on_it, fields={"collector": "sato", "system": "i-0abc", "clock_offset_us": -1500})
    export(held, on_it, tmp_path / "b")
    told = manifest(tmp_path / "b")["items"][0]
    assert (told["collector"], told["system"], told["clock_offset_us"], told["title"]) == (
        "sato",
        "i-0abc",
        -1500,
        "memory",
    )


@pytest.mark.parametrize("several", [False, True])
def test_malware_leaves_in_a_zip_with_a_password_and_is_checked_inside(
    incident: Incident, on_it: Actor, tmp_path: Path, several: bool
) -> None:
    (tmp_path / "s").mkdir()
    for name in ("a.exe", "b.exe"):
        (tmp_path / "s" / name).write_bytes(b"MZ live " + name.encode())
    what = [tmp_path / "s"] if several else [tmp_path / "s" / "a.exe"]
    evidence.seal_files(incident, what, actor=on_it, title="sample", kind="malware")
    export(incident, on_it, tmp_path / "b")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    assert b"MZ live" not in everything
    verdict = check(tmp_path / "b")
    assert verdict.outcome == "match"
    assert "EV-001" in [one.place for one in verdict.findings]
    done = imports.take_in(tmp_path / "b", None, actor=on_it)
    assert "password" in done.items[1].title
