"""Who looks like the attacker: principals at an address, ranked by how much of what they did attackers are known to do.

Pure counting over CloudTrail, and deliberately simple enough to explain: each distinct call of the table below counts once with its
weight, so that repeating one call a thousand times does not look worse than doing ten things in ten minutes. Several tactics together
weigh more than one, and the sum is taken times the share that such calls are of all distinct calls: an administrator does many other
things, an attacker few. Denied calls count twice: once as tried, once because owners know what they may do. Discovery counts fully only
for someone who was denied something. AWS's own services and calls from inside AWS are left out.

A rank is a hint where to look first, never proof. Techniques are those of MITRE ATT&CK Enterprise, https://attack.mitre.org.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from hikeshi.text import Text


class Tactic(NamedTuple):
    weight: float
    said: Text


TACTICS: dict[str, Tactic] = {
    "credential-access": Tactic(5, Text("read secrets or credentials", "シークレットや認証情報を読み取った")),
    "defence-evasion": Tactic(6, Text("turned off or weakened logging and detection", "ログや検知を停止または弱めた")),
    "discovery": Tactic(1, Text("looked around", "環境を探索した")),
    "execution": Tactic(4, Text("ran code or machines", "コードや仮想マシンを実行した")),
    "exfiltration": Tactic(6, Text("opened data to the outside", "データを外部から取得できるようにした")),
    "impact": Tactic(6, Text("destroyed or locked data", "データを破壊または使用不能にした")),
    "persistence": Tactic(6, Text("made itself a way back in", "再侵入の手段を作成した")),
    "privilege-escalation": Tactic(7, Text("gave itself more rights", "自身の権限を引き上げた")),
}

_TABLE = """
credential-access      T1528      GetFederationToken GetSessionToken
credential-access      T1552      GetPasswordData
credential-access      T1552.005  DescribeInstanceAttribute
credential-access      T1555.006  GetParameter GetParameters GetParametersByPath GetSecretValue BatchGetSecretValue
defence-evasion        T1562.001  ArchiveFindings CreateFilter DeleteDetector DeleteMembers DisassociateFromMasterAccount
defence-evasion        T1562.001  DisassociateMembers StopMonitoringMembers UpdateDetector DeleteConfigRule DeleteAlarms
defence-evasion        T1562.001  DeleteConfigurationRecorder DeleteDeliveryChannel StopConfigurationRecorder DisableSecurityHub
defence-evasion        T1562.001  LeaveOrganization
defence-evasion        T1562.008  DeleteEventDataStore DeleteFlowLogs DeleteLogGroup DeleteLogStream DeleteTrail
defence-evasion        T1562.008  PutEventSelectors StopLogging UpdateTrail PutBucketLifecycle PutBucketLifecycleConfiguration
defence-evasion        T1562.007  AuthorizeSecurityGroupIngress
discovery              T1069.003  ListGroups ListGroupsForUser GetGroup ListGroupPolicies ListAttachedGroupPolicies
discovery              T1087.004  GetAccountAuthorizationDetails GetCallerIdentity GetUser ListUsers ListAccessKeys ListRoles GetRole
discovery              T1526      ListFunctions ListFunctions20150331 ListSecrets DescribeParameters DescribeDBInstances ListKeys
discovery              T1580      DescribeInstances DescribeSecurityGroups DescribeSnapshots DescribeVolumes DescribeRegions
discovery              T1580      GetSendQuota GetAccountSummary DescribeTrails GetTrailStatus ListDetectors
discovery              T1615      ListPolicies ListRolePolicies ListUserPolicies ListAttachedUserPolicies ListAttachedRolePolicies
discovery              T1615      GetUserPolicy GetRolePolicy GetPolicyVersion SimulatePrincipalPolicy
discovery              T1619      GetBucketAcl GetBucketPolicy GetBucketVersioning GetBucketLocation ListBuckets ListObjects
execution              T1059.009  SendCommand StartSession CreateDevEndpoint
execution              T1578.002  RunInstances
execution              T1648      CreateFunction CreateFunction20150331 UpdateFunctionCode20150331v2 Invoke
exfiltration           T1048      CreateInstanceExportTask CreateStoreImageTask
exfiltration           T1537      ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute ModifyImageAttribute
exfiltration           T1537      ModifySnapshotAttribute SharedSnapshotVolumeCreated StartExportTask PutBucketReplication
exfiltration           T1567      PutBucketAcl PutBucketPolicy DeletePublicAccessBlock DeleteBucketPublicAccessBlock PutBucketPublicAccessBlock
impact                 T1485      DeleteBucket DeleteDBCluster DeleteDBInstance DeleteFileSystem DeleteObject DeleteObjects
impact                 T1485      DeleteSnapshot DeleteVolume TerminateInstances ScheduleKeyDeletion DeleteImportedKeyMaterial
impact                 T1486      PutBucketEncryption PutBucketVersioning DisableKey PutKeyPolicy
impact                 T1490      DeleteBackupVault DeleteRecoveryPoint DeleteDBSnapshot
persistence            T1078.004  UpdateLoginProfile CreateLoginProfile
persistence            T1098.001  CreateAccessKey CreateKeyPair ImportKeyPair UpdateAccessKey SendSSHPublicKey
persistence            T1098.001  SendSerialConsoleSSHPublicKey CreateServiceSpecificCredential
persistence            T1098.003  UpdateAssumeRolePolicy
persistence            T1136.003  CreateUser CreateRole
persistence            T1525      UpdateFunctionConfiguration20150331v2 AddPermission20150331v2
persistence            T1556.006  DeactivateMFADevice DeleteVirtualMFADevice
persistence            T1606      CreateSAMLProvider UpdateSAMLProvider CreateOpenIDConnectProvider CreateTrustAnchor CreateProfile
privilege-escalation   T1098.003  AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreatePolicyVersion
privilege-escalation   T1098.003  PutGroupPolicy PutRolePolicy PutUserPolicy SetDefaultPolicyVersion AddRoleToInstanceProfile
privilege-escalation   T1098.003  DeleteRolePermissionsBoundary DeleteUserPermissionsBoundary AssociateIamInstanceProfile
privilege-escalation   T1548.005  ModifyInstanceAttribute
"""
"""Tactic, technique and calls. A call stands under the tactic that is worst for whoever owns the account."""

CALLS: dict[str, tuple[str, str]] = {
    call: (tactic, technique)
    for tactic, technique, *calls in map(str.split, _TABLE.strip().splitlines())
    for call in calls
}
"""Call: (tactic, technique)."""


class Deeds(msgspec.Struct, frozen=True, kw_only=True):
    """Equal calls of one principal from one address, counted."""

    principal: str
    address: str
    action: str
    count: int
    denied: int
    first_us: int
    last_us: int


class Reason(msgspec.Struct, frozen=True):
    """Why: one tactic, the calls that show it with their techniques, in words."""

    tactic: str
    techniques: tuple[str, ...]
    actions: tuple[str, ...]
    text: Text


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """One principal at one address. `score` has no unit; only the order and the reasons matter."""

    principal: str
    address: str
    score: float
    events: int
    denied: int
    first_us: int
    last_us: int
    reasons: tuple[Reason, ...]


def rank(deeds: Iterable[Deeds]) -> list[Suspect]:
    """Everybody with a score, the likeliest first. Equal scores are in the order of names, so that the list is always the same."""
    by: dict[tuple[str, str], list[Deeds]] = defaultdict(list)
    for deed in deeds:
        by[deed.principal, deed.address].append(deed)
    found = [_suspect(*who, done) for who, done in by.items()]
    return sorted((s for s in found if s.score > 0), key=lambda s: (-s.score, s.principal, s.address))


def _suspect(principal: str, address: str, done: list[Deeds]) -> Suspect:
    events, denied = sum(deed.count for deed in done), sum(deed.denied for deed in done)
    known: dict[str, list[Deeds]] = defaultdict(list)
    for deed in done:
        if deed.action in CALLS:
            known[CALLS[deed.action][0]].append(deed)
    share = sum(map(len, known.values())) / len(done)
    score = _score(known, denied / events) * share
    return Suspect(
        principal=principal,
        address=address,
        score=round(score, 2),
        events=events,
        denied=denied,
        first_us=min(deed.first_us for deed in done),
        last_us=max(deed.last_us for deed in done),
        reasons=_reasons(known, denied, events),
    )


def _score(known: Mapping[str, list[Deeds]], denied: float) -> float:
    """Weights of distinct calls; denied ones twice; times the number of tactics; up to twice as much for the share of denials."""
    total = 0.0
    for tactic, deeds in known.items():
        weight = TACTICS[tactic].weight if tactic != "discovery" or denied else 0.25
        total += sum(weight * (2 if deed.denied else 1) for deed in deeds)
    return total * (1 + 0.25 * (len(known) - 1)) * (1 + denied)


def _reasons(known: Mapping[str, list[Deeds]], denied: int, events: int) -> tuple[Reason, ...]:
    worst = sorted(known, key=lambda tactic: (-TACTICS[tactic].weight * len(known[tactic]), tactic))
    reasons = [_reason(tactic, known[tactic]) for tactic in worst]
    if denied:
        text = Text(f"{denied} of {events} calls were denied", f"{events}件中{denied}件の呼び出しが拒否された")
        reasons.append(Reason("denied", (), (), text))
    return tuple(reasons)


def _reason(tactic: str, deeds: list[Deeds]) -> Reason:
    actions = tuple(sorted({deed.action for deed in deeds}))
    techniques = tuple(sorted({CALLS[action][1] for action in actions}))
    said, listed = TACTICS[tactic].said, ", ".join(actions)
    return Reason(tactic, techniques, actions, Text(f"{said.en}: {listed}", f"{said.ja}: {listed}"))
