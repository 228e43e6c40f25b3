"""Accounts that actions may enter, and what is never touched: who may say so, deny by default, and the roles by which we enter."""

from __future__ import annotations

import json

import msgspec
import pytest
from pytest_django import Settings

from desk.test_runs import contained, isolation
from hikeshi.aws.sessions import SESSIONS
from hikeshi.desk.actor import Actor
from hikeshi.desk.clouds import verbs as clouds
from hikeshi.desk.clouds.models import Protected
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Refused
from hikeshi.simulation import cast
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.scene import Scene
from simulated import groups_now, original_groups
from standing import stand

pytestmark = pytest.mark.django_db
NUMBER = "111122223333"
ROLE = f"arn:aws:iam::{NUMBER}:role/hikeshi-contain"


def test_who_commands_registers_accounts_and_it_is_on_the_record(commander: Actor) -> None:
    row = clouds.add(NUMBER, actor=commander, name="Shop", contain_role=ROLE, regions=["ap-northeast-1"])
    clouds.change(row, actor=commander, name="Shop, old")
    clouds.retire(row, actor=commander, reason="Sold.")
    assert clouds.add(NUMBER, actor=commander).contain_role == ROLE
    told = Entry.objects.filter(object=NUMBER).order_by("seq").values_list("verb", flat=True)
    assert list(told) == ["cloud.add", "cloud.change", "cloud.retire", "cloud.add"]


@pytest.mark.parametrize("who", ["on_it", "off_it", "outsider"])
def test_others_may_not(who: str, request: pytest.FixtureRequest) -> None:
    actor = request.getfixturevalue(who)
    with pytest.raises(Refused):
        clouds.add(NUMBER, actor=actor)
    with pytest.raises(Refused):
        clouds.protect("i-0abc*", actor=actor, reason="ours")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("12", {}),
        (NUMBER, {"contain_role": "arn:aws:iam::999999999999:role/hikeshi"}),
        (NUMBER, {"contain_role": "admin"}),
        (NUMBER, {"regions": ["Tokyo"]}),
        (NUMBER, {"added_by": "me"}),
    ],
)
def test_what_cannot_be_is_refused(commander: Actor, number: str, said: dict[str, object]) -> None:
    with pytest.raises(Refused):
        clouds.add(number, actor=commander, **said)


def test_as_soon_as_one_is_registered_others_are_refused(commander: Actor, settings: Settings) -> None:
    assert clouds.account_for("210987654321") is None
    row = clouds.add(NUMBER, actor=commander)
    assert clouds.account_for(NUMBER) == row
    with pytest.raises(Refused, match="not one that actions may touch"):
        clouds.account_for("210987654321")
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, aws_accounts=("210987654321",))
    assert clouds.account_for("210987654321") is None
    clouds.retire(row, actor=commander, reason="Sold.")
    with pytest.raises(Refused):
        clouds.account_for(NUMBER)


def test_own_infrastructure_is_protected_without_being_told(commander: Actor, settings: Settings) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, aws_protected=("i-bastion",), queue_url="https://sqs.example/1/findings"
    )
    clouds.add(NUMBER, actor=commander, contain_role=ROLE, evidence_bucket="ours")
    clouds.protect("vpc-0aaa*", actor=commander, reason="log collector")
    wanted = {"i-bastion", "vpc-0aaa*", ROLE, "hikeshi-contain", "ours", "https://sqs.example/1/findings"}
    assert wanted <= set(clouds.protected_patterns())
    clouds.unprotect("vpc-0aaa*", actor=commander, reason="It is gone.")
    assert not Protected.objects.exists()


def test_nearly_everything_cannot_be_protected(commander: Actor) -> None:
    with pytest.raises(Refused, match="nearly everything"):
        clouds.protect("i-*", actor=commander, reason="afraid")


@pytest.fixture
def roles(cloud: SimulatedCloud, scene: Scene, commander: Actor) -> dict[str, str]:
    """Three roles in the scene's account that want an external id, and a standing order."""
    SESSIONS.forget()
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"sts:ExternalId": "hikeshi-1"}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for name in ("read", "acquire", "contain"):
        cloud.client("iam").create_role(RoleName=f"hikeshi-{name}", AssumeRolePolicyDocument=trust)
    stand("C2", actor=commander, finding_types=["Backdoor:EC2/"], playbook="compromised-ec2", severity=2)
    stem = f"arn:aws:iam::{cast.ACCOUNT}:role/hikeshi-"
    return {f"{name}_role": stem + name for name in ("read", "acquire", "contain")}


def test_a_step_enters_by_its_role_and_its_session_can_do_what_the_plan_needs(
    scene: Scene, roles: dict[str, str], commander: Actor, hikeshi: Actor
) -> None:
    clouds.add(cast.ACCOUNT, actor=commander, external_id="hikeshi-1", mode="suspected", **roles)
    run = contained(scene, hikeshi)
    assert isolation(run).state == "done", isolation(run).outcome
    assert set(run.steps.exclude(action="").values_list("state", flat=True)) <= {"done", "asked", "waiting", "planning"}
    entered = {entry.role.rpartition("-")[2]: entry for entry, _ in SESSIONS._kept}
    assert set(entered) == {"read", "acquire", "contain"}
    assert entered["contain"].source_identity.startswith("order")
    assert run.incident.name in entered["contain"].session
    assert all(isolation(run).inputs["instance_id"] in entered[name].policy for name in ("contain",))


def test_a_role_that_does_not_let_us_in_is_named(
    cloud: SimulatedCloud, scene: Scene, roles: dict[str, str], commander: Actor, hikeshi: Actor
) -> None:
    clouds.add(cast.ACCOUNT, actor=commander, external_id="wrong", **roles)
    run = contained(scene, hikeshi)
    assert "sts:AssumeRole" in str(isolation(run).outcome)
    assert groups_now(cloud, scene) == original_groups(scene)
