"""Evidence that arrives: verified, kept whole with everything that proves its origin, never in place of our own record."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from custody.bundle.conftest import needs
from hikeshi.custody.bundle.checking import check
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import bundles, imports, verbs as evidence
from hikeshi.desk.evidence.bundles import Choice
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def sent(incident: Incident, on_it: Actor, tmp_path: Path) -> Path:
    """A bundle of `incident`: a described file, a folder, and an item without its bytes."""
    said = {"collector": "sato", "tlp": "amber", "began_at": None, "clock_offset_us": -20, "system": "i-0abc"}
    evidence.seal_bytes(incident, b"memory", actor=on_it, title="memory of web-1", kind="memory", record=said)
    (tmp_path / "logs").mkdir()
    for name in ("a.log", "b.log"):
        (tmp_path / "logs" / name).write_text(name)
    evidence.seal_files(incident, [tmp_path / "logs"], actor=on_it, title="logs", kind="logs")
    evidence.seal_bytes(incident, b"secret", actor=on_it, title="keys", kind="file")
    made = bundles.begin(incident, Choice(without_bytes=("EV-003",)), actor=on_it)
    bundles.write(made, tmp_path / "sent.zip", lambda _count: None)
    return tmp_path / "sent.zip"


@pytest.fixture
def ours(hikeshi: Actor, commander: Actor, responder_person: Any) -> Incident:
    """Another incident, as of the receiving instance, with the same responder on it."""
    declared = incidents.declare("Received from a partner", 3, actor=hikeshi, reason="x")
    incidents.assign(declared, "responder", actor=commander, person=responder_person)
    return declared


def test_items_keep_bytes_record_and_original_number(sent: Path, ours: Incident, on_it: Actor) -> None:
    evidence.seal_bytes(ours, b"our own", actor=on_it, title="ours", kind="file")
    done = imports.take_in(sent, ours, actor=on_it)
    assert [item.name for item in done.items] == ["EV-002", "EV-003", "EV-004"]
    memory = done.items[1]
    original = Item.objects.get(incident__name="INC-2026-001" if ours.name != "INC-2026-001" else "", name="EV-001")
    assert (memory.sha256, memory.title, memory.kind, memory.tlp) == (
        original.sha256,
        "memory of web-1",
        "memory",
        "amber",
    )
    assert (memory.collector, memory.clock_offset_us, memory.system) == ("sato", -20, "i-0abc")
    assert evidence.custody(memory)[-1].verb == "evidence.import"
    assert json.loads(evidence.custody(memory)[-1].data)["original"]["name"] == "EV-001"
    assert done.left_out == ("EV-003",)
    for item in done.items:
        assert evidence.verify(item, actor=on_it) == "match"


def test_everything_that_proves_the_origin_is_one_sealed_item(sent: Path, ours: Incident, on_it: Actor) -> None:
    frame = imports.take_in(sent, ours, actor=on_it).items[0]
    names = set(evidence.files_of(frame).values())
    assert {"MANIFEST.sha256", "MANIFEST.sig", "manifest.json", "VERIFY.md", "allowed_signers"} <= names
    assert any(name.startswith("ledger/") for name in names)
    assert any(name.startswith("checkpoints/") for name in names)
    assert not any(name.startswith("items/") for name in names)


def test_nothing_foreign_enters_our_ledger_as_ours(sent: Path, ours: Incident, on_it: Actor) -> None:
    before = ours.name
    imports.take_in(sent, ours, actor=on_it)
    verbs = set(Entry.objects.filter(chain__name=before).values_list("verb", flat=True))
    assert "evidence.export" not in verbs
    assert ledger.verify(before).ok


@needs("openssl")
def test_the_sender_gets_a_receipt_that_openssl_accepts(
    sent: Path, ours: Incident, on_it: Actor, tmp_path: Path
) -> None:
    done = imports.take_in(sent, ours, actor=on_it)
    receipt = json.loads(done.receipt)
    assert [(item["name"], item["kept_as"], item["same"]) for item in receipt["items"]] == [
        ("EV-001", "EV-002", True), ("EV-002", "EV-003", True),
    ]  # fmt: skip
    for name, content in {"r.json": done.receipt, "r.sig": done.signature, "k.pem": receipt["public"].encode()}.items():
        (tmp_path / name).write_bytes(content)
    words = "pkeyutl -verify -rawin -pubin -inkey k.pem -in r.json -sigfile r.sig"
    subprocess.run(["openssl", *words.split()], cwd=tmp_path, check=True, capture_output=True)
    line = Entry.objects.filter(chain__name=ours.name, verb="evidence.import", object=ours.name).get()
    assert json.loads(line.data)["manifest_sha256"] == receipt["manifest_sha256"]


def test_without_an_incident_a_new_one_is_declared(sent: Path, off_it: Actor) -> None:
    done = imports.take_in(sent, None, actor=off_it)
    assert (done.incident.title, done.incident.severity) == ("Mining traffic from a web server", 2)


def damaged(sent: Path, tmp_path: Path) -> Path:
    subprocess.run(["unzip", "-q", str(sent), "-d", str(tmp_path / "damaged")], check=True)
    (path,) = (tmp_path / "damaged" / "items" / "EV-001").iterdir()
    path.chmod(0o644)
    path.write_bytes(b"planted")
    return tmp_path / "damaged"


@needs("unzip")
def test_a_changed_bundle_is_refused_unless_there_is_a_reason(
    sent: Path, ours: Incident, on_it: Actor, tmp_path: Path
) -> None:
    folder = damaged(sent, tmp_path)
    with pytest.raises(Refused, match="not as it was signed"):
        imports.take_in(folder, ours, actor=on_it)
    assert not ours.evidence.exists()
    done = imports.take_in(folder, ours, actor=on_it, anyway="the sender's disk is failing")
    line = json.loads(Entry.objects.get(chain__name=ours.name, verb="evidence.import", object=ours.name).data)
    assert (line["result"], line["anyway"]) == ("mismatch", "the sender's disk is failing")
    assert line["findings"]
    assert "not the bytes of its record" in done.items[1].title
    assert not json.loads(done.receipt)["items"][0]["same"]


def test_another_key_than_the_one_known_is_refused(sent: Path, ours: Incident, on_it: Actor) -> None:
    with pytest.raises(Refused, match="key that signed"):
        imports.take_in(sent, ours, actor=on_it, key="0" * 64)


def test_the_same_bundle_is_not_taken_in_twice(sent: Path, ours: Incident, on_it: Actor) -> None:
    imports.take_in(sent, ours, actor=on_it)
    with pytest.raises(Refused, match="has this bundle already"):
        imports.take_in(sent, ours, actor=on_it)


def test_only_those_on_it_may_take_in(sent: Path, ours: Incident, off_it: Actor, outsider: Actor) -> None:
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            imports.take_in(sent, ours, actor=actor)
    with pytest.raises(Refused, match="may not"):
        imports.take_in(sent, None, actor=outsider)


def test_what_came_in_leaves_again_and_is_accepted(sent: Path, ours: Incident, on_it: Actor, tmp_path: Path) -> None:
    imports.take_in(sent, ours, actor=on_it)
    bundles.write(bundles.begin(ours, Choice(), actor=on_it), tmp_path / "again", lambda _count: None)
    assert check(tmp_path / "again").outcome == "match"
    assert len(list((tmp_path / "again" / "items").iterdir())) == 3
