"""The asset register at the keyboard."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from pytest_django import Settings

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.actor import system
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.doors.cli.texts import TEXTS
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.scene import Scene
from tests_findings import finding


def test_an_asset_from_adding_to_retiring(responder: Keyboard) -> None:
    made = responder.json(
        "asset", "add", "I-0ABC", "--criticality", "vital", "--environment", "本番", "--owner", "Sales"
    )
    assert (made["identifier"], made["criticality"], made["environment"]) == ("i-0abc", 1, "production")
    assert responder.json("asset", "change", "i-0abc", "--data", "personal")["data"] == ["personal"]
    assert responder.json("asset", "list", "--search", "sales")[0]["identifier"] == "i-0abc"
    assert responder.json("asset", "retire", "i-0abc", "--reason", "scrapped")["retired_at"]
    assert responder.json("asset", "list") == []
    assert responder("asset", "add", "i-1", "--criticality", "purple").code == 2


def test_a_partly_unreadable_file_keeps_its_good_rows_and_is_5(responder: Keyboard, tmp_path: Path) -> None:
    path = tmp_path / "assets.csv"
    path.write_bytes("識別子,重要度\ni-1,高\ni-2,紫\n".encode("cp932"))
    shown = responder.json("asset", "import", path, "--dry-run", code=5)
    assert (shown["written"], shown["new"], shown["encoding"]) == (False, 1, "Shift_JIS")
    assert responder.json("asset", "list") == []
    done = responder.json("asset", "import", path, code=5)
    assert (done["new"], done["bad"][0]["at_line"]) == (1, 3)
    assert "紫" in done["bad"][0]["reason"]["ja"]
    assert [row["identifier"] for row in responder.json("asset", "list")] == ["i-1"]


def test_the_tags_of_an_account_fill_the_register(
    responder: Keyboard, cloud: SimulatedCloud, scene: Scene, settings: Settings
) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, aws_endpoint_url=cloud.endpoint_url)
    done = responder.json("asset", "import", "--aws", "--region", scene.region, "--owner-tag", "Name")
    assert done["new"] >= 1
    assert responder.json("asset", "show", scene.instance_id)["source"] == "aws"


@pytest.mark.parametrize("words", [[], ["file.csv", "--aws"]])
def test_an_import_has_one_source(responder: Keyboard, words: list[str]) -> None:
    assert responder("asset", "import", *words).code == 2


def test_an_asset_shows_its_groups_and_only_incidents_the_reader_may_see(
    admin: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    hikeshi = system("Hikeshi", "worker")
    admin.json("asset", "add", "i-0abc", "--name", "Web 1")
    waiting = alerts.receive(finding(), actor=hikeshi, source="sqs").alerts.get()
    assert admin.json("asset", "show", "i-0abc")["groups"] == [str(waiting.group)]
    incident = incidents.declare("Web 1", 2, actor=hikeshi, reason="x", alerts=[waiting])
    assert admin.json("asset", "show", "i-0abc")["incidents"] == [incident.name]
    asked = words_asked(monkeypatch)
    assert admin("asset", "show", "i-0abc", "--lang", "ja").code == 0
    assert not [key for key in asked if key not in TEXTS]


def test_a_stranger_does_not_see_the_register(observer: Keyboard) -> None:
    assert observer("asset", "list").code == 3
    assert observer("asset", "show", "i-0abc").code == 3
