"""Each question says yes where the account is ready, no with what to do where it is not, and unknown where it could not find out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from actions.account import ACCOUNT, BUCKET, REGION, Cloud
from actions.aws.preflight.ground import ROLES, Account, verdicts
from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.network.isolation_group import prepared_group
from hikeshi.actions.aws.policy import Role
from hikeshi.actions.aws.preflight import PERMISSIONS, QUESTIONS
from hikeshi.actions.aws.preflight.asking import ask
from hikeshi.actions.aws.preflight.dry_run import dry_run
from hikeshi.actions.aws.preflight.question import Place
from hikeshi.actions.aws.preflight.verdicts import outlook


def evidence_bucket(account: Account, **lock: Any) -> None:
    s3 = account.cloud.client("s3")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True, **lock)
    everything = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=everything)


def test_agents_that_answer_are_told_from_those_that_do_not(account: Account) -> None:
    well = account.cloud.machine(1).id
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "sim:agent", "Value": "offline"}]}]
    lost = account.cloud.machine(1, TagSpecifications=tags).id
    answers = account.ask("agents")
    assert verdicts(answers) == {well: "yes", lost: "no"}
    assert "120 min ago" in next(answer.found.en for answer in answers if answer.resource == lost)


def test_without_endpoints_an_isolated_instance_reaches_nothing(account: Account) -> None:
    account.cloud.machine(1)
    assert {answer.answer for answer in account.ask("endpoints")} == {"no"}


def test_an_endpoint_whose_group_does_not_admit_us_is_not_enough(account: Account) -> None:
    machine = account.cloud.machine(1)
    group = account.cloud.group(machine.vpc, "endpoints")
    endpoint = {"VpcId": machine.vpc, "SubnetIds": [machine.subnet], "SecurityGroupIds": [group]}
    account.cloud.ec2.create_vpc_endpoint(
        ServiceName=f"com.amazonaws.{REGION}.ssm", VpcEndpointType="Interface", PrivateDnsEnabled=True, **endpoint
    )
    resource = f"{machine.vpc} ssm"
    assert verdicts(account.ask("endpoints"))[resource] == "no"
    isolation = prepared_group(account.cloud.world(), machine.vpc)
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": isolation}]}
    account.cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https])
    assert verdicts(account.ask("endpoints"))[resource] == "yes"


def test_a_gateway_endpoint_is_enough_for_the_bucket(account: Account) -> None:
    machine = account.cloud.machine(1)
    account.cloud.ec2.create_vpc_endpoint(
        VpcId=machine.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway"
    )
    assert verdicts(account.ask("endpoints"))[f"{machine.vpc} s3"] == "yes"


def test_ec2_itself_says_whether_an_isolation_group_can_be_made(account: Account) -> None:
    machine = account.cloud.machine(1)
    assert verdicts(account.ask("isolation_group")) == {machine.vpc: "yes"}
    account.cloud.layer.refusals["CreateSecurityGroup"] = "UnauthorizedOperation"
    assert verdicts(account.ask("isolation_group")) == {machine.vpc: "no"}
    account.cloud.layer.refusals["CreateSecurityGroup"] = "SomethingElse"
    assert verdicts(account.ask("isolation_group")) == {machine.vpc: "unknown"}


def test_an_isolation_group_that_is_there_needs_no_permission_to_make_one(account: Account) -> None:
    machine = account.cloud.machine(1)
    prepared_group(account.cloud.world(), machine.vpc)
    account.cloud.layer.refusals["CreateSecurityGroup"] = "UnauthorizedOperation"
    assert verdicts(account.ask("isolation_group")) == {machine.vpc: "yes"}


def test_a_dry_run_changes_nothing(account: Account) -> None:
    vpc = account.cloud.machine(1).vpc
    params = {"GroupName": "x", "Description": "x", "VpcId": vpc}
    assert dry_run(account.cloud.world(), "ec2", "CreateSecurityGroup", **params)[0] is True
    assert "x" not in {group["GroupName"] for group in account.cloud.ec2.describe_security_groups()["SecurityGroups"]}


def test_the_evidence_bucket_must_be_locked_and_closed(account: Account) -> None:
    assert verdicts(account.ask("evidence_bucket", evidence_bucket="")) == {"": "no"}
    assert verdicts(account.ask("evidence_bucket")) == {BUCKET: "no"}
    account.cloud.bucket()
    said = account.ask("evidence_bucket")[0].found.en
    assert said == "It is not versioned. It has no Object Lock. It is not closed to the public."
    account.cloud.client("s3").delete_bucket(Bucket=BUCKET)
    evidence_bucket(account)
    assert verdicts(account.ask("evidence_bucket")) == {BUCKET: "yes"}
    assert "ap-northeast-1" in account.ask("evidence_bucket", region="eu-west-1")[0].found.en


def test_a_key_that_is_going_to_be_deleted_is_no_key(account: Account) -> None:
    assert account.ask("evidence_key") == []
    kms = account.cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    role = {"acquire": account.role("acquire")}
    said = account.ask("evidence_key", evidence_key=key, roles=role)[0]
    assert said.answer == "no"
    assert "kms:Decrypt" in said.found.en
    kms.schedule_key_deletion(KeyId=key.rpartition("/")[2])
    assert "PendingDeletion" in account.ask("evidence_key", evidence_key=key)[0].found.en


def test_room_is_counted(account: Account) -> None:
    machine = account.cloud.machine(1)
    assert verdicts(account.ask("snapshot_room")) == {"": "yes"}
    acl = account.cloud.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [machine.vpc]}])
    name = acl["NetworkAcls"][0]["NetworkAclId"]
    assert verdicts(account.ask("acl_room")) == {name: "yes"}
    for number in range(1, 20):
        account.cloud.ec2.create_network_acl_entry(
            NetworkAclId=name,
            RuleNumber=number,
            Protocol="-1",
            RuleAction="deny",
            Egress=True,
            CidrBlock="192.0.2.1/32",
        )
    assert verdicts(account.ask("acl_room")) == {name: "no"}


def test_guardduty_and_cloudtrail_are_looked_at(account: Account) -> None:
    assert verdicts(account.ask("guardduty")) == {"": "no"}
    assert verdicts(account.ask("trails")) == {"": "no"}
    detector = account.cloud.client("guardduty").create_detector(Enable=True)["DetectorId"]
    assert verdicts(account.ask("guardduty")) == {detector: "yes"}
    account.cloud.bucket()
    trails = account.cloud.client("cloudtrail")
    trails.create_trail(Name="all", S3BucketName=BUCKET, EnableLogFileValidation=True, IsMultiRegionTrail=True)
    assert verdicts(account.ask("trails")) == {"all": "no"}
    trails.start_logging(Name="all")
    assert verdicts(account.ask("trails")) == {"all": "yes"}


def test_alerts_need_a_rule_a_queue_and_a_dead_letter_queue(account: Account) -> None:
    assert verdicts(account.ask("delivery")) == {"": "no"}
    events, sqs = account.cloud.client("events"), account.cloud.client("sqs")
    events.put_rule(Name="guardduty", EventPattern=json.dumps({"source": ["aws.guardduty"]}))
    assert verdicts(account.ask("delivery")) == {"guardduty": "no"}
    url = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:alerts"
    events.put_targets(Rule="guardduty", Targets=[{"Id": "queue", "Arn": arn}])
    assert account.ask("delivery")[0].found.en == "It has no dead-letter queue."
    sqs.create_queue(QueueName="dead")
    redrive = json.dumps({"deadLetterTargetArn": arn.replace("alerts", "dead"), "maxReceiveCount": 5})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
    assert verdicts(account.ask("delivery")) == {"alerts": "yes"}
    assert account.ask("delivery", queue_url=f"{url}-other")[0].answer == "no"


def test_the_clock_is_compared_with_aws(cloud: Cloud) -> None:
    account = Account(cloud)  # over real HTTP: the time is in a header
    assert verdicts(account.ask("clock")) == {"": "yes"}
    account.ahead = timedelta(minutes=6)
    assert verdicts(account.ask("clock")) == {"": "no"}


def test_a_role_is_assumed_to_see_whether_it_can_be(account: Account) -> None:
    arn = account.role("read")
    assert verdicts(account.ask("role_read", roles={"read": arn})) == {arn: "yes"}
    assert verdicts(account.ask("role_read", roles={"read": arn}, external_id="")) == {arn: "no"}
    assert verdicts(account.ask("role_read")) == {"": "yes"}
    assert verdicts(account.ask("role_read", account="444455556666")) == {"": "no"}
    account.cloud.layer.refusals["AssumeRole"] = "AccessDenied"
    assert verdicts(account.ask("role_read", roles={"read": arn})) == {arn: "no"}


def test_roles_with_the_generated_policies_may_do_everything_their_actions_declare(account: Account) -> None:
    roles = {role: account.role(role) for role in ROLES}
    answers = account.ask("permissions", roles=roles)
    assert {answer.action for answer in answers} == set(ACTIONS)
    assert [answer for answer in answers if answer.answer != "yes" and not in_a_cluster(answer.action)] == []
    assert {answer.answer for answer in answers if in_a_cluster(answer.action)} == {"unknown"}


def in_a_cluster(action: str) -> bool:
    """What the cluster itself has to permit, which IAM cannot tell."""
    return any(name.startswith("kubernetes:") for name in ACTIONS[action].permissions)


def test_a_permission_that_is_taken_away_is_named(account: Account) -> None:
    roles = {role: account.role(role) for role in ROLES}
    nothing = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "ec2:CreateSnapshots", "Resource": "*"},
    }
    iam = account.cloud.client("iam")
    iam.put_role_policy(RoleName="hikeshi-acquire", PolicyName="deny", PolicyDocument=json.dumps(nothing))
    answers = account.ask("permissions", "aws.ebs.snapshot_set", "aws.ec2.isolate", roles=roles)
    assert verdicts(answers) == {"aws.ebs.snapshot_set": "no", "aws.ec2.isolate": "yes"}
    assert "ec2:CreateSnapshots (explicitDeny)" in answers[0].found.en


def test_where_iam_may_not_be_asked_it_is_unknown(account: Account) -> None:
    account.cloud.layer.refusals["SimulatePrincipalPolicy"] = "AccessDenied"
    roles = {role: account.role(role) for role in ROLES}
    assert {answer.answer for answer in account.ask("permissions", roles=roles)} == {"unknown"}


def test_all_questions_together_change_nothing_and_use_what_they_declare(cloud: Cloud) -> None:
    account = Account(cloud)
    account.cloud.machine(1)
    place = account.ground(roles={role: account.role(role) for role in ROLES}).place
    steps: list[tuple[int, int, str]] = []
    answers = ask([place], account.enter, tuple(ACTIONS.values()), told=lambda *step: steps.append(step))
    assert {answer.question for answer in answers} >= set(QUESTIONS) - {"evidence_key"}
    assert [world.sent for world in account.worlds if world.sent] == []
    assert len(steps) == len(QUESTIONS)
    assert account.used - {"ec2:CreateSecurityGroup", "ec2:CreateTags"} <= set(PERMISSIONS)
    isolate = outlook(ACTIONS["aws.ec2.isolate"], answers)
    assert isolate.state == "yes", isolate.against
    memory = outlook(ACTIONS["aws.ssm.capture_memory"], answers)
    assert (memory.state, {answer.question for answer in memory.against}) == ("no", {"evidence_bucket"})


def test_one_account_never_answers_for_another(account: Account) -> None:
    place = account.ground(account="444455556666").place
    answers = {one.question: one.answer for one in ask([place], account.enter, tuple(ACTIONS.values()))}
    assert set(answers) == set(QUESTIONS)
    assert {answers[name] for name, question in QUESTIONS.items() if not question.own} == {"unknown"}


def test_no_answer_is_not_a_yes() -> None:
    assert outlook(ACTIONS["aws.ec2.isolate"], []).state == "unknown"


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_that_fails_on_the_way_is_unknown(account: Account, name: str) -> None:
    def shut(place: Place, role: Role | None) -> Any:
        del place, role
        return account.cloud.world(endpoint_url="http://127.0.0.1:9")

    place = account.ground(evidence_key="alias/evidence").place
    answers = ask([place], shut, tuple(ACTIONS.values()), questions={name: QUESTIONS[name]})
    assert {answer.answer for answer in answers} == {"unknown"}
    assert all(answer.found.ja for answer in answers)
