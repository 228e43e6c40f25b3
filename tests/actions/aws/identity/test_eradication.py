"""Looking for what was left behind, and deleting it: the traps."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from actions.account import Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.aws.identity.sweep import Row, trusting_others
from hikeshi.errors import Refused
from hikeshi.simulation.building import identity as built


def test_a_sweep_lists_what_is_young_and_who_is_let_in(cloud: Cloud, world: WatchedWorld) -> None:
    sweep = action("aws.iam.sweep", built.much_of_everything(cloud))
    rows = sweep.do(world, sweep.plan(world)).observed["rows"]
    kinds = Counter(row["kind"] for row in rows)
    assert kinds == {"device": 2, "key": 2, "password": 1, "provider": 3, "role": 1, "trust": 1, "user": 1}
    assert rows[-1]["note"] == "lets in arn:aws:iam::999988887777:root"
    assert world.sent == []


def test_a_sweep_leaves_out_what_is_older(cloud: Cloud, world: WatchedWorld) -> None:
    built.user(cloud)
    world.ahead = (world.now().replace(year=world.now().year + 1)) - world.now()
    sweep = action("aws.iam.sweep", {"since": world.now().strftime("%Y-%m-%dT%H:%M:%SZ")})
    assert sweep.do(world, sweep.plan(world)).observed["rows"] == []


def test_a_sweep_of_the_future_is_refused(world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="still to come"):
        action("aws.iam.sweep", {"since": "2999-01-01T00:00:00Z"}).plan(world)


@pytest.mark.parametrize(
    ("principal", "outside"),
    [
        ("*", ["*"]),
        ({"AWS": "*"}, ["*"]),
        ({"AWS": ["arn:aws:iam::111122223333:root"]}, []),
        ({"Federated": "arn:aws:iam::111122223333:saml-provider/sso"}, ["sso"]),
        ({"Service": "ec2.amazonaws.com"}, []),
    ],
)
def test_a_trust_lets_others_in_where_it_names_them(principal: object, outside: list[str]) -> None:
    trust = {"Statement": {**built.ANYBODY, "Principal": principal}}
    found = list(trusting_others("111122223333", [{"RoleName": "shop", "AssumeRolePolicyDocument": trust}]))
    assert found == [Row(kind="trust", name="shop", note=f"lets in {one}") for one in outside]


def test_what_is_not_denied_yet_is_not_deleted(cloud: Cloud, world: WatchedWorld) -> None:
    built.user(cloud)
    built.role(cloud)
    for arn in (f"user/machines/{built.USER}", f"role/{built.ROLE}"):
        with pytest.raises(Refused, match="not denied yet"):
            action("aws.iam.remove_principal", {"arn": f"arn:aws:iam::111122223333:{arn}"}).plan(world)


def test_everything_about_a_deleted_user_is_in_the_receipt(cloud: Cloud, world: WatchedWorld) -> None:
    remove = action("aws.iam.remove_principal", built.a_denied_user(cloud))
    plan = stored(remove.plan(world))
    exported = remove.do(world, plan).observed["exported"]
    assert exported["inline reads"] == json.dumps(built.READS, separators=(",", ":"), sort_keys=True)
    assert exported["principal"]["Arn"].endswith(built.USER)
    assert [call.operation for call in plan.calls[-2:]] == ["iam:DeleteUserPolicy", "iam:DeleteUser"]
    assert plan.calls[-2].params["PolicyName"] == "HikeshiDenyAll"


def test_a_locked_role_is_deleted_with_its_place_in_a_profile(cloud: Cloud, world: WatchedWorld) -> None:
    arn = built.role(cloud)
    built.profile(cloud, "web-profile", built.ROLE)
    lock = action("aws.iam.lock_trust", {"role": built.ROLE})
    lock.do(world, lock.plan(world))
    remove = action("aws.iam.remove_principal", {"arn": arn})
    assert remove.do(world, stored(remove.plan(world))).outcome == "done"
    assert cloud.client("iam").list_roles()["Roles"] == []


def test_root_of_the_management_account_is_out_of_reach_and_one_without_credentials_is_left(
    cloud: Cloud, world: WatchedWorld
) -> None:
    member = built.an_organization(cloud)
    for account, said in (({"account_id": "111122223333"}, "management"), (member, "no credentials")):
        with pytest.raises(Refused, match=said):
            action("aws.iam.secure_root", account).plan(world)
    assert world.sent == []


def test_root_is_used_for_its_task_and_not_a_call_longer(cloud: Cloud, world: WatchedWorld) -> None:
    secure = action("aws.iam.secure_root", built.a_root_with_key_and_password(cloud))
    plan = stored(secure.plan(world))
    assert secure.do(world, plan).outcome == "done"
    with pytest.raises(Refused, match="deleted for good"):
        secure.undo(world, plan)
    assert world.read("iam", "ListUsers")["Users"] == []
    assert "iam:ListUsers" in world.used
    assert "iam:DeleteAccessKey" not in world.used
