"""Kubernetes: who did what to which object, and who is behind the user."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse

SAMPLES = Path(__file__).parents[2] / "samples" / "kubernetes_audit"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_shell_in_a_pod_says_who_where_and_how_long() -> None:
    shell = sample("audit.jsonl")[0]
    assert (shell.action, shell.resource_type, shell.resource_ids) == (
        "create",
        "pods/exec",
        ["default/pods/web-0/exec"],
    )
    assert (shell.outcome, shell.http_status, shell.read_only) == ("success", 101, False)
    assert shell.src_ip == "198.51.100.23"
    assert shell.ts_end is not None
    assert shell.ts_end - shell.ts == 9_140_174


def test_the_aws_identity_behind_the_user_is_told() -> None:
    shell = sample("audit.jsonl")[0]
    assert shell.actor_id == "arn:aws:sts::111122223333:assumed-role/admin/alice"
    assert (shell.session_name, shell.session_issuer, shell.access_key, shell.provider) == (
        "alice",
        "arn:aws:iam::111122223333:role/admin",
        "AKIAIOSFODNN7EXAMPLE",
        "aws",
    )


def test_what_was_forbidden_is_denied() -> None:
    denied = sample("audit.jsonl")[1]
    assert (denied.outcome, denied.error_code, denied.error_message) == ("denied", "Forbidden", "secrets is forbidden")
    assert (denied.actor_type, denied.read_only, denied.provider) == ("ServiceAccount", True, "kubernetes")


def test_a_request_without_an_object_shows_its_address() -> None:
    asked = sample("audit.jsonl")[2]
    assert (asked.actor_type, asked.outcome, asked.resource_ids) == ("Anonymous", "unknown", None)
    assert asked.message == "system:anonymous get /version from 198.51.100.23, 10.0.0.9"


def test_who_plays_somebody_else_is_named_with_both() -> None:
    deleted = sample("audit.jsonl")[3]
    assert deleted.message.startswith("arn:aws:iam::111122223333:user/alice as system:admin delete ")
    assert msgspec.json.decode(deleted.attrs or b"")["impersonatedUser"] == {"username": "system:admin"}


@pytest.mark.parametrize(("name", "variant"), [("webhook.json", "list"), ("cloudwatch.json", "cloudwatch")])
def test_the_same_request_is_the_same_event_in_every_delivery(name: str, variant: str) -> None:
    assert [event.event_uid for event in sample(name)] == [event.event_uid for event in sample("audit.jsonl")]
    assert {event.source_variant for event in sample(name)} == {variant}
    assert [event.seq for event in sample(name)] == [1, 2, 3, 4]


def test_fields_of_another_type_do_not_cost_the_record() -> None:
    odd, *others = parse([SAMPLES / "damaged.jsonl"])
    assert isinstance(odd, Event)
    assert (odd.actor_name, odd.src_ip, odd.action) == (None, None, "create")
    assert [type(other) for other in others] == [Unreadable] * 3


def test_real_records_of_eks_are_read(shared_data: Path) -> None:
    if not (shared_data / "ocsf-aws-pairs").is_dir():
        pytest.skip("../shared/data/ocsf-aws-pairs is not here")
    found = list(parse([shared_data / "ocsf-aws-pairs" / "*EKS*.raw"]))
    assert [event.actor_type if isinstance(event, Event) else None for event in found] == ["Node"] * 2
