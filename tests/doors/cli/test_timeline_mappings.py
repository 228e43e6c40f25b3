"""Mappings at the command line: logs without a parser in a timeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry

MAPPING = "name: shop\nformat: csv\ntime: {field: when}\nfields: {src_ip: client}\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "shop.csv").write_text("when,client\n2026-11-07T02:31:07Z,192.0.2.7\n")
    (tmp_path / "shop.yaml").write_text(MAPPING)
    return tmp_path / "shop.csv"


def test_a_log_without_a_parser_is_in_the_timeline_and_the_ledger_has_the_mapping(
    admin: Keyboard, incident: Incident, log: Path
) -> None:
    told = f"shop.csv={log.with_suffix('.yaml')}"
    admin.json("timeline", "build", incident.name, "main", str(log), "--mapping", told)
    (source,) = admin.json("timeline", "sources", incident.name, "main")
    assert (source["parser"], source["events"], source["assumed"][0][:17]) == ("shop", 1, "*=mapping sha256:")
    timeline = incident.timelines.get()
    assert timeline.assumed == [{"source": "shop.csv", "mapping": MAPPING}]
    assert "client}" in Entry.objects.get(verb="timeline.ask").data


def test_a_wrong_mapping_is_told_with_file_and_line_before_anything_is_sealed(
    admin: Keyboard, incident: Incident, log: Path
) -> None:
    wrong = log.with_name("wrong.yaml")
    wrong.write_text(MAPPING.replace("src_ip", "source_address"))
    typed = admin("timeline", "build", incident.name, "main", str(log), "--mapping", f"shop.csv={wrong}")
    assert typed.code == 5
    assert "wrong.yaml, line 4" in typed.err
    assert not incident.evidence.exists()
    assert not incident.timelines.exists()


@pytest.mark.parametrize(("told", "code"), [("shop.yaml", 3), ("shop.csv=", 3), ("shop.csv=nowhere.yaml", 5)])
def test_a_mapping_needs_a_source_and_a_file(
    admin: Keyboard, incident: Incident, log: Path, told: str, code: int
) -> None:
    assert admin("timeline", "build", incident.name, "main", str(log), "--mapping", told).code == code
    assert not incident.evidence.exists()


def test_events_are_parsed_by_a_mapping_for_some_of_the_logs(admin: Keyboard, log: Path) -> None:
    typed = admin("events", "parse", str(log), "--mapping", f"*.csv={log.with_suffix('.yaml')}", "--json")
    assert (typed.code, '"source_kind":"shop"' in typed.out.replace(" ", "")) == (0, True)
