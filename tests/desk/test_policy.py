"""How many yeses a plan needs: the table, line by line, and where its words come from."""

from __future__ import annotations

import itertools

import pytest
from django.utils import timezone

from desk.asked import ACCOUNT, INSTANCE, asked
from hikeshi.desk.actor import Actor
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.clouds.models import Account
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.plans import plan_of
from hikeshi.desk.runs.policy import TABLE, Stakes, needed
from hikeshi.desk.runs.stakes import stakes_of

LINES = [
    (Stakes(effect="look"), 0),
    (Stakes(effect="collect"), 0),
    (Stakes(effect="collect", reversible="no", severity=1, vital=True), 0),
    (Stakes(effect="collect", radius="account"), 1),
    (Stakes(effect="contain"), 1),
    (Stakes(effect="contain", severity=2, reversible="with-loss"), 1),
    (Stakes(effect="contain", severity=1), 2),
    (Stakes(effect="contain", severity=1, environment="staging"), 1),
    (Stakes(effect="contain", reversible="no"), 2),
    (Stakes(effect="contain", reversible="no", environment="test"), 1),
    (Stakes(effect="contain", radius="shared"), 2),
    (Stakes(effect="contain", radius="shared", environment="staging"), 1),
    (Stakes(effect="contain", radius="account", environment="staging"), 2),
    (Stakes(effect="contain", radius="account", environment="development"), 1),
    (Stakes(effect="contain", environment="test", vital=True), 2),
    (Stakes(effect="destroy"), 2),
    (Stakes(effect="destroy", environment="development"), 1),
]


@pytest.mark.parametrize(("stakes", "count"), LINES)
def test_the_table(stakes: Stakes, count: int) -> None:
    need = needed(stakes)
    assert need.count == count
    assert bool(need.because) == bool(count)
    assert need.others == (count > 1)


def test_graver_never_needs_fewer() -> None:
    """In every direction in which a plan can be graver, the number stays or rises."""
    scales = (
        ("effect", ("look", "contain", "destroy")), ("radius", ("resource", "shared", "account")),
        ("reversible", ("yes", "with-loss", "no")), ("severity", (4, 3, 2, 1)),
        ("environment", ("test", "staging", "production")), ("vital", (False, True)),
    )  # fmt: skip
    for values in itertools.product(*(values for _name, values in scales)):
        given = dict(zip([name for name, _values in scales], values, strict=True))
        for name, steps in scales:
            place = steps.index(given[name])
            if place + 1 < len(steps):
                graver = {**given, name: steps[place + 1]}
                assert needed(Stakes(**given)).count <= needed(Stakes(**graver)).count, (given, name)  # type: ignore[arg-type]


def test_every_line_says_why_in_both_languages() -> None:
    assert all(line.because.en.isascii() and line.because.ja for line in TABLE)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("account", "asset", "environment", "vital"),
    [
        ("", None, "production", False),
        ("test", None, "test", False),
        ("test", {"environment": "production"}, "production", False),
        ("", {"environment": "development"}, "development", False),
        ("test", {"criticality": 1}, "test", True),
        ("test", {"tags": {"role": "Domain Controller"}}, "test", True),
    ],
)
def test_the_environment_is_the_gravest_that_is_known(
    incident: Incident, hikeshi: Actor, account: str, asset: dict[str, object] | None, environment: str, vital: bool
) -> None:
    now = timezone.now()
    Account.objects.create(number=ACCOUNT, environment=account, added_by="aoki", added_at=now)
    if asset is not None:
        Asset.objects.create(identifier=INSTANCE, updated_at=now, **asset)
    step = asked(incident, hikeshi)
    found = stakes_of(step, plan_of(step))
    assert (found.environment, found.vital, found.severity) == (environment, vital, incident.severity)
