"""Three people, every page: on the incident, a responder who is not, and one who was granted nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from doors.console.house import House, files_of_incident, pages_of_incident, signed_in


@pytest.mark.slow
def test_who_is_on_the_incident_reads_all_of_it(house: House) -> None:
    client = signed_in(house.responder)
    for name, address in {**pages_of_incident(house), **files_of_incident(house)}.items():
        assert client.get(address).status_code == 200, name


@pytest.mark.slow
def test_who_is_not_on_it_does_not_learn_that_it_exists(house: House) -> None:
    nowhere = {
        name: address.replace(house.incident.name, "INC-1999-001") for name, address in pages_of_incident(house).items()
    }
    for who in (house.other, house.outsider):
        client = signed_in(who)
        for name, address in {**pages_of_incident(house), **files_of_incident(house)}.items():
            assert client.get(address).status_code == 404, (who, name)
        for name, address in nowhere.items():
            assert client.get(address).status_code == 404, (who, name)
        assert house.incident.name not in client.get("/").content.decode()
        assert house.incident.name not in client.get("/incidents/").content.decode()
        assert house.incident.name not in client.get("/audit/").content.decode()


def test_nothing_can_be_sent_to_an_incident_one_cannot_see(house: House) -> None:
    client, root = signed_in(house.other), f"/incidents/{house.incident.name}/"
    for address in (
        "act/note/", "act/acknowledge/", "act/close/", "act/role/", "steps/start/", f"steps/{house.step.pk}/approve/",
        f"evidence/{house.item.name}/verify/", f"evidence/{house.item.name}/act/note/", f"evidence/{house.item.name}/transfers/", "evidence/add/", "timeline/ask/", "timeline/mark/", "timeline/unmark/", "timeline/note/", "timeline/unnote/", "timeline/searches/save/", "timeline/searches/delete/", "reports/",
    ):  # fmt: skip
        assert client.post(root + address, {"text": "x", "digest": house.step.plan_digest}).status_code == 404, address
    house.step.refresh_from_db()
    assert house.step.state == "asked"


def test_alerts_are_for_those_who_triage(house: House) -> None:
    addresses = [
        "/alerts/",
        f"/alerts/{house.alert.pk}/",
        f"/alerts/deliveries/{house.delivery.pk}/payload/",
        "/declare/",
    ]
    for address in addresses:
        assert signed_in(house.other).get(address).status_code == 200, address
        assert signed_in(house.outsider).get(address).status_code == 404, address


def test_a_responder_sees_which_incidents_an_alert_belongs_to_only_where_allowed(house: House) -> None:
    assert house.incident.name in signed_in(house.responder).get(f"/alerts/{house.alert.pk}/").content.decode()
    assert house.incident.name not in signed_in(house.other).get(f"/alerts/{house.alert.pk}/").content.decode()


def test_the_organisation_s_chain_is_for_those_who_command(house: House) -> None:
    assert signed_in(house.commander).get("/audit/organisation/").status_code == 200
    assert signed_in(house.responder).get("/audit/organisation/").status_code == 404


def test_without_sign_in_every_page_leads_to_it(house: House) -> None:
    mine = ["/", "/alerts/", "/declare/", "/incidents/", "/audit/", "/me/", "/welcome/"]
    for address in [*mine, *pages_of_incident(house).values(), *files_of_incident(house).values()]:
        answer = Client().get(address)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/"), address
    assert Client().post(f"/incidents/{house.incident.name}/act/note/", {"text": "x"}).status_code == 302


def test_a_live_region_is_told_to_sign_in_without_being_replaced(house: House) -> None:
    answer = Client().get(f"/incidents/{house.incident.name}/?part=stream", headers={"HX-Request": "true"})
    assert answer.status_code == 401


def test_the_live_regions_are_small(house: House) -> None:
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/"
    for address, region in {
        f"{root}?part=clocks": "clocks", f"{root}?part=stream": "stream", f"{root}?part=next": "next", f"{root}steps/?part=runs": "runs",
        f"{root}steps/{house.step.pk}/?part=step": "step", "/?part=asks": "asks", "/?part=board": "board-live", "/alerts/?part=queue": "queue",
    }.items():  # fmt: skip
        text = client.get(address).content.decode()
        assert f'id="{region}"' in text, address
        assert "<html" not in text, address
