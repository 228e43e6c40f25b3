"""Trust, providers, passwords and whole accounts: the traps of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actions.account import ACCOUNT, Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.action import Plan
from hikeshi.actions.aws.identity.quarantine_user import QUARANTINE
from hikeshi.errors import Refused
from hikeshi.simulation.building import identity as built


def refused(world: WatchedWorld, name: str, **inputs: Any) -> Refused:
    with pytest.raises(Refused) as problem:
        action(name, inputs).plan(world)
    return problem.value


def there_and_back(world: WatchedWorld, name: str, inputs: dict[str, Any]) -> Plan:
    made = action(name, inputs)
    plan = stored(made.plan(world))
    assert made.do(world, plan).outcome == "done"
    assert made.check(world, plan).grade == "configured"
    assert made.undo(world, plan).outcome == "done"
    return plan


def test_the_statements_that_were_there_stay_as_they_are_behind_our_deny(cloud: Cloud, world: WatchedWorld) -> None:
    plan = action("aws.iam.lock_trust", built.a_role(cloud)).plan(world)
    before, after = plan.before["parts"][built.ROLE], plan.after["parts"][built.ROLE]
    statements = json.loads(after)["Statement"]
    assert statements[0]["Effect"] == "Deny"
    assert json.dumps(statements[1:], separators=(",", ":")) in before


def test_a_deleted_principal_is_noticed_before_anything_is_written(cloud: Cloud, world: WatchedWorld) -> None:
    gone = {**built.ANYBODY, "Principal": {"AWS": ["AROAEXAMPLEEXAMPLEID1", f"arn:aws:iam::{ACCOUNT}:root"]}}
    built.role(cloud, trust={**built.TRUST, "Statement": [gone]})
    assert "AROAEXAMPLEEXAMPLEID1" in str(refused(world, "aws.iam.lock_trust", role=built.ROLE))


def test_a_quarantine_that_aws_has_set_itself_is_left(cloud: Cloud, world: WatchedWorld) -> None:
    inputs = built.a_user(cloud)
    iam = cloud.client("iam")
    iam.attach_user_policy(UserName=built.USER, PolicyArn=f"arn:aws:iam::aws:policy/{QUARANTINE}")
    quarantine = action("aws.iam.quarantine_user", inputs)
    plan = stored(quarantine.plan(world))
    assert quarantine.undo(world, plan).outcome == "already-done"
    assert len(iam.list_attached_user_policies(UserName=built.USER)["AttachedPolicies"]) == 1
    assert "sts:AssumeRole" not in json.dumps(plan.calls)


def test_a_new_password_is_never_written_down(cloud: Cloud, world: WatchedWorld) -> None:
    there_and_back(world, "aws.iam.console_off", built.a_console_user(cloud))
    made = next(line for line in world.record.lines if line.operation == "iam:CreateLoginProfile")
    assert made.params["Password"] == "<secret>"
    assert all(call.params.get("Password", "<secret>") == "<secret>" for call in world.sent)


def test_a_user_without_a_password_has_nothing_to_switch_off(cloud: Cloud, world: WatchedWorld) -> None:
    assert "no password" in str(refused(world, "aws.iam.console_off", **built.a_user(cloud)))


def test_a_removed_device_cannot_be_put_back_and_that_is_said(cloud: Cloud, world: WatchedWorld) -> None:
    remove = action("aws.iam.remove_mfa", built.a_user_with_two_devices(cloud))
    with pytest.raises(Refused, match="cannot be enrolled"):
        remove.undo(world, remove.plan(world))


def test_a_web_provider_is_made_again_from_the_plan(cloud: Cloud, world: WatchedWorld) -> None:
    inputs = built.an_oidc_provider(cloud)
    trust = {**built.ANYBODY, "Principal": {"Federated": inputs["arn"]}, "Action": "sts:AssumeRoleWithWebIdentity"}
    built.role(cloud, trust={**built.TRUST, "Statement": [trust]})
    plan = there_and_back(world, "aws.iam.remove_identity_provider", inputs)
    assert [one.en for one in plan.dependants] == [f"Role {built.ROLE} trusts it."]


def test_a_trust_anchor_is_disabled_and_enabled_again(cloud: Cloud, world: WatchedWorld) -> None:
    there_and_back(world, "aws.iam.remove_identity_provider", built.a_trust_anchor(cloud))
    elsewhere = "arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/0f"
    assert "eu-west-1" in str(refused(world, "aws.iam.remove_identity_provider", arn=elsewhere))


def test_the_management_account_is_never_quarantined(cloud: Cloud, world: WatchedWorld) -> None:
    built.an_organization(cloud)
    assert "management" in str(refused(world, "aws.org.quarantine_account", account_id=ACCOUNT))


def test_an_account_with_five_policies_is_refused_before_anything_is_done(cloud: Cloud, world: WatchedWorld) -> None:
    inputs = built.an_organization(cloud)
    org = cloud.client("organizations")
    for number in range(4):  # one is there from the beginning
        told = org.create_policy(
            Content=json.dumps(built.READS), Description="made up", Name=f"p{number}", Type="SERVICE_CONTROL_POLICY"
        )
        org.attach_policy(PolicyId=told["Policy"]["PolicySummary"]["Id"], TargetId=inputs["account_id"])
    assert "takes no more" in str(refused(world, "aws.org.quarantine_account", **inputs))


def test_a_quarantine_policy_that_somebody_has_changed_is_noticed(cloud: Cloud, world: WatchedWorld) -> None:
    inputs = built.an_organization(cloud)
    quarantine = action("aws.org.quarantine_account", inputs)
    plan = stored(quarantine.plan(world))
    quarantine.do(world, plan)
    org = cloud.client("organizations")
    listed = org.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    ours = next(one["Id"] for one in listed if one["Name"].startswith("hikeshi-"))
    org.update_policy(PolicyId=ours, Content=json.dumps(built.READS))
    assert quarantine.check(world, plan).outcome == "failed"
    quarantine.do(world, plan)
    assert "does not have our text" in str(refused(world, "aws.org.quarantine_account", **inputs))
