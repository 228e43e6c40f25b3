"""Attacks as red teams publish them, done in a fresh simulated account: what the attacker gains, and which actions end that.

Sources of the list: Stratus Red Team's techniques for AWS and Pacu's modules, in our own words. What the simulation cannot show (that a
stolen session is really refused, that a packet is really dropped) is judged by the configuration that AWS documents to do it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from actions.account import ACCOUNT, Cloud
from actions.stages import STAGES
from hikeshi.actions.aws.kubernetes.inside import selects
from hikeshi.simulation.building import data, identity, instance, recovery
from hikeshi.simulation.state import state

OTHER = "444455556666"
"""The attacker's own account."""

Facts = dict[str, Any]


class Attack(msgspec.Struct, frozen=True, kw_only=True):
    """`do` builds the account and attacks it, and returns what the actions need to know; `harm` says whether the gain is there still.

    `answers` are the actions in order, each with those of the facts that are its inputs.
    """

    what: str
    do: Callable[[Cloud], Facts]
    harm: Callable[[Cloud, Facts], bool]
    answers: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def areas(self) -> set[str]:
        """What of the account its answers can change."""
        return {area for answer, _ in self.answers for stage in STAGES[answer].values() for area in stage.areas}


def steal_instance_credentials(cloud: Cloud) -> Facts:
    return {"instance_id": identity.machine_with_role(cloud)}


def instance_sessions_work(cloud: Cloud, facts: Facts) -> bool:
    return facts["instance_id"] not in _policies_of_role(cloud)


def _policies_of_role(cloud: Cloud) -> str:
    iam = cloud.client("iam")
    names = iam.list_role_policies(RoleName=identity.ROLE)["PolicyNames"]
    return json.dumps(
        [iam.get_role_policy(RoleName=identity.ROLE, PolicyName=name)["PolicyDocument"] for name in names]
    )


def take_over_a_role(cloud: Cloud) -> Facts:
    identity.role(cloud)
    return {"role": identity.ROLE, "release_early": True}


def role_sessions_work(cloud: Cloud, facts: Facts) -> bool:
    del facts
    return "aws:TokenIssueTime" not in _policies_of_role(cloud)


def anybody_reaches_the_api(cloud: Cloud, facts: Facts) -> bool:
    access = cloud.client("eks").describe_cluster(name=facts["cluster"])["cluster"]["resourcesVpcConfig"]
    return bool(access["endpointPublicAccess"]) and "0.0.0.0/0" in access["publicAccessCidrs"]


def binding_is_there(cloud: Cloud, facts: Facts) -> bool:
    told = state(cloud.client, ("eks.inside",))["eks.inside"][facts["cluster"]]
    return any(one["metadata"]["name"] == facts["binding"] for one in told)


def pod_is_served(cloud: Cloud, facts: Facts) -> bool:
    """A service that selects app=web leads to it, and no policy of its own lets nothing through."""
    told = state(cloud.client, ("eks.inside",))["eks.inside"][facts["cluster"]]
    labels = next(one["metadata"].get("labels", {}) for one in told if one["metadata"]["name"] == facts["pod"])
    cut = [
        one["spec"] for one in told if one["kind"] == "NetworkPolicy" and not one["spec"].keys() & {"egress", "ingress"}
    ]
    return labels.get("app") == "web" or not any(selects(spec["podSelector"], labels) for spec in cut)


def make_another_key(cloud: Cloud) -> Facts:
    return {"access_key_id": identity.user(cloud), "user": identity.USER}


def key_is_active(cloud: Cloud, facts: Facts) -> bool:
    keys = cloud.client("iam").list_access_keys(UserName=facts["user"])["AccessKeyMetadata"]
    return any(one["AccessKeyId"] == facts["access_key_id"] and one["Status"] == "Active" for one in keys)


def make_an_administrator(cloud: Cloud) -> Facts:
    identity.user(cloud, "support-2")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    cloud.client("iam").put_user_policy(UserName="support-2", PolicyName="all", PolicyDocument=json.dumps(everything))
    return {"user": "support-2"}


def user_is_not_denied(cloud: Cloud, facts: Facts) -> bool:
    iam = cloud.client("iam")
    names = iam.list_user_policies(UserName=facts["user"])["PolicyNames"]
    documents = [iam.get_user_policy(UserName=facts["user"], PolicyName=name)["PolicyDocument"] for name in names]
    return '"Effect": "Deny"' not in json.dumps(documents)


def password_works(cloud: Cloud, facts: Facts) -> bool:
    iam = cloud.client("iam")
    try:
        iam.get_login_profile(UserName=facts["user"])
    except iam.exceptions.NoSuchEntityException:
        return False
    return user_is_not_denied(cloud, facts)


def let_another_account_in(cloud: Cloud) -> Facts:
    stranger = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": "sts:AssumeRole",
    }
    trust = {**identity.TRUST, "Statement": [identity.ANYBODY, stranger]}
    identity.role(cloud, trust=trust)
    return {"role": identity.ROLE}


def role_is_open(cloud: Cloud, facts: Facts) -> bool:
    trust = cloud.client("iam").get_role(RoleName=facts["role"])["Role"]["AssumeRolePolicyDocument"]
    return '"Effect": "Deny"' not in json.dumps(trust)


def open_port_22(cloud: Cloud) -> Facts:
    machine = cloud.machine(2)
    for group in {group for groups in machine.groups.values() for group in groups}:
        cloud.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        )
    return {"instance_id": machine.id}


def port_is_open(cloud: Cloud, facts: Facts) -> bool:
    worn = {group for groups in cloud.groups_of(facts["instance_id"]).values() for group in groups}
    return any(rule.get("FromPort") == 22 and not rule["IsEgress"] for group in worn for rule in cloud.rules_of(group))


def snapshot_is_shared(cloud: Cloud, facts: Facts) -> bool:
    told = cloud.ec2.describe_snapshot_attribute(SnapshotId=facts["snapshot_id"], Attribute="createVolumePermission")
    return bool(told["CreateVolumePermissions"])


def image_is_shared(cloud: Cloud, facts: Facts) -> bool:
    told = cloud.ec2.describe_image_attribute(ImageId=facts["image_id"], Attribute="launchPermission")
    return bool(told["LaunchPermissions"])


def bucket_is_open(cloud: Cloud, facts: Facts) -> bool:
    s3 = cloud.client("s3")
    try:
        block = s3.get_public_access_block(Bucket=facts["bucket"])["PublicAccessBlockConfiguration"]
    except s3.exceptions.ClientError:
        return True
    return not all(block.values())


def plant_a_bucket_policy(cloud: Cloud) -> Facts:
    stranger = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{data.FILES}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [stranger]}
    data.files(cloud).put_bucket_policy(Bucket=data.FILES, Policy=json.dumps(policy))
    return {"bucket": data.FILES, "let_in": [f"arn:aws:iam::{ACCOUNT}:role/break-glass"]}


def stranger_reads(cloud: Cloud, facts: Facts) -> bool:
    return '"Deny"' not in cloud.client("s3").get_bucket_policy(Bucket=facts["bucket"])["Policy"]


def trail_is_off(cloud: Cloud, facts: Facts) -> bool:
    return not cloud.client("cloudtrail").get_trail_status(Name=facts["trail"])["IsLogging"]


def trail_is_shut_out(cloud: Cloud, facts: Facts) -> bool:
    del facts
    statements = json.loads(cloud.client("s3").get_bucket_policy(Bucket="example-trail")["Policy"])["Statement"]
    effects = [one["Effect"] for one in statements if "cloudtrail.amazonaws.com" in json.dumps(one["Principal"])]
    return "Allow" not in effects or "Deny" in effects


def key_will_be_deleted(cloud: Cloud, facts: Facts) -> bool:
    state = cloud.client("kms").describe_key(KeyId=facts["key_id"])["KeyMetadata"]["KeyState"]
    return bool(state == "PendingDeletion")


def function_runs(cloud: Cloud, facts: Facts) -> bool:
    told = cloud.client("lambda").get_function_concurrency(FunctionName=facts["function"])
    return bool(told.get("ReservedConcurrentExecutions") != 0)


def tasks_are_wanted(cloud: Cloud, facts: Facts) -> bool:
    told = cloud.client("ecs").describe_services(cluster=facts["cluster"], services=[facts["service"]])
    return bool(told["services"][0]["desiredCount"])


def principal_has_the_cluster(cloud: Cloud, facts: Facts) -> bool:
    which = {"clusterName": facts["cluster"], "principalArn": facts["principal_arn"]}
    return bool(cloud.client("eks").list_associated_access_policies(**which)["associatedAccessPolicies"])


def database_is_public(cloud: Cloud, facts: Facts) -> bool:
    told = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=facts["database_id"])["DBInstances"]
    return bool(told[0]["PubliclyAccessible"])


def read_a_secret(cloud: Cloud) -> Facts:
    known = data.rotated_secret(cloud)
    return known | {"version": _versions(cloud, known)}


def what_was_read_is_current(cloud: Cloud, facts: Facts) -> bool:
    return bool(_versions(cloud, facts) == facts["version"])


def _versions(cloud: Cloud, facts: Facts) -> Any:
    return cloud.client("secretsmanager").describe_secret(SecretId=facts["secret_id"])["VersionIdsToStages"]


def objects_are_gone(cloud: Cloud, facts: Facts) -> bool:
    s3 = cloud.client("s3")
    try:
        body = s3.get_object(Bucket=facts["bucket"], Key="2026/encrypted.pdf")["Body"].read()
        s3.head_object(Bucket=facts["bucket"], Key="2026/deleted.pdf")
    except s3.exceptions.ClientError:
        return True
    return bool(body != b"encrypted")


def provider_is_trusted(cloud: Cloud, facts: Facts) -> bool:
    providers = cloud.client("iam").list_saml_providers()["SAMLProviderList"]
    return any(one["Arn"] == facts["arn"] for one in providers)


def anchor_is_trusted(cloud: Cloud, facts: Facts) -> bool:
    anchors = cloud.client("rolesanywhere").list_trust_anchors()["trustAnchors"]
    return any(one["trustAnchorArn"] == facts["arn"] and one.get("enabled") for one in anchors)


def device_is_enrolled(cloud: Cloud, facts: Facts) -> bool:
    devices = cloud.client("iam").list_mfa_devices(UserName=facts["user"])["MFADevices"]
    return any(one["SerialNumber"] == facts["serial"] for one in devices)


def shell_is_open(cloud: Cloud, facts: Facts) -> bool:
    sessions = cloud.client("ssm").describe_sessions(State="Active")["Sessions"]
    return any(one["Target"] == facts["instance_id"] for one in sessions)


def open_a_shell(cloud: Cloud) -> Facts:
    """By a user of the account, who could open the next one."""
    return {**instance.with_sessions(cloud), **identity.a_user_by_arn(cloud), "user": identity.USER}


def shells_are_in_reach(cloud: Cloud, facts: Facts) -> bool:
    return shell_is_open(cloud, facts) or user_is_not_denied(cloud, facts)


def switch_flow_logs_off(cloud: Cloud) -> Facts:
    return {"instance_id": cloud.machine(1).id}


def nothing_is_recorded(cloud: Cloud, facts: Facts) -> bool:
    del facts
    return not cloud.ec2.describe_flow_logs()["FlowLogs"]


def findings_are_hidden(cloud: Cloud, facts: Facts) -> bool:
    guard, at = cloud.client("guardduty"), {"DetectorId": facts["detector_id"]}
    lists = [guard.get_ip_set(**at, IpSetId=one) for one in guard.list_ip_sets(**at)["IpSetIds"]]
    rule = guard.get_filter(**at, FilterName="everything")
    return rule["Action"] == "ARCHIVE" or any(one["Status"] == "ACTIVE" for one in lists)


def nothing_is_detected(cloud: Cloud, facts: Facts) -> bool:
    del facts
    guard = cloud.client("guardduty")
    told = [guard.get_detector(DetectorId=one) for one in guard.list_detectors()["DetectorIds"]]
    return all(one["Status"] != "ENABLED" for one in told)


def recorder_is_stopped(cloud: Cloud, facts: Facts) -> bool:
    del facts
    told = cloud.client("config").describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    return not any(one["recording"] for one in told)


def switch_query_logs_off(cloud: Cloud) -> Facts:
    made = data.a_vpc(cloud)
    dns = cloud.client("route53resolver")
    asked = {"Name": "theirs", "DestinationArn": "arn:aws:s3:::logs", "CreatorRequestId": "theirs"}
    which = dns.create_resolver_query_log_config(**asked)["ResolverQueryLogConfig"]["Id"]
    both = {"ResolverQueryLogConfigId": which, "ResourceId": made["vpc_id"]}
    dns.associate_resolver_query_log_config(**both)
    dns.disassociate_resolver_query_log_config(**both)
    return made


def no_query_is_recorded(cloud: Cloud, facts: Facts) -> bool:
    told = cloud.client("route53resolver").list_resolver_query_log_config_associations()
    return all(one["ResourceId"] != facts["vpc_id"] for one in told["ResolverQueryLogConfigAssociations"])


def serial_console_is_open(cloud: Cloud, facts: Facts) -> bool:
    del facts
    return bool(cloud.ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"])


def push_a_key(cloud: Cloud) -> Facts:
    """By a user of the account, to an instance whose port 22 is open."""
    identity.user(cloud)
    return {**open_port_22(cloud), "user": identity.USER}


def pushed_key_works(cloud: Cloud, facts: Facts) -> bool:
    return port_is_open(cloud, facts) or user_is_not_denied(cloud, facts)


def objects_are_held_to_ransom(cloud: Cloud, facts: Facts) -> bool:
    """Gone, or it can be done again."""
    s3 = cloud.client("s3")
    try:
        denied = "customer-algorithm" in s3.get_bucket_policy(Bucket=facts["bucket"])["Policy"]
    except s3.exceptions.ClientError:
        denied = False
    return not denied or objects_are_gone(cloud, facts)


def encrypt_what_has_no_versions(cloud: Cloud) -> Facts:
    made = data.files_alone(cloud)
    for name in ("invoice", "contract"):
        cloud.client("s3").put_object(Bucket=made["bucket"], Key=f"{name}.pdf", Body=name.encode())
    cloud.client("s3").put_object(Bucket=made["bucket"], Key="invoice.pdf", Body=b"\x00" * 32)
    return made


def the_rest_can_be_lost_too(cloud: Cloud, facts: Facts) -> bool:
    """Encrypted with a key that the caller brings, or over the only copy."""
    s3, which = cloud.client("s3"), {"Bucket": facts["bucket"]}
    try:
        denied = "customer-algorithm" in s3.get_bucket_policy(**which)["Policy"]
    except s3.exceptions.ClientError:
        denied = False
    return not denied or s3.get_bucket_versioning(**which).get("Status") != "Enabled"


def account_can_leave(cloud: Cloud, facts: Facts) -> bool:
    org = cloud.client("organizations")
    listed = org.list_policies_for_target(TargetId=facts["account_id"], Filter="SERVICE_CONTROL_POLICY")["Policies"]
    texts = [org.describe_policy(PolicyId=one["Id"])["Policy"]["Content"] for one in listed]
    return not any("organizations:LeaveOrganization" in text for text in texts)


def attackers_code_runs(cloud: Cloud, facts: Facts) -> bool:
    """By either way in: as the function is now, or through the alias."""
    functions, which = cloud.client("lambda"), {"FunctionName": facts["function"]}
    clean = functions.get_function_configuration(**which, Qualifier=facts["version"])
    now = functions.get_function_configuration(**which)
    alias = functions.get_alias(**which, Name="live")
    led = alias["FunctionVersion"] != "1" or alias.get("RoutingConfig", {}).get("AdditionalVersionWeights")
    return bool(led) or any(now.get(name) != clean.get(name) for name in ("CodeSha256", "Handler", "Layers"))


def log_group_forgets(cloud: Cloud, facts: Facts) -> bool:
    told = cloud.client("logs").describe_log_groups()["logGroups"]
    return any(one.get("retentionInDays", 3653) < 90 for one in told if one["logGroupName"] in facts["names"])


def database_snapshot_is_shared(cloud: Cloud, facts: Facts) -> bool:
    told = cloud.client("rds").describe_db_snapshot_attributes(DBSnapshotIdentifier=facts["snapshot"])
    listed = told["DBSnapshotAttributesResult"]["DBSnapshotAttributes"]
    return any(one["AttributeValues"] for one in listed if one["AttributeName"] == "restore")


def task_runs(cloud: Cloud, facts: Facts) -> bool:
    [task] = cloud.client("ecs").describe_tasks(cluster=facts["cluster"], tasks=[facts["task"]])["tasks"]
    return bool(task["desiredStatus"] == "RUNNING")


ATTACKS: dict[str, Attack] = {
    "account opened by a bucket policy": Attack(
        what="A bucket policy lets the attacker's account read.",
        do=plant_a_bucket_policy, harm=stranger_reads, answers=(("aws.s3.lock_policy", ("bucket", "let_in")),),
    ),
    "account about to leave the organization": Attack(
        what="An administrator of a member account can make it leave, or close it, and with that end what binds it.",
        do=identity.an_organization, harm=account_can_leave, answers=(("aws.org.deny_leaving", ("account_id",)),),
    ),
    "administrator made": Attack(
        what="A new user with all rights.",
        do=make_an_administrator, harm=user_is_not_denied, answers=(("aws.iam.deny_user", ("user",)),),
    ),
    "bucket made public": Attack(
        what="A bucket that anybody reads.",
        do=data.public_bucket, harm=bucket_is_open, answers=(("aws.s3.block_bucket", ("bucket",)),),
    ),
    "console password set": Attack(
        what="A login profile for a user that never had one.",
        do=identity.a_console_user, harm=password_works, answers=(("aws.iam.deny_user", ("user",)),),
    ),
    "disk shared": Attack(
        what="A snapshot shared with the attacker's account.",
        do=data.shared_snapshot, harm=snapshot_is_shared, answers=(("aws.ec2.unshare_snapshot", ("snapshot_id",)),),
    ),
    "image shared": Attack(
        what="An image shared with the attacker's account.",
        do=data.shared_image, harm=image_is_shared, answers=(("aws.ec2.unshare_image", ("image_id",)),),
    ),
    "instance credentials stolen": Attack(
        what="The role's credentials read from the metadata service and used elsewhere.",
        do=steal_instance_credentials, harm=instance_sessions_work,
        answers=(("aws.iam.revoke_instance_sessions", ("instance_id",)), ("aws.ec2.imds", ("instance_id",))),
    ),
    "key made for another user": Attack(
        what="A second access key for a user that has one.",
        do=make_another_key, harm=key_is_active, answers=(("aws.iam.disable_key", ("access_key_id",)),),
    ),
    "port 22 opened": Attack(
        what="SSH opened to everybody.",
        do=open_port_22, harm=port_is_open, answers=(("aws.ec2.isolate", ("instance_id",)),),
    ),
    "recorder stopped": Attack(
        what="AWS Config records no change any more.",
        do=data.stopped_recorder, harm=recorder_is_stopped, answers=(("aws.config.restore", ("recorder",)),),
    ),
    "role sessions taken over": Attack(
        what="Sessions of a role used by the attacker.",
        do=take_over_a_role, harm=role_sessions_work, answers=(("aws.iam.revoke_role_sessions", ("role", "release_early")),),
    ),
    "role opened to another account": Attack(
        what="The attacker's account in a role's trust.",
        do=let_another_account_in, harm=role_is_open, answers=(("aws.iam.lock_trust", ("role",)),),
    ),
    "cluster's API used from outside": Attack(
        what="The Kubernetes API of a cluster used from the attacker's network.",
        do=data.open_cluster, harm=anybody_reaches_the_api, answers=(("aws.eks.restrict_endpoint", ("cluster",)),),
    ),
    "cluster role bound": Attack(
        what="All rights in a cluster bound to the service account of a pod.",
        do=data.inside_a_cluster, harm=binding_is_there, answers=(("aws.eks.remove_binding", ("cluster", "binding")),),
    ),
    "pod taken over": Attack(
        what="A pod behind a service that serves the attacker, on a node that may be scaled away.",
        do=data.inside_a_cluster, harm=pod_is_served,
        answers=(("aws.eks.isolate_pod", ("cluster", "namespace", "pod")), ("aws.eks.cordon_node", ("cluster", "node"))),
    ),
    "cluster taken over": Attack(
        what="An access entry with all rights in a Kubernetes cluster.",
        do=data.cluster_admin, harm=principal_has_the_cluster, answers=(("aws.eks.contain", ("cluster", "principal_arn")),),
    ),
    "database made public": Attack(
        what="A database that the internet reaches.",
        do=data.public_database, harm=database_is_public, answers=(("aws.rds.contain", ("database_id",)),),
    ),
    "database snapshot shared": Attack(
        what="A snapshot of a database shared with the attacker's account and with everybody.",
        do=data.shared_database_snapshot, harm=database_snapshot_is_shared, answers=(("aws.rds.unshare_snapshot", ("snapshot",)),),
    ),
    "detection suspended": Attack(
        what="GuardDuty suspended.",
        do=data.suspended_detector, harm=nothing_is_detected, answers=(("aws.guardduty.restore", ("account_id", "features")),),
    ),
    "DNS query logs removed": Attack(
        what="Nobody sees any more which names are asked for.",
        do=switch_query_logs_off, harm=no_query_is_recorded, answers=(("aws.dns.query_logs", ("vpc_id",)),),
    ),
    "device enrolled": Attack(
        what="A second factor of the attacker's.",
        do=identity.a_user_with_two_devices, harm=device_is_enrolled, answers=(("aws.iam.remove_mfa", ("user", "serial")),),
    ),
    "code, layer and handler planted": Attack(
        what="A function's code, layer and handler replaced, and half of an alias's calls led to it.",
        do=data.backdoored_function, harm=attackers_code_runs,
        answers=(("aws.lambda.restore_code", ("function", "version", "aliases")),),
    ),
    "findings hidden": Attack(
        what="Addresses on GuardDuty's trusted list, and a rule that archives findings.",
        do=data.allow_listed_detector, harm=findings_are_hidden, answers=(("aws.guardduty.distrust", ("detector_id", "names")),),
    ),
    "flow logs removed": Attack(
        what="Nobody sees any more who talks to whom.",
        do=switch_flow_logs_off, harm=nothing_is_recorded, answers=(("aws.ec2.flow_logs", ("instance_id",)),),
    ),
    "function planted": Attack(
        what="A function with a public address, fed by a queue.",
        do=data.busy_function, harm=function_runs, answers=(("aws.lambda.freeze", ("function",)),),
    ),
    "identity provider planted": Attack(
        what="A provider whose word the account takes for anybody.",
        do=identity.a_saml_provider, harm=provider_is_trusted, answers=(("aws.iam.remove_identity_provider", ("arn",)),),
    ),
    "key to be destroyed": Attack(
        what="The deletion of a key, and with it of all it has encrypted, is scheduled.",
        do=data.key_to_be_deleted, harm=key_will_be_deleted, answers=(("aws.kms.protect", ("key_id",)),),
    ),
    "key pushed for EC2 Instance Connect": Attack(
        what="An SSH key pushed to an instance by whoever has a user's credentials.",
        do=push_a_key, harm=pushed_key_works, answers=(("aws.ec2.isolate", ("instance_id",)), ("aws.iam.deny_user", ("user",))),
    ),
    "key pushed to the serial console": Attack(
        what="The serial console, which needs no network, opened with a key of the attacker's.",
        do=data.the_account, harm=serial_console_is_open, answers=(("aws.ec2.serial_console_off", ("account_id",)),),
    ),
    "log group cut short": Attack(
        what="A retention of a few days, after which what was logged is gone.",
        do=data.short_log_groups, harm=log_group_forgets, answers=(("aws.logs.retain", ("names",)),),
    ),
    "objects encrypted with the attacker's key": Attack(
        what="Objects copied onto themselves with a key that only the attacker has (SSE-C), where versions are kept.",
        do=recovery.destroyed, harm=objects_are_held_to_ransom,
        # Restored first, since moto denies every write once a policy denies some: it looks at no condition.
        answers=(("aws.s3.restore_versions", ("bucket", "as_of", "unlocked")), ("aws.s3.deny_customer_keys", ("bucket",))),
    ),
    "objects encrypted where no versions are kept": Attack(
        what="The same with a bucket without versions: what is encrypted stays so, what is left is saved.",
        do=encrypt_what_has_no_versions, harm=the_rest_can_be_lost_too,
        answers=(("aws.s3.preserve", ("bucket",)), ("aws.s3.deny_customer_keys", ("bucket",))),
    ),
    "objects destroyed for ransom": Attack(
        what="Objects deleted, and others encrypted over.",
        do=recovery.destroyed, harm=objects_are_gone, answers=(("aws.s3.restore_versions", ("bucket", "as_of", "unlocked")),),
    ),
    "secret read": Attack(
        what="A secret in the attacker's hands.",
        do=read_a_secret, harm=what_was_read_is_current, answers=(("aws.secretsmanager.rotate", ("secret_id",)),),
    ),
    "shell opened": Attack(
        what="A session of Systems Manager on an instance, by whoever has a user's credentials.",
        do=open_a_shell, harm=shells_are_in_reach, answers=(("aws.ssm.end_sessions", ("instance_id",)), ("aws.iam.deny_shells", ("arn",))),
    ),
    "task started": Attack(
        what="A task of the attacker's, in no service.",
        do=data.running_task, harm=task_runs, answers=(("aws.ecs.stop_task", ("cluster", "task")),),
    ),
    "task definition planted": Attack(
        what="A service whose tasks are the attacker's.",
        do=data.scaled_service, harm=tasks_are_wanted, answers=(("aws.ecs.contain", ("cluster", "service")),),
    ),
    "trail shut out of its bucket": Attack(
        what="A policy on the bucket by which CloudTrail can no longer write its log files.",
        do=data.shut_out_trail, harm=trail_is_shut_out, answers=(("aws.cloudtrail.restore_bucket_policy", ("trail",)),),
    ),
    "trail switched off": Attack(
        what="A trail that records nothing of importance.",
        do=data.blinded_trail, harm=trail_is_off, answers=(("aws.cloudtrail.restore", ("trail",)),),
    ),
    "trust anchor planted": Attack(
        what="A certificate authority whose certificates become roles.",
        do=identity.a_trust_anchor, harm=anchor_is_trusted, answers=(("aws.iam.remove_identity_provider", ("arn",)),),
    ),
}  # fmt: skip

GAPS = (
    "An account that has left the organization: its roles for Hikeshi still work, so it can be contained; it is invited again by hand.",
    "Objects encrypted already with the caller's own key (SSE-C) in a bucket without versions: only a backup elsewhere brings them back.",
)
"""What of attacks of the same lists no action brings back."""
