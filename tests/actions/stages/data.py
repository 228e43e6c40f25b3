"""Stages of the actions in `actions/aws/data/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actions.account import Cloud
from actions.stages.stage import Stage, Stages
from hikeshi.simulation.building.data import (
    allow_listed_detector,
    backdoored_function,
    blinded_trail,
    bucket_with_lock,
    bucket_with_policy,
    bucket_with_rules,
    bucket_without_policy,
    busy_function,
    cluster_admin,
    disabled_key,
    files_alone,
    half_blocked_bucket,
    inside_a_cluster,
    ip_set,
    key_to_be_deleted,
    open_cluster,
    prefix_list,
    public_bucket,
    public_cluster,
    public_database,
    reserved_function,
    rotated_secret,
    rule_group,
    running_task,
    sampled_detector,
    scaled_service,
    shared_database_snapshot,
    shared_image,
    shared_snapshot,
    short_log_groups,
    shut_out_trail,
    some_vpc,
    stopped_recorder,
    suspended_detector,
    the_account,
    trail_of_few_resources,
    watching_detector,
)

KEPT = ("s3.kept",)
POLICIES = ("s3.policies",)
_ORGANIZATION = frozenset({"organizations:DescribeOrganization"})
PUBLIC = ("s3.public",)
_GRANTS = frozenset({"kms:ListGrants", "kms:PutKeyPolicy", "kms:RevokeGrant"})
_RULES = frozenset(
    {"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"}
)


def of_a_cluster(*names: str) -> Callable[[Cloud], dict[str, Any]]:
    """Only these of what stands in the cluster."""
    return lambda cloud: {name: value for name, value in inside_a_cluster(cloud).items() if name in names}


STAGES: Stages = {
    "aws.cloudtrail.restore": {
        "advanced": Stage(build=trail_of_few_resources, areas=("cloudtrail.trails",)),
        "basic": Stage(build=blinded_trail, areas=("cloudtrail.trails",)),
    },
    "aws.cloudtrail.restore_bucket_policy": {
        "absent": Stage(build=blinded_trail, areas=("s3.policies",), rare=_ORGANIZATION),
        "shut": Stage(build=shut_out_trail, areas=("s3.policies",), rare=_ORGANIZATION | {"s3:DeleteBucketPolicy"}),
    },
    "aws.config.restore": {"stopped": Stage(build=stopped_recorder, areas=("config.recorders",))},
    "aws.dns.block": {"first": Stage(build=some_vpc, areas=("dns.domains",))},
    "aws.ec2.block_prefix": {"shared": Stage(build=prefix_list, areas=("ec2.prefix_lists",))},
    "aws.ec2.block_snapshot_sharing": {"unblocked": Stage(build=the_account, areas=("ec2.sharing",))},
    "aws.ec2.unshare_image": {"shared": Stage(build=shared_image, areas=("ec2.sharing",))},
    "aws.ec2.unshare_snapshot": {"shared": Stage(build=shared_snapshot, areas=("ec2.sharing",))},
    "aws.ecs.contain": {"scaled": Stage(build=scaled_service, areas=("ecs.services",))},
    "aws.ecs.stop_task": {"running": Stage(build=running_task, areas=("ecs.tasks",))},
    "aws.eks.contain": {"admin": Stage(build=cluster_admin, areas=("eks.access",))},
    "aws.eks.cordon_node": {"free": Stage(build=of_a_cluster("cluster", "node"), areas=("eks.inside",))},
    "aws.eks.isolate_pod": {
        "served": Stage(build=of_a_cluster("cluster", "namespace", "pod"), areas=("eks.inside",)),
    },
    "aws.eks.remove_binding": {
        "everywhere": Stage(
            build=of_a_cluster("cluster", "binding"),
            areas=("eks.inside",),
            rare=frozenset(f"kubernetes:{verb}RoleBinding" for verb in ("Create", "Delete", "Get")),
        ),
        "one namespace": Stage(
            build=lambda cloud: of_a_cluster("cluster", "namespace")(cloud) | {"binding": "debug"},
            areas=("eks.inside",),
            rare=frozenset(f"kubernetes:{verb}ClusterRoleBinding" for verb in ("Create", "Delete", "Get")),
        ),
    },
    "aws.eks.restrict_endpoint": {
        "off": Stage(build=open_cluster, areas=("eks.endpoints",)),
        "less": Stage(build=lambda cloud: open_cluster(cloud) | {"cidrs": ["192.0.2.0/24"]}, areas=("eks.endpoints",)),
    },
    "aws.firewall.block": {"shared": Stage(build=rule_group, areas=("firewall.rules",))},
    "aws.guardduty.distrust": {"listed": Stage(build=allow_listed_detector, areas=("guardduty.lists",))},
    "aws.guardduty.feedback": {"sampled": Stage(build=sampled_detector, areas=("guardduty.findings",))},
    "aws.guardduty.restore": {
        "suspended": Stage(
            build=suspended_detector, areas=("guardduty.detectors",), rare=frozenset({"guardduty:CreateDetector"})
        ),
        "deleted": Stage(
            build=the_account,
            areas=("guardduty.detectors",),
            rare=frozenset({"guardduty:GetDetector", "guardduty:UpdateDetector"}),
        ),
    },
    "aws.guardduty.threat_list": {"watching": Stage(build=watching_detector, areas=("guardduty.lists",))},
    "aws.kms.protect": {
        "deleted": Stage(build=key_to_be_deleted, areas=("kms.keys",), rare=_GRANTS),
        "disabled": Stage(build=disabled_key, areas=("kms.keys",), rare=frozenset({"kms:CancelKeyDeletion"})),
    },
    "aws.lambda.freeze": {
        "busy": Stage(build=busy_function, areas=("lambda.functions",)),
        "reserved": Stage(
            build=reserved_function,
            areas=("lambda.functions",),
            rare=frozenset({"lambda:DeleteFunctionConcurrency"}),
        ),
    },
    "aws.lambda.restore_code": {
        "backdoored": Stage(
            build=backdoored_function, areas=("lambda.code",), rare=frozenset({"lambda:GetLayerVersion"})
        )
    },
    "aws.logs.retain": {"short": Stage(build=short_log_groups, areas=("logs.retention",))},
    "aws.rds.contain": {
        "public": Stage(
            build=public_database,
            areas=("ec2.groups", "rds.instances"),
            rare=_RULES,
        )
    },
    "aws.rds.contain_cluster": {
        "public": Stage(build=public_cluster, areas=("ec2.groups", "rds.clusters", "rds.instances"), rare=_RULES)
    },
    "aws.rds.snapshot": {"public": Stage(build=public_database, areas=())},
    "aws.rds.snapshot_cluster": {"public": Stage(build=public_cluster, areas=())},
    "aws.rds.unshare_snapshot": {
        "shared": Stage(
            build=shared_database_snapshot,
            areas=("rds.sharing",),
            rare=frozenset({"rds:DescribeDBClusterSnapshotAttributes", "rds:ModifyDBClusterSnapshotAttribute"}),
        )
    },
    "aws.s3.block_account": {"absent": Stage(build=the_account, areas=("s3.account",))},
    "aws.s3.block_bucket": {
        "absent": Stage(build=public_bucket, areas=PUBLIC),
        "half": Stage(build=half_blocked_bucket, areas=PUBLIC),
    },
    "aws.s3.deny_customer_keys": {
        "absent": Stage(build=files_alone, areas=POLICIES),
        "policy": Stage(build=public_bucket, areas=POLICIES, rare=frozenset({"s3:DeleteBucketPolicy"})),
    },
    "aws.s3.lock_policy": {
        "absent": Stage(build=bucket_without_policy, areas=POLICIES),
        "policy": Stage(build=bucket_with_policy, areas=POLICIES, rare=frozenset({"s3:DeleteBucketPolicy"})),
    },
    "aws.s3.preserve": {
        "lock": Stage(build=bucket_with_lock, areas=KEPT, rare=frozenset({"s3:PutLifecycleConfiguration"})),
        "rules": Stage(
            build=bucket_with_rules,
            areas=KEPT,
            rare=frozenset({"s3:GetObjectLegalHold", "s3:PutObjectLegalHold"}),
        ),
    },
    "aws.secretsmanager.rotate": {
        "rotated": Stage(
            build=rotated_secret,
            areas=("secretsmanager.versions",),
            rare=frozenset({"cloudtrail:LookupEvents"}),
        )
    },
    "aws.waf.block_address": {"shared": Stage(build=ip_set, areas=("waf.sets",))},
}
