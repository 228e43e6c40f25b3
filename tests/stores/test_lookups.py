"""The two look-ups over records of our own: attempts allowed and denied, roles passed, and everything of one name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hikeshi.errors import Refused
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.lookups import ESCALATING, activity, escalation, narrowed, window

DENIED = {"errorCode": "AccessDenied", "errorMessage": "not authorized to perform: iam:PassRole on resource"}
ROLE = "arn:aws:iam::111122223333:role/admin"
CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("mallory", "iam", "AttachUserPolicy", {"requestParameters": {"userName": "mallory"}, "errorCode": "AccessDenied"}),
    ("mallory", "iam", "CreateRole", {"requestParameters": {"roleName": "way-back"}}),
    ("mallory", "iam", "CreateAccessKey", {"requestParameters": {"userName": "alice"}}),
    ("mallory", "iam", "CreateLoginProfile", {"requestParameters": {"userName": "alice"}}),
    ("mallory", "ec2", "RunInstances", {"requestParameters": {"imageId": "ami-1"}, **DENIED}),
    ("mallory", "lambda", "CreateFunction20150331", {"requestParameters": {"role": ROLE}}),
    ("alice", "ec2", "RunInstances", {"requestParameters": {"imageId": "ami-1"}}),
    ("alice", "ec2", "DescribeInstances", {"requestParameters": None, "readOnly": True}),
    ("alice", "s3", "PutObject", {"requestParameters": {"key": "role"}}),
]


def record(number: int, user: str, service: str, name: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::111122223333:user/{user}",
            "accountId": "111122223333",
            "accessKeyId": f"AKIA{user.upper()}",
            "userName": user,
        },
        "eventTime": f"2026-11-06T14:{number:02d}:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7" if user == "mallory" else "198.51.100.23",
        "eventID": f"20000000-0000-4000-8000-{number:012d}",
        "readOnly": False,
        "recipientAccountId": "111122223333",
        **more,
    }


RECORDS = [record(number, *call) for number, call in enumerate(CALLS)]


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trail") / "trail.json"
    path.write_text(json.dumps({"Records": RECORDS}))
    return path


@pytest.fixture(scope="module")
def store(trail: Path) -> DuckStore:
    store = DuckStore(trail.parent / "store")
    store.build([trail])
    return store


def test_every_try_is_found_allowed_or_denied_in_the_order_of_time(store: DuckStore) -> None:
    found = list(escalation(store).found)
    assert [one.event["action"] for one in found] == [call[2] for call in CALLS[:6]]
    assert [one.event["outcome"] for one in found][:2] == ["denied", "success"]
    assert all(one.reasons for one in found)


def test_a_role_passed_to_a_service_and_one_that_may_not_be_passed_are_tries(store: DuckStore) -> None:
    denied, passed = list(escalation(store).found)[-2:]
    assert (denied.event["action"], passed.event["action"]) == ("RunInstances", "CreateFunction20150331")
    assert passed.techniques == denied.techniques == ("T1548.005",)
    assert [reason.en for reason in passed.reasons] == ["Role handed to a service"]


def test_our_own_rules_add_their_reasons(store: DuckStore) -> None:
    first = next(escalation(store).found)
    assert {"gave itself more rights", "User gives itself rights"} <= {reason.en for reason in first.reasons}


def test_rules_are_asked_once_and_again_when_more_was_built(trail: Path, tmp_path: Path) -> None:
    store = DuckStore(tmp_path / "store")
    store.build([trail])
    before = list(escalation(store).found)
    kept = store.folder / "attempts.json"
    written = kept.stat().st_mtime_ns
    assert list(escalation(DuckStore(store.folder)).found) == before
    assert kept.stat().st_mtime_ns == written
    more = tmp_path / "more.json"
    more.write_text(json.dumps({"Records": [record(20, "mallory", "lambda", "CreateFunction20150331", CALLS[5][3])]}))
    store.build([more])
    assert [one.techniques for one in escalation(store).found][-1] == ("T1548.005",)
    assert kept.stat().st_mtime_ns > written


def test_a_window_narrows_both(store: DuckStore) -> None:
    asked = window(datetime(2026, 11, 6, 14, 1, tzinfo=UTC), datetime(2026, 11, 6, 14, 3, tzinfo=UTC))
    assert [one.event["action"] for one in escalation(store, asked).found] == ["CreateRole", "CreateAccessKey"]
    assert len(list(activity(store, asked, ip="192.0.2.7"))) == 2


@pytest.mark.parametrize(
    "who",
    [
        {"ip": " 192.0.2.7"},
        {"principal": "mallory"},
        {"principal": "arn:aws:iam::111122223333:user/mallory"},
        {"key": "AKIAMALLORY"},
        {"ip": "192.0.2.7", "key": "AKIAMALLORY"},
    ],
)
def test_everything_from_one_address_principal_or_key(store: DuckStore, who: dict[str, str]) -> None:
    assert [row["action"] for row in activity(store, None, **who)] == [call[2] for call in CALLS[:6]]


def test_all_that_is_named_must_hold(store: DuckStore) -> None:
    assert not list(activity(store, ip="192.0.2.7", principal="alice"))


def test_nothing_named_and_what_is_no_address_are_refused(store: DuckStore) -> None:
    with pytest.raises(Refused):
        activity(store)
    with pytest.raises(Refused, match="no address"):
        activity(store, ip="mallory")


def test_aws_narrows_only_what_surely_means_the_same() -> None:
    assert narrowed("", "AKIAMALLORY") == ("AccessKeyId", "AKIAMALLORY")
    assert narrowed("arn:aws:iam::111122223333:user/x/mallory", "") == ("Username", "mallory")
    assert narrowed("mallory", "") is narrowed("arn:aws:sts::111122223333:assumed-role/a/mallory", "") is None


def test_the_calls_that_count_as_escalation_come_from_the_one_table() -> None:
    assert {"CreateRole", "AttachRolePolicy", "CreateAccessKey", "CreateLoginProfile"} <= ESCALATING
    assert not {"StopLogging", "ListUsers", "UpdateFunctionConfiguration20150331v2"} & ESCALATING
