"""Which playbooks runs are started with: an organisation's own over those of the library."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hikeshi.custody.signing import make_key_file
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.playbooks.reading import book, books, propose, shelf
from hikeshi.desk.runs import ordering, starting
from hikeshi.errors import Refused
from hikeshi.playbooks.shelf import FOLDER, library

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    place = tmp_path / "playbooks"
    place.mkdir()
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, playbooks=place)
    return place


def own(folder: Path, name: str = "compromised-ec2", version: int = 99) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    before = f"version: {library()[name].version}\n"
    assert before in text
    (folder / f"{name}.yaml").write_text(text.replace(before, f"version: {version}\n", 1))


def test_without_any_of_ones_own_the_library_counts() -> None:
    assert books() == dict(sorted(library().items()))


def test_a_folder_counts_more_than_the_library_and_broken_files_are_said(folder: Path) -> None:
    own(folder)
    (folder / "broken.yaml").write_text("- no playbook\n")
    found = shelf()
    assert found.books["compromised-ec2"].origin == "folder"
    assert found.books["compromised-ec2"].playbook.version == 99
    assert found.books["ransomware"].origin == "library"
    assert [Path(one.source).name for one in found.problems] == ["broken.yaml"]
    proposed = propose("Backdoor:EC2/C&CActivity.B")
    assert proposed is not None
    assert proposed.version == 99


def test_a_run_is_started_with_ones_own_and_keeps_its_text(folder: Path, incident: Incident, commander: Actor) -> None:
    own(folder, "ransomware")
    run = starting.start(incident, book("ransomware"), actor=commander, facts={})
    assert run.version == 99
    shutil.rmtree(folder)
    assert book("ransomware").version == library()["ransomware"].version
    run.refresh_from_db()
    assert run.version == 99


def test_a_playbook_that_is_nowhere_is_refused_with_those_there_are(commander: Actor) -> None:
    with pytest.raises(Refused, match="Known are"):
        book("nowhere")
    with pytest.raises(Refused, match="no playbook 'nowhere'"):
        ordering.write("n", actor=commander, playbook="nowhere", finding_types=["Back"], expires_at=ordering.ends_in(9))


def test_a_key_that_cannot_be_read_lets_nothing_in(folder: Path, tmp_path: Path, settings: Any) -> None:
    own(folder)
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, playbook_keys=(tmp_path / "no.pem",))
    found = shelf()
    assert found.books["compromised-ec2"].origin == "library"
    assert [one.source for one in found.problems] == ["HIKESHI_PLAYBOOK_KEYS"]
    make_key_file(tmp_path / "no.pem")  # a private key is no public one
    assert "no public key" in str(shelf().problems[0])
