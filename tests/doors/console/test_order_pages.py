"""Standing orders on their page: tried on the past beside the edit, edited as a new version, and nothing typed is lost."""

from __future__ import annotations

import pytest
from django.test import Client

from doors.console.house import signed_in
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import system
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.doors.console import order_form
from standing import stand

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> StandingOrder:
    actor = system("Hikeshi", "worker")
    return stand("C2", actor=actor, finding_types=["Backdoor:"], playbook="compromised-ec2", severity=2)


def send(client: Client, order: StandingOrder, **typed: object) -> tuple[int, str]:
    answer = client.post(f"/orders/{order.pk}/edit/", {**_fields(order), "version": 1, **typed})
    return answer.status_code, answer.content.decode()


def _fields(order: StandingOrder) -> dict[str, object]:
    return {name: value for name, value in order_form.shown(order).items() if value}


def test_an_edit_is_tried_and_then_saved_as_a_new_version(order: StandingOrder, commander: Person) -> None:
    client = signed_in(commander)
    status, text = send(client, order, hours_from="22:00", hours_until="06:00", **{"try": "1"})
    assert status == 200
    assert 'value="22:00"' in text
    assert "as edited, <b>0</b>" in text
    assert StandingOrder.objects.get().version == 1
    hours = {"hours_from": "22:00", "hours_until": "06:00"}
    assert send(client, order, **hours, max_per_account="3", max_resources_per_hour="9", criticalities=["3"])[0] == 302
    row = StandingOrder.objects.get()
    assert (row.version, row.yeses, row.max_resources_per_hour, row.criticalities) == (2, 1, 9, [3])
    assert (str(row.hours_from), row.expires_at) == ("22:00:00", order.expires_at)
    status, text = send(client, order, min_score="8.5")  # over a version that is no more
    assert (status, 'value="8.5"' in text, 'name="version" value="1"' in text) == (409, True, True)


@pytest.mark.parametrize(
    "typed",
    [
        {"hours_from": "22:00"}, {"hours_from": "x"}, {"max_per_hour": "-1"}, {"max_resources_per_hour": "99999999"},
        {"min_score": "11"}, {"expires_on": "soon"}, {"expires_on": "2020-01-01"}, {"finding_types": ""}, {"version": "x"},
        {"environments": ["moon"]}, {"playbook": "no"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_changed(
    order: StandingOrder, commander: Person, typed: dict[str, object]
) -> None:
    client = signed_in(commander)
    status, text = send(client, order, **typed)
    assert (status, 'role="alert"' in text) == (403, True)
    assert StandingOrder.objects.get().version == 1


def test_who_does_not_command_tries_but_changes_nothing(
    order: StandingOrder, responder: Person, outsider: Person
) -> None:
    client = signed_in(responder)
    text = client.get(f"/orders/{order.pk}/").content.decode()
    assert "What it would have done" in text
    assert "so-types" not in text
    assert send(client, order)[0] == 403
    assert signed_in(outsider).get(f"/orders/{order.pk}/").status_code == 404
