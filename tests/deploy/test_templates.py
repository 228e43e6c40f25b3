"""What is in deploy/: generated anew where actions change, linted, and deployed into the simulated account, where an alert arrives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actions.account import ACCOUNT, BUCKET, REGION, Cloud
from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.cluster_roles import manifests
from hikeshi.actions.aws.policy import looks_only
from hikeshi.actions.aws.preflight import QUESTIONS
from hikeshi.actions.aws.preflight.question import Ground, Place
from hikeshi.actions.aws.role_policies import CHARACTERS, MOST_POLICIES, documents, permissions_of, size
from hikeshi.actions.aws.templates import ROLES, TERRAFORM_NAMES, files
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.clouds.entering import enter
from hikeshi.doors.intake import Intake
from tests_findings import finding

pytestmark = pytest.mark.filterwarnings(
    "ignore:Tried to parse"
)  # policies of queues and buckets, which moto leaves out
DEPLOY = Path(__file__).parents[2] / "deploy"
TEMPLATES = sorted((DEPLOY / "cloudformation").glob("*.yaml"))
HIKESHI = f"arn:aws:iam::{ACCOUNT}:role/hikeshi-server"
NEWER_THAN_THE_LINTER = {"associatekmskeyid", "disassociatekmskeyid"}
"""Permissions the linter's own list does not have yet; they are in the SDK."""


def test_what_is_generated_is_what_the_actions_declare_now() -> None:
    stale = [
        name for name, text in files().items() if not (DEPLOY / name).is_file() or (DEPLOY / name).read_text() != text
    ]
    assert stale == [], "run: python deploy/make.py"


@pytest.mark.parametrize("role", ROLES)
def test_the_policies_of_a_role_fit_into_what_iam_takes(role: Any) -> None:
    made = documents(role, ACTIONS.values(), TERRAFORM_NAMES)
    assert len(made) <= MOST_POLICIES
    assert max(size(one["Statement"]) for one in made) <= CHARACTERS


def test_no_role_may_do_everything_of_a_service_or_end_what_is_evidence() -> None:
    given = {
        name
        for role in ROLES
        for document in documents(role, ACTIONS.values(), TERRAFORM_NAMES)
        for statement in document["Statement"]
        for name in statement["Action"]
    }
    assert not {name for name in given if "*" in name}
    assert not given & {
        "ec2:DeleteSnapshot",
        "ec2:TerminateInstances",
        "s3:DeleteBucket",
        "s3:BypassGovernanceRetention",
    }


@pytest.mark.slow
def test_the_linter_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    found = subprocess.run(
        [str(linter), "--format", "parseable", *map(str, TEMPLATES)], capture_output=True, text=True, check=False
    )
    lines = [
        line
        for line in found.stdout.splitlines()
        if not any(f"'{name}'" in line[:160] for name in NEWER_THAN_THE_LINTER)
    ]
    assert lines == []


TAGS = "      Tags: [{Key: 'hikeshi:protected', Value: hikeshi}]\n"
"""The simulation cannot tag a key from a template (it looks for TagKey, where CloudFormation has Key), so tags are left out there."""

ROOTS = "arn:${AWS::Partition}:iam::*:root"
"""A resource of sts:AssumeRoot, which the simulation takes for a mistake."""


def deploy(account: Cloud, name: str, **parameters: str) -> dict[str, str]:
    """The stack's outputs."""
    stacks = account.client("cloudformation")
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    body = (DEPLOY / "cloudformation" / f"{name}.yaml").read_text().replace(TAGS, "").replace(ROOTS, "'*'")
    stacks.create_stack(StackName=name, TemplateBody=body, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"])
    [stack] = stacks.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}


@pytest.mark.slow
@pytest.mark.django_db
def test_from_an_empty_account_to_the_first_alert(account: Cloud) -> None:
    told = deploy(account, "alerts", HikeshiPrincipal=HIKESHI)
    payload = json.loads(finding())
    event = {"Source": "aws.guardduty", "DetailType": payload["detail-type"], "Detail": json.dumps(payload["detail"])}
    account.client("events").put_events(Entries=[event, {**event, "Source": "somebody.else"}])
    intake = Intake(told["QueueUrl"])
    assert (intake.once(), intake.once()) == (1, 0)
    assert Alert.objects.get().kind == payload["detail"]["type"]
    place = Place(account=ACCOUNT, region=REGION, queue_url=told["QueueUrl"])
    answers = list(QUESTIONS["delivery"].ask(Ground(place=place, enter=enter, actions=())))
    assert [(one.answer, one.resource) for one in answers] == [("yes", "hikeshi-alerts")]


def test_the_roles_that_are_deployed_may_do_what_the_actions_declare(account: Cloud) -> None:
    told = deploy(account, "roles", HikeshiPrincipal=HIKESHI, ExternalId="shop-7f3a", EvidenceBucket=BUCKET)
    roles = {role: told[f"{role.capitalize()}RoleArn"] for role in ROLES}
    place = Place(account=ACCOUNT, region=REGION, roles=roles, external_id="shop-7f3a", evidence_bucket=BUCKET)
    ground = Ground(place=place, enter=enter, actions=tuple(ACTIONS.values()))
    for name in ("permissions", "role_read", "role_acquire", "role_contain", "role_eradicate"):
        left = {one.action: one.answer for one in QUESTIONS[name].ask(ground) if one.answer != "yes"}
        inside = [one for one, kind in ACTIONS.items() if any(it.startswith("kubernetes:") for it in kind.permissions)]
        assert left == (dict.fromkeys(inside, "unknown") if name == "permissions" else {})


def test_the_role_that_reads_may_read_whatever_any_action_reads() -> None:
    may = set(permissions_of("read", ACTIONS.values()))
    assert {name for kind in ACTIONS.values() for name in kind.permissions if looks_only(name)} <= may
    given = [one for document in documents("read", ACTIONS.values(), TERRAFORM_NAMES) for one in document["Statement"]]
    names = {name for statement in given for name in statement["Action"]}
    assert names == {name for name in may if not name.startswith("kubernetes:")}
    assert all(looks_only(name) or name.endswith("SimulatePrincipalPolicy") for name in names)


def test_what_roles_may_do_in_a_cluster_is_what_the_actions_declare() -> None:
    roles = {
        one["metadata"]["name"]: one["rules"]
        for one in manifests(ACTIONS.values(), ROLES)
        if one["kind"] == "ClusterRole"
    }
    verbs = {name: {verb for rule in rules for verb in rule["verbs"]} for name, rules in roles.items()}
    assert verbs == {
        "hikeshi-contain": {"create", "delete", "patch"},
        "hikeshi-eradicate": {"bind", "create", "delete"},
        "hikeshi-read": {"get", "list"},
    }
    touched = {resource for rule in roles["hikeshi-contain"] for resource in rule["resources"]}
    assert touched == {"networkpolicies", "nodes", "pods"}
    assert all("*" not in str(rules) and "secrets" not in str(rules) for rules in roles.values())


def test_the_bucket_and_the_documents_are_deployed(account: Cloud) -> None:
    """The simulation makes the bucket without its lock, versions, block and policy: those are for the linter and for AWS."""
    role = f"arn:aws:iam::{ACCOUNT}:role/hikeshi-acquire"
    told = deploy(account, "evidence", BucketName="example-locked-evidence", AcquireRoles=role, ReadRoles=role)
    assert told["BucketName"] == "example-locked-evidence"
    deploy(account, "documents")
    document = account.client("ssm").get_document(Name="hikeshi-capture-memory")["Content"]
    assert "{{ List }}" in document
    assert "@LIST@" not in document
