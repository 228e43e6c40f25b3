"""CloudTrail records: the keys, codes and identities of real ones."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from hikeshi.simulation import cast
from hikeshi.simulation.trail import Act, Who, assumed, denied, iso, record, service, unique_id, user
from simulation.stage import NOW

AT = int(NOW.timestamp())
SOMEBODY = user("hanako.sato", "AKIAIOSFODNN7EXAMPLE", "192.0.2.10", "aws-cli/2")


def written(**fields: Any) -> dict[str, Any]:
    act: dict[str, Any] = {"at": AT, "who": SOMEBODY, "service": "ec2", "name": "DescribeInstances", **fields}
    return record(Act(**act), random.Random(1))


def test_an_event_has_the_keys_of_a_real_one(shared_data: Path) -> None:
    path = shared_data / "stratus-red-team-logs" / "aws.defense-evasion.cloudtrail-stop.json"
    if not path.exists():
        pytest.skip("../shared/data/stratus-red-team-logs is not here")
    real = next(one for one in json.loads(path.read_text()) if one["eventName"] == "StopLogging")
    ours = written(service="cloudtrail", name="StopLogging", request={"name": "account-trail"})
    assert set(ours) == set(real)
    assert set(ours["userIdentity"]) == set(real["userIdentity"])
    assert set(ours["tlsDetails"]) == set(real["tlsDetails"])
    assert (ours["readOnly"], ours["eventType"]) == (real["readOnly"], real["eventType"])


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("DescribeInstances", True),
        ("GetCallerIdentity", True),
        ("ListUsers", True),
        ("AssumeRole", True),
        ("RunInstances", False),
    ],
)
def test_reading_and_writing_are_told_apart(name: str, reads: bool) -> None:
    assert written(name=name)["readOnly"] is reads


def test_iam_is_recorded_in_the_region_of_global_services() -> None:
    assert written(service="iam", name="CreateUser")["awsRegion"] == "us-east-1"
    assert written()["awsRegion"] == cast.REGION


def test_a_denied_call_has_the_services_own_code() -> None:
    assert denied(SOMEBODY, "ec2", "RunInstances")[0] == "Client.UnauthorizedOperation"
    code, message = denied(SOMEBODY, "iam", "ListUsers")
    assert code == "AccessDenied"
    assert "user/hanako.sato is not authorized to perform: iam:ListUsers" in message
    assert written(error=(code, message))["errorCode"] == code


def test_a_call_that_succeeded_has_no_error() -> None:
    assert "errorCode" not in written()


def test_a_service_has_no_address_and_no_tls() -> None:
    shown = written(who=service("config.amazonaws.com"), service="sts", name="AssumeRole")
    assert shown["sourceIPAddress"] == shown["userAgent"] == "config.amazonaws.com"
    assert shown["userIdentity"] == {"type": "AWSService", "invokedBy": "config.amazonaws.com"}
    assert "tlsDetails" not in shown


def test_a_session_began_before_its_call() -> None:
    shown = written(who=assumed("deploy", "pipeline", "192.0.2.40", "sdk"))
    began = shown["userIdentity"]["sessionContext"]["attributes"]["creationDate"]
    assert began <= shown["eventTime"] == iso(AT)


def test_one_caller_can_make_many_records() -> None:
    who = assumed("deploy", "pipeline", "192.0.2.40", "sdk")
    first, later = written(who=who), written(who=who, at=AT + 7200)
    assert first["userIdentity"]["sessionContext"] != later["userIdentity"]["sessionContext"]
    assert first["userIdentity"]["arn"] == later["userIdentity"]["arn"] == who.arn


def test_made_up_ids_look_like_ids_and_like_examples() -> None:
    made = unique_id("AROA", "deploy")
    assert made == unique_id("AROA", "deploy") != unique_id("AROA", "monitoring")
    assert made.endswith("EXAMPLE")
    assert len(made) == 20


def test_a_sign_in_has_its_own_type() -> None:
    shown = written(who=Who(SOMEBODY.identity, "192.0.2.10", "browser"), service="signin", name="ConsoleLogin")
    assert shown["eventType"] == "AwsConsoleSignIn"
