"""Suggested severities: the same facts always give the same level, with reasons in both languages that add up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from hikeshi.desk.alerts.classes import FINDING_CLASSES, class_of
from hikeshi.desk.alerts.severity import SEVERITY_RULES, suggest_severity
from hikeshi.signals.signal import Signal

NOW = datetime(2026, 11, 7, 3, 0, tzinfo=UTC)


@dataclass
class Thing:
    criticality: int = 3
    environment: str = ""
    data: list[str] = field(default_factory=list)


def signal(kind: str = "Backdoor:EC2/C&CActivity.B", score: float = 8, role: str = "", hours: float = 24) -> Signal:
    return Signal(
        key="guardduty:1:x:1", title="t", kind=kind, score=score, resource_role=role, last_seen_at=NOW - timedelta(hours=hours)
    )  # fmt: skip


def level(one: Signal, *assets: Thing, related: int = 0) -> int:
    return suggest_severity(one, assets, related, NOW)[0]


@pytest.mark.parametrize(
    ("one", "assets", "related", "expected"),
    [
        (signal(role="ACTOR", hours=0.5), [], 0, 2),
        (signal(role="ACTOR", hours=0.5), [Thing(2)], 0, 1),
        (signal(role="ACTOR", hours=0.5), [Thing(4, "test")], 0, 3),
        (signal("Exfiltration:S3/AnomalousBehavior", 8, hours=0.2), [], 0, 1),
        (signal("Exfiltration:S3/AnomalousBehavior", 5), [Thing(3, "production", ["personal"])], 0, 2),
        (signal("CryptoCurrency:EC2/BitcoinTool.B", 8), [], 0, 2),
        (signal("Recon:EC2/PortProbeUnprotectedPort", 2), [], 0, 4),
        (signal("Recon:EC2/Portscan", 5, "TARGET"), [], 0, 4),
        (signal("Recon:EC2/Portscan", 5, "TARGET"), [Thing(1)], 0, 3),
        (signal("Recon:EC2/Portscan", 5, "TARGET"), [], 3, 3),
        (signal("AttackSequence:IAM/CompromisedCredentials", 9.5), [Thing(4, "test")], 0, 1),
        (signal("Policy:S3/BucketBlockPublicAccessDisabled", 2), [], 5, 4),
        (signal("Policy:S3/BucketAnonymousAccessGranted", 8, hours=300), [], 0, 2),
    ],
)
def test_levels(one: Signal, assets: list[Thing], related: int, expected: int) -> None:
    assert level(one, *assets, related=related) == expected


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Backdoor:EC2/C&CActivity.B!DNS", "command"),
        ("CryptoCurrency:EC2/BitcoinTool.B!DNS", "mining"),
        ("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", "credentials"),
        ("Exfiltration:S3/AnomalousBehavior", "exfiltration"),
        ("Discovery:S3/MaliciousIPCaller", "discovery"),
        ("Stealth:IAMUser/CloudTrailLoggingDisabled", "evasion"),
        ("UnauthorizedAccess:EC2/SSHBruteForce", "access"),
        ("Recon:EC2/PortProbeUnprotectedPort", "recon"),
        ("T1486", "ransomware"),
        ("ランサムウェアの疑い", "ransomware"),
        ("Terminal shell in container", "unclear"),
        ("", "unclear"),
    ],
)
def test_classes_of_findings(kind: str, name: str) -> None:
    assert class_of(kind).name == name


things = st.builds(
    Thing,
    st.sampled_from([1, 2, 3, 4]),
    st.sampled_from(["", "production", "staging", "development", "test"]),
    st.lists(st.sampled_from(["personal", "secret", "payment"]), max_size=2),
)
signals = st.builds(
    signal, st.sampled_from([one.title.en for one in FINDING_CLASSES]), st.floats(0, 10),
    st.sampled_from(["", "TARGET", "ACTOR"]), st.floats(0, 1000),
)  # fmt: skip


@given(signals, st.lists(things, max_size=3), st.integers(0, 9))
def test_every_suggestion_has_reasons_in_both_languages(one: Signal, assets: list[Thing], related: int) -> None:
    severity, reasons = suggest_severity(one, assets, related, NOW)
    assert severity in {1, 2, 3, 4}
    assert all(reason.en and reason.ja and "{" not in reason.en + reason.ja for reason in reasons)


@given(signals, things, st.integers(0, 9))
def test_a_more_critical_asset_is_never_less_grave(one: Signal, thing: Thing, related: int) -> None:
    levels = [level(one, Thing(value, thing.environment, thing.data), related=related) for value in (1, 2, 3, 4)]
    assert all(first <= second for first, second in pairwise(levels))


def test_the_points_named_add_up() -> None:
    _severity, reasons = suggest_severity(signal(role="ACTOR", hours=0.5), [Thing(2, "production")], 1, NOW)
    told = sum(float(reason.en.rpartition("(")[2].rstrip(").")) for reason in reasons[1:-1])
    assert reasons[-1].en == f"{8 + told:g} points: SEV-1."


def test_the_table_is_alphabetical_and_names_known_factors() -> None:
    assert list(SEVERITY_RULES) == sorted(SEVERITY_RULES)
    assert {rule.factor for rule in SEVERITY_RULES.values()} == {
        "actor", "asset", "data", "function", "recoverability", "scope", "stage",
    }  # fmt: skip
