"""Which engine builds a timeline, and that it does not matter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.incidents.models import Incident
from stores.spark_cluster import SETTINGS, missing

TRAIL = str(Path(__file__).parents[2] / "samples" / "cloudtrail" / "s3.json")


@pytest.mark.parametrize(
    ("options", "hint"),
    [(["--engine", "spark"], "--master"), (["--master", "spark://192.0.2.1:7077"], "--engine spark")],
)
def test_a_cluster_needs_both_options(admin: Keyboard, incident: Incident, options: list[str], hint: str) -> None:
    typed = admin("timeline", "build", incident.name, "main", TRAIL, *options)
    assert typed.code == 3
    assert hint in typed.err
    assert not incident.timelines.exists()


def test_a_clock_is_put_right_at_the_command_line(admin: Keyboard, incident: Incident) -> None:
    admin.json("timeline", "build", incident.name, "main", TRAIL, "--skew", "cloudtrail=-1h", "--zone", "Asia/Tokyo")
    (source,) = admin.json("timeline", "sources", incident.name, "main")
    assert source["assumed"] == ["cloudtrail=-3600s", "*=Asia/Tokyo"]
    typed = admin("timeline", "build", incident.name, "main", TRAIL, "--skew", "firewall.log=+1s")
    assert (typed.code, "firewall.log" in typed.err) == (3, True)


@pytest.mark.cluster
@pytest.mark.skipif(bool(missing()), reason=missing() or "all is here")
def test_spark_builds_the_same_timeline(admin: Keyboard, incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.sql import SparkSession  # an extra

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    local = admin.json("timeline", "build", incident.name, "here", TRAIL)
    session = SparkSession.builder.master("local[1]").config(map=dict(SETTINGS)).getOrCreate()
    try:
        spread = admin.json(
            "timeline", "build", incident.name, "there", TRAIL, "--engine", "spark", "--master", "local[1]"
        )
    finally:
        session.stop()
    names = ("files", "events", "duplicates", "unreadable_count")
    assert [spread[name] for name in names] == [local[name] for name in names]
    shown = [admin("timeline", "show", incident.name, name, "--json").out for name in ("here", "there")]
    assert shown[0] == shown[1] != ""
