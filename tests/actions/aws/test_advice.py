"""What a finding calls for; and what it never calls for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.advice import FAMILIES, Sign, advise, bound, family_of
from hikeshi.signals.reading import read
from tests_findings import finding

CONTROLLED = "Backdoor:EC2/C&CActivity.B"


@pytest.mark.parametrize(
    ("kind", "role", "family"),
    [
        (CONTROLLED, "ACTOR", "command-server"),
        ("Backdoor:EC2/C&CActivity.B!DNS", "ACTOR", "dns"),
        ("UnauthorizedAccess:EC2/SSHBruteForce", "TARGET", "inward"),
        ("UnauthorizedAccess:EC2/SSHBruteForce", "ACTOR", "outward"),
        ("CryptoCurrency:Runtime/BitcoinTool.B!DNS", "ACTOR", "mining"),
        ("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", "TARGET", "stolen-role"),
        ("Policy:IAMUser/RootCredentialUsage", "TARGET", "root"),
        ("Persistence:IAMUser/AnomalousBehavior", "TARGET", "identity"),
        ("Policy:S3/BucketPublicAccessGranted", "TARGET", "open-bucket"),
        ("AttackSequence:IAM/CompromisedCredentials", "", "sequence"),
        ("Execution:EC2/MaliciousFile!AMI", "", "malware-in-copies"),
        ("Execution:EC2/MaliciousFile", "", "malware"),
    ],
)
def test_a_type_belongs_to_the_family_that_names_most_of_it(kind: str, role: str, family: str) -> None:
    found = family_of(kind, role)
    assert found is not None
    assert found.name == family


@pytest.mark.parametrize(
    "sign",
    [
        Sign(kind=CONTROLLED, resource_role="ACTOR", sample=True),
        Sign(kind=CONTROLLED, resource_role="ACTOR", archived=True),
        Sign(kind=CONTROLLED, resource_role="TARGET"),
        Sign(kind="Novel:EC2/NeverSeen", resource_role="ACTOR"),
        Sign(kind="", resource_role="ACTOR"),
    ],
)
def test_samples_archived_targets_and_unknown_types_are_for_triage_only(sign: Sign) -> None:
    told = advise(sign)
    assert (told.mode, told.actions) == ("triage", ())
    assert told.why.en
    assert told.why.ja


def test_who_is_attacked_is_never_cut_off() -> None:
    told = advise(Sign(kind="Recon:EC2/PortProbeUnprotectedPort", resource_role="TARGET", names={"instance": ("i-1",)}))
    assert told.mode == "notify"
    assert not {name for name in told.actions if "isolate" in name or name.endswith("stop")}


def test_no_type_is_in_two_families_of_one_role() -> None:
    named = [(start, family.role) for family in FAMILIES for start in family.types]
    assert len(named) == len(set(named))


def stolen(principal: str, key: str) -> Sign:
    """A finding about credentials, as it comes in."""
    access = {"userName": "shop-web", "accessKeyId": key, "principalId": principal}
    kind = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS"
    found = finding(type=kind, resource={"resourceType": "AccessKey", "accessKeyDetails": access})
    (signal,) = read(found, "guardduty").signals
    names: dict[str, tuple[str, ...]] = {}
    for one in signal.observables:
        names[one.kind] = (*names.get(one.kind, ()), one.value)
    return Sign(kind=signal.kind, resource_role=signal.resource_role, names=names)


def test_the_session_of_an_instance_names_the_instance_and_its_role() -> None:
    sign = stolen("AROAEXAMPLE:i-0123456789abcdef0", "ASIAIOSFODNN7EXAMPLE")
    taken = bound(("instance_id", "role", "user", "access_key_id", "seconds"), sign)
    assert taken == {"instance_id": "i-0123456789abcdef0", "role": "shop-web"}


def test_a_long_term_key_names_its_user() -> None:
    taken = bound(("instance_id", "role", "user", "access_key_id"), stolen("AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE"))
    assert taken == {"user": "shop-web", "access_key_id": "AKIAIOSFODNN7EXAMPLE"}


def test_every_type_in_real_findings_has_a_family(shared_data: Path) -> None:
    folder = shared_data / "guardduty-findings"
    if not folder.is_dir():
        pytest.skip("../shared/data/guardduty-findings is not here")
    texts = [path.read_text() for path in folder.glob("*.json")]
    kinds = {kind for text in texts for kind in re.findall(r'"[Tt]ype": ?"([A-Za-z]+:[A-Za-z0-9]+/[^"]+)"', text)}
    assert kinds
    assert not [kind for kind in kinds if not any(family_of(kind, role) for role in ("ACTOR", "TARGET", ""))]


def test_every_action_that_is_advised_exists() -> None:
    named = {name for family in FAMILIES for name in family.actions}
    assert sorted(named - set(ACTIONS)) == []
