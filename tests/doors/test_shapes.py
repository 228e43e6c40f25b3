"""The shapes promise exactly what rows have: the OpenAPI document and `--json` cannot drift apart from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from hikeshi.desk.actor import system
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.desk.reports import verbs as reports
from hikeshi.desk.reviews.models import Review
from hikeshi.desk.runs import starting
from hikeshi.desk.runs.models import Intent, Step
from hikeshi.desk.timelines import verbs as timelines
from hikeshi.desk.timelines.models import Hit, Mark
from hikeshi.doors import shapes
from hikeshi.playbooks.shelf import library
from tests_findings import finding

ACTOR = system("Hikeshi", "worker")
NOW = datetime(2026, 11, 6, 17, 31, tzinfo=UTC)


@pytest.fixture
def incident(db: None) -> Incident:
    return incidents.declare("x", 2, actor=ACTOR, reason="x")


def _whole(shape: Any, made: Any) -> None:
    """All keys of the shape, no other, and a JSON form."""
    assert list(made)
    assert set(made) == set(shape.__annotations__)
    msgspec.json.encode(made)


def test_an_alert_and_its_delivery(db: None) -> None:
    kept = alerts.receive(b"nonsense", actor=ACTOR, source="t")
    _whole(shapes.DeliveryShape, shapes.delivery(kept))
    assert shapes.delivery(kept)["alerts"] == []
    row = alerts.receive(finding(), actor=ACTOR, source="t").alerts.get()
    _whole(shapes.AlertShape, shapes.alert(row))
    assert shapes.alert(row)["name"] == str(row)


def test_an_incident_with_what_hangs_on_it(incident: Incident) -> None:
    _whole(shapes.IncidentShape, shapes.incident(incident))
    detail = shapes.incident_detail(incident)
    _whole(shapes.IncidentDetail, detail)
    _whole(shapes.PhaseShape, detail["phases"][0])
    _whole(shapes.ClockShape, detail["clocks"][0])
    assert shapes.clock(Clock.objects.earliest("pk"))["incident"] == incident.name


def test_a_run_and_its_steps(incident: Incident) -> None:
    run = starting.start(incident, library()["ransomware"], actor=ACTOR, facts={})
    _whole(shapes.RunShape, shapes.run(run))
    step = Step.objects.select_related("run__incident").first()
    assert step is not None
    _whole(shapes.StepShape, shapes.step(step))
    Intent.objects.create(step=step, operation="ec2.X", params={}, at=NOW)
    detail = shapes.step_detail(step)
    _whole(shapes.StepDetail, detail)
    _whole(shapes.CallShape, detail["calls"][0])
    assert detail["plan"] is None


def test_evidence_ledger_and_report(incident: Incident) -> None:
    item = evidence.seal_bytes(incident, b"x", actor=ACTOR, title="x", kind="file")
    _whole(shapes.ItemShape, shapes.item(item))
    for entry in Entry.objects.select_related("chain"):
        _whole(shapes.EntryShape, shapes.entry(entry))
    _whole(shapes.ChainShape, shapes.chain(Chain.objects.get(name=incident.name)))
    _whole(shapes.ReportShape, shapes.report(reports.freeze(incident, "incident", "en", actor=ACTOR)))


def test_a_timeline_its_marks_and_a_review(incident: Incident) -> None:
    item = evidence.seal_bytes(incident, b"x", actor=ACTOR, title="x", kind="logs")
    timeline = timelines.ask(incident, "main", [item], actor=ACTOR)
    _whole(shapes.TimelineShape, shapes.timeline(timeline))
    assert shapes.timeline(timeline)["evidence"] == [item.name]
    mark = Mark.objects.create(
        timeline=timeline, kind="star", field="action", value="x", reason="x", events=1, made_at=NOW, made_by="x"
    )
    _whole(shapes.MarkShape, shapes.mark(mark))
    hit = Hit.objects.create(
        timeline=timeline,
        rule="x",
        title="x",
        file="x.yml",
        events=1,
        first_at=NOW,
        last_at=NOW,
        made_at=NOW,
        made_by="x",
    )
    _whole(shapes.HitShape, shapes.hit(hit))
    review = Review.objects.create(
        incident=incident, summary={"en": "x", "ja": "x"}, causes=[], measures=[], started_at=NOW
    )
    _whole(shapes.ReviewShape, shapes.review(review))


@pytest.mark.parametrize("data", ["{torn", "", "\x00"])
def test_a_damaged_entry_is_shown_as_it_is(incident: Incident, data: str) -> None:
    entry = Entry.objects.select_related("chain").get(chain__name=incident.name, seq=1)
    entry.data = data
    shown = shapes.entry(entry)
    assert (shown["data"], shown["text"]) == (data, {"en": "", "ja": ""})


@pytest.mark.parametrize("make", [shapes.alert, shapes.incident, shapes.item, shapes.step])
def test_every_shape_says_what_it_is(make: Callable[..., Any]) -> None:
    name = make.__annotations__["return"]
    assert getattr(shapes, name).__doc__
