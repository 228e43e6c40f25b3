"""The least-privilege IAM policy for chosen actions, derived from what they declare.

Scopes follow the Service Authorization Reference. Where IAM cannot narrow a permission further, the action checks itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from hikeshi.actions.action import Action
from hikeshi.actions.aws.commands import DOCUMENTS
from hikeshi.actions.aws.machines import PROTECTED_TAG
from hikeshi.actions.aws.network.isolation_group import KINDS, ROLE_TAG
from hikeshi.actions.aws.network.quarantine_subnet import ROLE as QUARANTINE_ROLE
from hikeshi.actions.aws.recovery.rebuild import ROLE as REBUILT_ROLE
from hikeshi.aws.kubernetes import SERVICE

Role = Literal["read", "acquire", "contain", "eradicate"]
VERSION: Final = "2012-10-17"
"""Of the policy language."""

READING: Final = ("BatchGet", "Decrypt", "Describe", "Get", "List", "Lookup")
"""How the name of a permission begins that changes nothing."""

Condition = Mapping[str, Mapping[str, Any]]

_ROLES = [kind.role for kind in KINDS]
_OURS: Condition = {"StringEquals": {f"aws:ResourceTag/{ROLE_TAG}": _ROLES}}
_NEW_GROUP: Condition = {"StringEquals": {f"aws:RequestTag/{ROLE_TAG}": _ROLES}}
_NEW_ACL: Condition = {"StringEquals": {f"aws:RequestTag/{ROLE_TAG}": QUARANTINE_ROLE}}
_NEW_MACHINE: Condition = {"StringEquals": {f"aws:RequestTag/{ROLE_TAG}": REBUILT_ROLE}}
_OUR_KEYS: Condition = {"ForAllValues:StringLike": {"aws:TagKeys": ["hikeshi:*"]}}
_NOT_PROTECTED: Condition = {"Null": {f"aws:ResourceTag/{PROTECTED_TAG}": "true"}}
_FOR_AWS: Condition = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
_FOR_DISKS: Condition = {"StringLike": {"kms:ViaService": ["ebs.*.amazonaws.com", "ec2.*.amazonaws.com"]}}
_OF_AN_INCIDENT: Condition = {"Null": {"aws:ResourceTag/hikeshi:incident": "false"}}
_MIRROR = ("traffic-mirror-filter", "traffic-mirror-session", "traffic-mirror-target")
_TAGGED = (
    "instance", "network-acl", "network-interface", "security-group", "snapshot", "traffic-mirror-session", "volume",
    "vpc-flow-log",
)  # fmt: skip


class Scope(msgspec.Struct, frozen=True):
    """Where a permission is given: resource patterns ({partition}, {region}, {account}, {bucket}, {prefix}), and when."""

    resources: tuple[str, ...]
    condition: Condition = msgspec.field(default_factory=dict)


def _ec2(*kinds: str) -> tuple[str, ...]:
    # Snapshots carry no account in their name.
    return tuple(
        f"arn:{{partition}}:ec2:{{region}}:{'' if kind == 'snapshot' else '{account}'}:{kind}/*" for kind in kinds
    )


def _iam(kind: str) -> tuple[str, ...]:
    return (f"arn:{{partition}}:iam::{{account}}:{kind}/*",)


_ROOT_TASKS: Condition = {
    "ArnLike": {
        "sts:TaskPolicyArn": [
            "arn:*:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
            "arn:*:iam::aws:policy/root-task/IAMDeleteRootUserCredentials",
        ]
    }
}
_TO_EC2: Condition = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
_OUR_DENIES: Condition = {
    "ArnLike": {
        "iam:PolicyARN": [
            "arn:*:iam::aws:policy/AWSCompromisedKeyQuarantineV3",
            "arn:*:iam::aws:policy/AWSDenyAll",
        ]
    }
}
_BUCKETS = ("arn:{partition}:s3:::*",)
_KEYS = ("arn:{partition}:kms:{region}:{account}:key/*",)
# A policy's id is only known when it has been made; the account is the organization's management account.
_ORGANIZATION = tuple(
    f"arn:{{partition}}:organizations::{{account}}:{kind}"
    for kind in ("account/*", "policy/*/service_control_policy/*")
)
# Neither users nor permission sets carry an account in their names.
_PEOPLE = "arn:{partition}:identitystore:::user/*"
_SETS = (
    "arn:{partition}:sso:::account/*",
    "arn:{partition}:sso:::instance/*",
    "arn:{partition}:sso:::permissionSet/*",
)
_ANCHORS = ("arn:{partition}:rolesanywhere:{region}:{account}:trust-anchor/*",)
_ALL_OBJECTS = ("arn:{partition}:s3:::*/*",)
_COPYING: Condition = {"StringLike": {"s3:x-amz-copy-source": "*"}}
"""Into buckets that are not the evidence bucket nothing is written but a copy of what is there."""
_OBJECTS = ("arn:{partition}:s3:::{bucket}/{prefix}/*",)

_SCALED = (
    Scope(
        ("arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*",), _NOT_PROTECTED
    ),
)
_BALANCED = (Scope(("arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/*",), _NOT_PROTECTED),)
_BALANCED_CLASSIC = (
    Scope(("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/*",), _NOT_PROTECTED),
)
_MACHINE = (Scope(_ec2("instance"), _NOT_PROTECTED),)

_TRAILS = ("arn:{partition}:cloudtrail:{region}:{account}:trail/*",)

_DETECTORS = ("arn:{partition}:guardduty:{region}:{account}:detector/*",)

_DNS_FIREWALL = tuple(
    f"arn:{{partition}}:route53resolver:{{region}}:{{account}}:{kind}/*"
    for kind in ("firewall-domain-list", "firewall-rule-group", "firewall-rule-group-association")
)

_IMAGES = ("arn:{partition}:ecr:{region}:{account}:repository/*",)
_QUERY_LOGS = ("arn:{partition}:route53resolver:{region}:{account}:resolver-query-log-config/*",)

SCOPES: dict[str, tuple[Scope, ...]] = {
    "application-autoscaling:RegisterScalableTarget": (
        Scope(("arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/*",)),
    ),
    "autoscaling:AttachInstances": _SCALED,
    "autoscaling:DetachInstances": _SCALED,
    "autoscaling:EnterStandby": _SCALED,
    "autoscaling:ExitStandby": _SCALED,
    "autoscaling:ResumeProcesses": _SCALED,
    "autoscaling:SetInstanceProtection": _SCALED,
    "autoscaling:SuspendProcesses": _SCALED,
    "autoscaling:UpdateAutoScalingGroup": _SCALED,
    "cloudtrail:PutEventSelectors": (Scope(_TRAILS),),
    "cloudtrail:StartLogging": (Scope(_TRAILS),),
    "cloudtrail:UpdateTrail": (Scope(_TRAILS),),
    "config:StartConfigurationRecorder": (Scope(("*",)),),
    "ebs:GetSnapshotBlock": (Scope(_ec2("snapshot")),),
    "ebs:ListSnapshotBlocks": (Scope(_ec2("snapshot")),),
    "ec2:AssociateAddress": (Scope(_ec2("elastic-ip", "instance", "network-interface")),),
    "ec2:AssociateIamInstanceProfile": (Scope(_ec2("instance"), _NOT_PROTECTED),),
    "ec2:AssociateKmsKeyId": (Scope(_ec2("snapshot")),),
    "ec2:AttachNetworkInterface": (Scope(_ec2("instance", "network-interface"), _NOT_PROTECTED),),
    "ec2:AuthorizeSecurityGroupEgress": (Scope(_ec2("security-group"), _OURS),),
    "ec2:AuthorizeSecurityGroupIngress": (Scope(_ec2("security-group"), _OURS),),
    "ec2:CopySnapshot": (Scope(_ec2("snapshot")),),
    "ec2:CreateFlowLogs": (Scope(_ec2("network-interface", "vpc-flow-log")),),
    "ec2:CreateNetworkAcl": (Scope(_ec2("network-acl"), _NEW_ACL), Scope(_ec2("vpc"))),
    "ec2:CreateNetworkAclEntry": (Scope(_ec2("network-acl"), _NOT_PROTECTED),),
    "ec2:CreateRoute": (Scope(_ec2("route-table"), _NOT_PROTECTED),),
    "ec2:CreateSecurityGroup": (Scope(_ec2("security-group"), _NEW_GROUP), Scope(_ec2("vpc"))),
    "ec2:CreateSnapshot": (Scope(_ec2("snapshot", "volume")),),
    "ec2:CreateSnapshots": (Scope(_ec2("instance", "snapshot", "volume")),),
    "ec2:CreateTags": (Scope(_ec2(*_TAGGED), _OUR_KEYS),),
    "ec2:CreateTrafficMirrorSession": (Scope(_ec2("network-interface", *_MIRROR)),),
    "ec2:DeleteFlowLogs": (Scope(_ec2("vpc-flow-log"), _OF_AN_INCIDENT),),
    "ec2:DeleteNetworkAclEntry": (Scope(_ec2("network-acl"), _NOT_PROTECTED),),
    "ec2:DeleteRoute": (Scope(_ec2("route-table"), _NOT_PROTECTED),),
    "ec2:DeleteTags": (Scope(_ec2("instance", "network-interface", "volume"), _OUR_KEYS),),
    "ec2:DeleteTrafficMirrorSession": (Scope(_ec2(*_MIRROR), _OF_AN_INCIDENT),),
    "ec2:DetachNetworkInterface": (Scope(_ec2("instance", "network-interface"), _NOT_PROTECTED),),
    "ec2:DisableSnapshotBlockPublicAccess": (Scope(("*",)),),
    "ec2:DisableSerialConsoleAccess": (Scope(("*",)),),
    "ec2:DisassociateAddress": (Scope(_ec2("elastic-ip", "instance", "network-interface")),),
    "ec2:DisassociateIamInstanceProfile": (Scope(_ec2("instance"), _NOT_PROTECTED),),
    "ec2:DisassociateKmsKeyId": (Scope(_ec2("snapshot")),),
    "ec2:EnableSerialConsoleAccess": (Scope(("*",)),),
    "ec2:EnableSnapshotBlockPublicAccess": (Scope(("*",)),),
    "ec2:LockSnapshot": (Scope(_ec2("snapshot")),),
    "ec2:ModifyImageAttribute": (Scope(("arn:{partition}:ec2:{region}::image/*",)),),
    "ec2:ModifyInstanceAttribute": (Scope(_ec2("instance"), _NOT_PROTECTED), Scope(_ec2("security-group"))),
    "ec2:ModifyInstanceMetadataOptions": _MACHINE,
    "ec2:ModifyManagedPrefixList": (Scope(_ec2("prefix-list"), _NOT_PROTECTED),),
    "ec2:ModifyNetworkInterfaceAttribute": (
        Scope(_ec2("instance", "network-interface"), _NOT_PROTECTED),
        Scope(_ec2("security-group")),
    ),
    "ec2:ModifySnapshotAttribute": (Scope(_ec2("snapshot")),),
    "ec2:ModifyVpcBlockPublicAccessOptions": (Scope(("*",)),),
    "ec2:ReplaceIamInstanceProfileAssociation": (Scope(_ec2("instance"), _NOT_PROTECTED),),
    "ec2:ReplaceNetworkAclAssociation": (Scope(_ec2("network-acl", "subnet"), _NOT_PROTECTED),),
    "ec2:RevokeSecurityGroupEgress": (Scope(_ec2("security-group"), _OURS),),
    "ec2:RevokeSecurityGroupIngress": (Scope(_ec2("security-group"), _OURS),),
    "ec2:RunInstances": (
        Scope(_ec2("instance"), _NEW_MACHINE),
        Scope(
            (
                "arn:{partition}:ec2:{region}::image/*",
                *_ec2("key-pair", "network-interface", "security-group", "snapshot", "subnet", "volume"),
            )
        ),
    ),
    "ec2:SendDiagnosticInterrupt": _MACHINE,
    "ec2:StartInstances": _MACHINE,
    "ec2:StopInstances": _MACHINE,
    "ecr:BatchGetImage": (Scope(_IMAGES),),
    "ecr:GetDownloadUrlForLayer": (Scope(_IMAGES),),
    "ecs:StopTask": (Scope(("arn:{partition}:ecs:{region}:{account}:task/*",), _NOT_PROTECTED),),
    "ecs:UpdateService": (Scope(("arn:{partition}:ecs:{region}:{account}:service/*",)),),
    "eks:AssociateAccessPolicy": (Scope(("arn:{partition}:eks:{region}:{account}:access-entry/*",)),),
    "eks:DisassociateAccessPolicy": (Scope(("arn:{partition}:eks:{region}:{account}:access-entry/*",)),),
    "eks:UpdateAccessEntry": (Scope(("arn:{partition}:eks:{region}:{account}:access-entry/*",)),),
    "eks:UpdateClusterConfig": (Scope(("arn:{partition}:eks:{region}:{account}:cluster/*",), _NOT_PROTECTED),),
    "elasticloadbalancing:DeregisterInstancesFromLoadBalancer": _BALANCED_CLASSIC,
    "elasticloadbalancing:DeregisterTargets": _BALANCED,
    "elasticloadbalancing:RegisterInstancesWithLoadBalancer": _BALANCED_CLASSIC,
    "elasticloadbalancing:RegisterTargets": _BALANCED,
    "guardduty:CreateDetector": (Scope(("*",)),),
    "guardduty:CreateThreatEntitySet": (Scope(_DETECTORS),),
    "guardduty:DeleteThreatEntitySet": (Scope(_DETECTORS),),
    "guardduty:UpdateDetector": (Scope(_DETECTORS),),
    "guardduty:UpdateFilter": (Scope(_DETECTORS),),
    "guardduty:UpdateFindingsFeedback": (Scope(_DETECTORS),),
    "guardduty:UpdateIPSet": (Scope(_DETECTORS),),
    "guardduty:UpdateTrustedEntitySet": (Scope(_DETECTORS),),
    "iam:AttachUserPolicy": (Scope(_iam("user"), _OUR_DENIES),),
    "iam:CreateLoginProfile": (Scope(_iam("user")),),
    "iam:CreateOpenIDConnectProvider": (Scope(_iam("oidc-provider")),),
    "iam:CreateSAMLProvider": (Scope(_iam("saml-provider")),),
    "iam:DeactivateMFADevice": (Scope(_iam("user")),),
    "iam:DeleteAccessKey": (Scope(_iam("user")),),
    "iam:DeleteLoginProfile": (Scope(_iam("user")),),
    "iam:DeleteOpenIDConnectProvider": (Scope(_iam("oidc-provider")),),
    "iam:DeleteRole": (Scope(_iam("role")),),
    "iam:DeleteRolePolicy": (Scope(_iam("role")),),
    "iam:DeleteSAMLProvider": (Scope(_iam("saml-provider")),),
    "iam:DeleteSSHPublicKey": (Scope(_iam("user")),),
    "iam:DeleteSigningCertificate": (Scope(_iam("user")),),
    "iam:DeleteUser": (Scope(_iam("user")),),
    "iam:DeleteUserPermissionsBoundary": (Scope(_iam("user")),),
    "iam:DeleteUserPolicy": (Scope(_iam("user")),),
    "iam:DetachRolePolicy": (Scope(_iam("role")),),
    "iam:DetachUserPolicy": (Scope(_iam("user"), _OUR_DENIES),),
    "iam:PassRole": (
        Scope(
            ("arn:{partition}:iam::{account}:role/hikeshi-forensic*", "arn:{partition}:iam::{account}:role/rebuilt-*"),
            _TO_EC2,
        ),
    ),
    "iam:PutRolePolicy": (Scope(_iam("role")),),
    "iam:PutUserPermissionsBoundary": (Scope(_iam("user")),),
    "iam:PutUserPolicy": (Scope(_iam("user")),),
    "iam:RemoveRoleFromInstanceProfile": (Scope(_iam("instance-profile")),),
    "iam:RemoveUserFromGroup": (Scope(_iam("group")),),
    "iam:SimulatePrincipalPolicy": (
        Scope(("arn:{partition}:iam::{account}:role/*", "arn:{partition}:iam::{account}:user/*")),
    ),
    "iam:UpdateAccessKey": (Scope(_iam("user")),),
    "iam:UpdateAssumeRolePolicy": (Scope(_iam("role")),),
    "identitystore:UpdateUser": (Scope(("arn:{partition}:identitystore::{account}:identitystore/*", _PEOPLE)),),
    "kms:CancelKeyDeletion": (Scope(_KEYS),),
    "kms:CreateGrant": (Scope(_KEYS, _FOR_AWS),),
    "kms:Decrypt": (Scope(("arn:{partition}:kms:{region}:{account}:key/*",), _FOR_DISKS),),
    "kms:DisableKey": (Scope(_KEYS),),
    "kms:EnableKey": (Scope(_KEYS),),
    "kms:GenerateDataKeyWithoutPlaintext": (Scope(_KEYS, _FOR_DISKS),),
    "kms:PutKeyPolicy": (Scope(_KEYS),),
    "kms:ReEncryptFrom": (Scope(_KEYS, _FOR_DISKS),),
    "kms:ReEncryptTo": (Scope(_KEYS, _FOR_DISKS),),
    "kms:RevokeGrant": (Scope(_KEYS),),
    "lambda:AddPermission": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "lambda:DeleteFunctionConcurrency": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "lambda:PublishVersion": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "lambda:PutFunctionConcurrency": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "lambda:RemovePermission": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "lambda:UpdateAlias": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "lambda:UpdateEventSourceMapping": (Scope(("arn:{partition}:lambda:{region}:{account}:event-source-mapping:*",)),),
    "lambda:UpdateFunctionCode": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "lambda:UpdateFunctionConfiguration": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "lambda:UpdateFunctionUrlConfig": (Scope(("arn:{partition}:lambda:{region}:{account}:function:*",)),),
    "logs:CreateLogDelivery": (Scope(("*",)),),
    "logs:DeleteLogDelivery": (Scope(("*",)),),
    "logs:PutRetentionPolicy": (Scope(("arn:{partition}:logs:{region}:{account}:log-group:*",)),),
    "network-firewall:UpdateRuleGroup": (
        Scope(("arn:{partition}:network-firewall:{region}:{account}:stateful-rulegroup/*",)),
    ),
    "organizations:AttachPolicy": (Scope(_ORGANIZATION),),
    "organizations:CreatePolicy": (Scope(_ORGANIZATION),),
    "organizations:DetachPolicy": (Scope(_ORGANIZATION),),
    "rds:AddTagsToResource": (
        Scope(
            (
                "arn:{partition}:rds:{region}:{account}:cluster-snapshot:hikeshi-*",
                "arn:{partition}:rds:{region}:{account}:snapshot:hikeshi-*",
            )
        ),
    ),
    "rds:CreateDBClusterSnapshot": (
        Scope(
            (
                "arn:{partition}:rds:{region}:{account}:cluster:*",
                "arn:{partition}:rds:{region}:{account}:cluster-snapshot:hikeshi-*",
            )
        ),
    ),
    "rds:CreateDBSnapshot": (
        Scope(
            ("arn:{partition}:rds:{region}:{account}:db:*", "arn:{partition}:rds:{region}:{account}:snapshot:hikeshi-*")
        ),
    ),
    "rds:ModifyDBCluster": (Scope(("arn:{partition}:rds:{region}:{account}:cluster:*",), _NOT_PROTECTED),),
    "rds:ModifyDBClusterSnapshotAttribute": (
        Scope(("arn:{partition}:rds:{region}:{account}:cluster-snapshot:*",), _NOT_PROTECTED),
    ),
    "rds:ModifyDBInstance": (Scope(("arn:{partition}:rds:{region}:{account}:db:*",)),),
    "rds:ModifyDBSnapshotAttribute": (Scope(("arn:{partition}:rds:{region}:{account}:snapshot:*",), _NOT_PROTECTED),),
    "rolesanywhere:DisableTrustAnchor": (Scope(_ANCHORS),),
    "rolesanywhere:EnableTrustAnchor": (Scope(_ANCHORS),),
    "route53resolver:AssociateFirewallRuleGroup": (Scope(_DNS_FIREWALL), Scope(_ec2("vpc"))),
    "route53resolver:AssociateResolverQueryLogConfig": (Scope(_QUERY_LOGS), Scope(_ec2("vpc"))),
    "route53resolver:CreateFirewallDomainList": (Scope(_DNS_FIREWALL),),
    "route53resolver:CreateFirewallRule": (Scope(_DNS_FIREWALL),),
    "route53resolver:CreateFirewallRuleGroup": (Scope(_DNS_FIREWALL),),
    "route53resolver:CreateResolverQueryLogConfig": (Scope(_QUERY_LOGS),),
    "route53resolver:DisassociateResolverQueryLogConfig": (Scope(_QUERY_LOGS), Scope(_ec2("vpc"))),
    "route53resolver:UpdateFirewallDomains": (Scope(_DNS_FIREWALL),),
    "s3:DeleteBucketPolicy": (Scope(_BUCKETS),),
    "s3:DeleteObject": (Scope(_ALL_OBJECTS),),
    "s3:GetObject": (Scope(_OBJECTS),),
    "s3:GetObjectVersion": (Scope(_ALL_OBJECTS),),
    "s3:ListBucket": (Scope(("arn:{partition}:s3:::{bucket}",)),),
    "s3:ListBucketMultipartUploads": (Scope(("arn:{partition}:s3:::{bucket}",)),),
    "s3:PutAccountPublicAccessBlock": (Scope(("*",)),),
    "s3:PutBucketPolicy": (Scope(_BUCKETS),),
    "s3:PutBucketPublicAccessBlock": (Scope(_BUCKETS),),
    "s3:PutBucketVersioning": (Scope(_BUCKETS),),
    "s3:PutLifecycleConfiguration": (Scope(_BUCKETS),),
    "s3:PutObject": (Scope(_OBJECTS), Scope(_ALL_OBJECTS, _COPYING)),
    "s3:PutObjectLegalHold": (Scope(("arn:{partition}:s3:::*/*",)),),
    "secretsmanager:RotateSecret": (Scope(("arn:{partition}:secretsmanager:{region}:{account}:secret:*",)),),
    "ssm:SendCommand": (
        Scope(tuple(f"arn:{{partition}}:ssm:{{region}}::document/{one}" for one in DOCUMENTS.values())),
        Scope(_ec2("instance")),
    ),
    "ssm:TerminateSession": (Scope(("arn:{partition}:ssm:{region}:{account}:session/*",)),),
    "sso:DeleteInlinePolicyFromPermissionSet": (Scope(_SETS),),
    "sso:ProvisionPermissionSet": (Scope(_SETS),),
    "sso:PutInlinePolicyToPermissionSet": (Scope(_SETS),),
    "sts:AssumeRoot": (Scope(("arn:{partition}:iam::*:root",), _ROOT_TASKS),),
    "wafv2:UpdateIPSet": (Scope(("arn:{partition}:wafv2:{region}:{account}:*/ipset/*",)),),
}
"""Every permission that changes something or reads evidence must be here; only reading ones may go without (resource "*")."""


def role_of(kind: type[Action[Any]]) -> Role:
    """Which of the four roles of an account an action is done with: no more rights than its effect needs."""
    if kind.effect == "look":
        return "read"
    if kind.eradicates:
        return "eradicate"
    return "acquire" if kind.effect == "collect" else "contain"


def names_of(
    *, account: str, region: str = "*", bucket: str = "", prefix: str = "hikeshi", partition: str = "aws"
) -> dict[str, str]:
    """What stands in the braces of scopes."""
    return {"partition": partition, "region": region, "account": account, "bucket": bucket, "prefix": prefix}


def filled(text: str, names: Mapping[str, str]) -> str:
    """Only our own names are put in: policy variables such as ${aws:username} have braces, too."""
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def policy(
    actions: Iterable[type[Action[Any]]],
    *,
    account: str,
    region: str = "*",
    bucket: str = "",
    prefix: str = "hikeshi",
    partition: str = "aws",
) -> dict[str, Any]:
    """The policy document for these actions as plain JSON. An empty `bucket` leaves the permissions on the evidence bucket out."""
    names = names_of(account=account, region=region, bucket=bucket, prefix=prefix, partition=partition)
    wanted = {permission for action in actions for permission in action.permissions}
    return {"Version": VERSION, "Statement": statements(wanted, names)}


def looks_only(permission: str) -> bool:
    """Whether it changes nothing: asked for in the role that reads, whichever action asks."""
    return permission.partition(":")[2].startswith(READING)


def of_iam(permissions: Iterable[str]) -> list[str]:
    """Those that IAM gives, sorted: what is done inside a cluster, the cluster gives (`cluster_roles.py`)."""
    return sorted(name for name in set(permissions) if not name.startswith(f"{SERVICE}:"))


def statements(permissions: Iterable[str], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """One statement for each scope, with every permission that is given in it; reading ones without a scope first, on everything."""
    wanted = [name for name in of_iam(permissions) if names["bucket"] or not _needs_bucket(name)]
    reading = [name for name in wanted if name not in SCOPES]
    made = [{"Sid": "Read", "Effect": "Allow", "Action": reading, "Resource": "*"}] if reading else []
    alike: dict[bytes, dict[str, Any]] = {}
    for permission in wanted:
        for number, scope in enumerate(SCOPES.get(permission, ()), start=1):
            statement = _statement(permission, number, scope, names)
            same = alike.setdefault(msgspec.json.encode((scope.resources, scope.condition)), statement)
            if same is not statement:
                same["Action"].append(permission)
    return [*made, *alike.values()]


def _needs_bucket(permission: str) -> bool:
    return any("{bucket}" in resource for scope in SCOPES.get(permission, ()) for resource in scope.resources)


def _statement(permission: str, number: int, scope: Scope, names: Mapping[str, str]) -> dict[str, Any]:
    service, operation = permission.split(":")
    statement = {
        "Sid": re.sub(r"[^0-9A-Za-z]", "", f"{service.capitalize()}{operation}{number}"),
        "Effect": "Allow",
        "Action": [permission],
        "Resource": [filled(resource, names) for resource in scope.resources],
    }
    if not scope.condition:
        return statement
    return {**statement, "Condition": msgspec.json.decode(filled(msgspec.json.encode(scope.condition).decode(), names))}
