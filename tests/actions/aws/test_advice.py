"""What a finding calls for; and what it never calls for."""

from __future__ import annotations

import pytest

from hikeshi.actions.aws.advice import FAMILIES, Sign, advise, family_of

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
