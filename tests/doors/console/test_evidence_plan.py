"""The evidence plan on the evidence page, and what the gate says on a step's page."""

from __future__ import annotations

from doors.console.house import House, as_actor, signed_in
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.evidence import volatility
from hikeshi.desk.evidence.models import Planned


def root(house: House) -> str:
    return f"/incidents/{house.incident.name}/"


def line(house: House) -> Planned:
    [made] = volatility.expect(house.incident, [("media", "USB stick")], actor=as_actor(house.responder))
    return made


def test_the_plan_shows_states_and_reasons(house: House) -> None:
    text = signed_in(house.responder, "ja").get(root(house) + "evidence/").content.decode()
    assert "証拠計画" in text
    assert "取得免除" in text
    assert "この試験の対象外" in text


def test_lines_are_added_and_settled_from_the_page(house: House) -> None:
    client = signed_in(house.responder)
    client.post(root(house) + "evidence-plan/", {"kind": "logs", "target": "auth.log"})
    made = Planned.objects.get(kind="logs", target="auth.log")
    client.post(f"{root(house)}evidence-plan/{made.pk}/bind/", {"item": house.item.name})
    made.refresh_from_db()
    assert (made.state, made.item) == ("held", house.item)
    refused = client.post(root(house) + "evidence-plan/", {"kind": "gold", "target": "<b>x"})
    assert refused.status_code == 403
    assert "&lt;b&gt;x" in refused.content.decode()
    signed_in(house.commander).post(root(house) + "evidence-plan/", {"from": "alerts"})
    assert Planned.objects.filter(kind="state").exists()


def test_waiving_is_offered_to_who_commands_only(house: House) -> None:
    made = line(house)
    assert ">Waive<" in signed_in(house.commander).get(root(house) + "evidence/").content.decode()
    assert ">Waive<" not in signed_in(house.responder).get(root(house) + "evidence/").content.decode()
    address, typed = f"{root(house)}evidence-plan/{made.pk}/waive/", {"reason": "nobody has it"}
    expected: dict[Person, int] = {house.responder: 403, house.other: 404, house.outsider: 404, house.commander: 302}
    for who, status in expected.items():
        assert signed_in(who).post(address, typed).status_code == status


def test_the_step_says_what_would_be_lost_and_may_be_let_through(house: House) -> None:
    Planned.objects.update(state="pending")
    address = f"{root(house)}steps/{house.step.pk}/"
    text = signed_in(house.commander).get(address).content.decode()
    assert "Would be lost" in text
    refused = signed_in(house.commander).post(address + "approve/", {"digest": house.step.plan_digest, "read": "yes"})
    assert "would lose evidence" in refused.content.decode()
    signed_in(house.commander).post(address + "override/", {"reason": "encryption is running"})
    text = signed_in(house.commander).get(address).content.decode()
    assert "Would be lost" not in text
    assert "may go on" in text
