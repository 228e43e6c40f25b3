"""What the simulated account looks like, as plain JSON that can be compared: before a drill, after it, after its undoing.

    before = state(cloud.client)
    ...
    assert state(cloud.client) == before

Read through the ordinary API. What differs each time without meaning anything (request ids, ids of associations, moments) is left out,
and so is what Hikeshi leaves behind on purpose for the next time: its own tagged isolation groups and its own documents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import ClientError

from hikeshi.actions.aws.data.bucket import CONFIGURATIONS
from hikeshi.actions.aws.network.isolation_group import ROLE_TAG
from hikeshi.actions.aws.recovery.rebuild import ROLE as REBUILT
from hikeshi.aws.kubernetes import KINDS, Api
from hikeshi.simulation import cast
from hikeshi.simulation.host import RULESET

Client = Callable[[str], Any]
"""Gives the boto3 client of a service by name."""
Area = Callable[[Client], Any]

MEANINGLESS: Final = frozenset(
    {
        "AssociationId",
        "AttachTime",
        "AttachmentId",
        "CreateDate",
        "LastModified",
        "LastUpdateTimestamp",
        "NetworkAclAssociationId",
        "RequestId",
        "ResponseMetadata",
        "UpdateDate",
        "VersionId",
        "aws:TokenIssueTime",
        "LaunchTime",
        "StateReason",
        "StateTransitionReason",
    }
)


def autoscaling_groups(client: Client) -> Any:
    return client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]


def ec2_attributes(client: Client) -> Any:
    """What DescribeInstances does not tell: the attributes of each instance, asked for one by one."""
    ec2 = client("ec2")
    asked = ("disableApiStop", "disableApiTermination", "instanceInitiatedShutdownBehavior")
    living = [one for reservation in ec2_instances(client) for one in reservation["Instances"]]
    return {
        one["InstanceId"]: [
            ec2.describe_instance_attribute(InstanceId=one["InstanceId"], Attribute=name) for name in asked
        ]
        for one in living
    }


def ec2_consoles(client: Client) -> Any:
    """What stands on them, whoever they belong to: a stage that cannot be undone is built anew, with new ids."""
    living = [one["InstanceId"] for reservation in ec2_instances(client) for one in reservation["Instances"]]
    return [client("ec2").get_console_output(InstanceId=one)["Output"] for one in living]


def ec2_instances(client: Client) -> Any:
    told = client("ec2").describe_instances()["Reservations"]
    for instance in (one for reservation in told for one in reservation["Instances"]):
        # moto tells the profile it was launched with, and the id of an association as its id: see ec2_profiles.
        instance.pop("IamInstanceProfile", None)
    return told


def ec2_rebuilt(client: Client) -> Any:
    """What was launched in place of others, whatever it is called."""
    only = [{"Name": f"tag:{ROLE_TAG}", "Values": [REBUILT]}]
    told = client("ec2").describe_instances(Filters=only)["Reservations"]
    kept = ("ImageId", "InstanceType", "IamInstanceProfile", "State", "SubnetId", "Tags")
    return [{name: one.get(name) for name in kept} for reservation in told for one in reservation["Instances"]]


def ec2_profiles(client: Client) -> Any:
    told = client("ec2").describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    return {one["InstanceId"]: one["IamInstanceProfile"]["Arn"] for one in told if one["State"] == "associated"}


def ec2_interfaces(client: Client) -> Any:
    return client("ec2").describe_network_interfaces()["NetworkInterfaces"]


def ec2_acls(client: Client) -> Any:
    acls = client("ec2").describe_network_acls()["NetworkAcls"]
    return [one for one in acls if all(tag["Key"] != ROLE_TAG for tag in one.get("Tags", ()))]


def ec2_addresses(client: Client) -> Any:
    return client("ec2").describe_addresses()["Addresses"]


def ec2_block_public(client: Client) -> Any:
    return client("ec2").describe_vpc_block_public_access_options()


def ec2_serial_console(client: Client) -> Any:
    return client("ec2").get_serial_console_access_status()["SerialConsoleAccessEnabled"]


def ec2_routes(client: Client) -> Any:
    return client("ec2").describe_route_tables()["RouteTables"]


def ec2_groups(client: Client) -> Any:
    groups = client("ec2").describe_security_groups()["SecurityGroups"]
    return [one for one in groups if all(tag["Key"] != ROLE_TAG for tag in one.get("Tags", ()))]


def ec2_flow_logs(client: Client) -> Any:
    found = client("ec2").describe_flow_logs()["FlowLogs"]
    return [[one["ResourceId"], one.get("LogDestination"), one.get("MaxAggregationInterval")] for one in found]


def ec2_mirrors(client: Client) -> Any:
    found = client("ec2").describe_traffic_mirror_sessions()["TrafficMirrorSessions"]
    return [[one["NetworkInterfaceId"], one["TrafficMirrorTargetId"], one["TrafficMirrorFilterId"]] for one in found]


def ec2_snapshots(client: Client) -> Any:
    """Every snapshot with its keys, and who else may use it."""
    ec2 = client("ec2")
    found = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    asked = {"Attribute": "createVolumePermission"}
    return [
        [one, ec2.describe_snapshot_attribute(SnapshotId=one["SnapshotId"], **asked)["CreateVolumePermissions"]]
        for one in found
    ]


def ec2_snapshot_locks(client: Client) -> Any:
    """How snapshots are locked; not which and when."""
    found = client("ec2").describe_locked_snapshots()["Snapshots"]
    return [{key: one.get(key) for key in ("LockState", "LockDuration", "CoolOffPeriod")} for one in found]


def elbv2_targets(client: Client) -> Any:
    """What is registered where, classic load balancers too."""
    elb = client("elbv2")
    groups = [group["TargetGroupArn"] for group in elb.describe_target_groups()["TargetGroups"]]
    health = {arn: elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] for arn in groups}
    classic = client("elb").describe_load_balancers()["LoadBalancerDescriptions"]
    return health, {one["LoadBalancerName"]: one["Instances"] for one in classic}


def iam_roles(client: Client) -> Any:
    iam = client("iam")
    names = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    return {name: [iam.get_role(RoleName=name)["Role"], _role_policies(iam, name)] for name in names}


def iam_devices(client: Client) -> Any:
    """The second factors of each user, by serial number."""
    iam = client("iam")
    names = [user["UserName"] for user in iam.list_users()["Users"]]
    return {name: [one["SerialNumber"] for one in iam.list_mfa_devices(UserName=name)["MFADevices"]] for name in names}


def iam_providers(client: Client) -> Any:
    iam = client("iam")
    saml = [one["Arn"] for one in iam.list_saml_providers()["SAMLProviderList"]]
    oidc = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    return {
        **{arn: iam.get_saml_provider(SAMLProviderArn=arn) for arn in saml},
        **{arn: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn) for arn in oidc},
    }


def iam_passwords(client: Client) -> Any:
    iam = client("iam")
    return {user["UserName"]: _has_password(iam, user["UserName"]) for user in iam.list_users()["Users"]}


def _has_password(iam: Any, name: str) -> bool:
    try:
        iam.get_login_profile(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def org_policies(client: Client) -> Any:
    """The service control policies on each account of the organization; nothing where there is none."""
    org = client("organizations")
    try:
        accounts = [one["Id"] for one in org.list_accounts()["Accounts"]]
    except org.exceptions.AWSOrganizationsNotInUseException:
        return {}
    kind = "SERVICE_CONTROL_POLICY"
    return {one: org.list_policies_for_target(TargetId=one, Filter=kind)["Policies"] for one in accounts}


def sso_people(client: Client) -> Any:
    """Of each Identity Center: its users with their state, and each permission set's policy and accounts that do not have it yet."""
    found = {}
    for one in client("sso-admin").list_instances()["Instances"]:
        instance, store = one["InstanceArn"], one["IdentityStoreId"]
        sets = client("sso-admin").list_permission_sets(InstanceArn=instance)["PermissionSets"]
        users = client("identitystore").list_users(IdentityStoreId=store)["Users"]
        found[instance] = [
            [
                client("identitystore").describe_user(IdentityStoreId=store, UserId=user["UserId"])["UserStatus"]
                for user in users
            ],
            {each: _permission_set(client("sso-admin"), instance, each) for each in sets},
        ]
    return found


def _permission_set(sso: Any, instance: str, which: str) -> Any:
    at = {"InstanceArn": instance, "PermissionSetArn": which}
    behind = sso.list_accounts_for_provisioned_permission_set(
        **at, ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED"
    )
    return sso.get_inline_policy_for_permission_set(**at).get("InlinePolicy"), behind["AccountIds"]


def rolesanywhere_anchors(client: Client) -> Any:
    return client("rolesanywhere").list_trust_anchors()["trustAnchors"]


def iam_root(client: Client) -> Any:
    """What the root user has of the account that AssumeRoot was last called for."""
    iam = client("iam")
    try:
        password = iam.get_login_profile()["LoginProfile"]
    except iam.exceptions.NoSuchEntityException:
        password = None
    return iam.list_access_keys()["AccessKeyMetadata"], password


def iam_users(client: Client) -> Any:
    iam = client("iam")
    names = [user["UserName"] for user in iam.list_users()["Users"]]
    return {name: [iam.get_user(UserName=name)["User"], *_user_parts(iam, name)] for name in names}


def _user_parts(iam: Any, name: str) -> Any:
    inline = iam.list_user_policies(UserName=name)["PolicyNames"]
    return (
        {policy: iam.get_user_policy(UserName=name, PolicyName=policy) for policy in inline},
        iam.list_attached_user_policies(UserName=name)["AttachedPolicies"],
        iam.list_access_keys(UserName=name)["AccessKeyMetadata"],
        iam.list_groups_for_user(UserName=name)["Groups"],
    )


def _role_policies(iam: Any, name: str) -> Any:
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {policy: iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in inline}, attached


def ec2_sharing(client: Client) -> Any:
    ec2 = client("ec2")
    snapshots = [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]]
    images = [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]]
    whom = "createVolumePermission"
    return {
        "public": ec2.get_snapshot_block_public_access_state()["State"],
        **{one: ec2.describe_snapshot_attribute(SnapshotId=one, Attribute=whom) for one in snapshots},
        **{one: ec2.describe_image_attribute(ImageId=one, Attribute="launchPermission") for one in images},
    }


def cloudtrail_trails(client: Client) -> Any:
    trail = client("cloudtrail")
    return {
        one["Name"]: (
            one,
            trail.get_event_selectors(TrailName=one["Name"]),
            trail.get_trail_status(Name=one["Name"])["IsLogging"],
        )
        for one in trail.describe_trails()["trailList"]
    }


def config_recorders(client: Client) -> Any:
    config = client("config")
    told = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    return config.describe_configuration_recorders(), {one["name"]: one["recording"] for one in told}


def guardduty_detectors(client: Client) -> Any:
    """Not which: one that was deleted is made anew, with another id."""
    guard = client("guardduty")
    told = [guard.get_detector(DetectorId=one) for one in guard.list_detectors()["DetectorIds"]]
    return [[one["Status"], one.get("Features")] for one in told]


def guardduty_findings(client: Client) -> Any:
    """The feedback on each finding, by its type: a detector that is made anew has another id."""
    guard = client("guardduty")
    found: dict[str, Any] = {}
    for one in guard.list_detectors()["DetectorIds"]:
        ids = guard.list_findings(DetectorId=one)["FindingIds"]
        told = guard.get_findings(DetectorId=one, FindingIds=ids)["Findings"]
        found |= {each["Type"]: each["Service"].get("UserFeedback") for each in told}
    return found


def guardduty_lists(client: Client) -> Any:
    guard = client("guardduty")
    found = {}
    for one in guard.list_detectors()["DetectorIds"]:
        sets, rules = guard.list_ip_sets(DetectorId=one), guard.list_filters(DetectorId=one)
        entities = guard.list_trusted_entity_sets(DetectorId=one)["TrustedEntitySetIds"]
        threats = guard.list_threat_entity_sets(DetectorId=one)["ThreatEntitySetIds"]
        found[one] = [
            *(guard.get_ip_set(DetectorId=one, IpSetId=each) for each in sets["IpSetIds"]),
            *(guard.get_trusted_entity_set(DetectorId=one, TrustedEntitySetId=each) for each in entities),
            *(guard.get_threat_entity_set(DetectorId=one, ThreatEntitySetId=each) for each in threats),
            *(guard.get_filter(DetectorId=one, FilterName=each) for each in rules["FilterNames"]),
        ]
    return found


def kms_keys(client: Client) -> Any:
    kms = client("kms")
    return {one["KeyId"]: _key(kms, one["KeyId"]) for one in kms.list_keys()["Keys"]}


def _key(kms: Any, key: str) -> Any:
    grants = kms.list_grants(KeyId=key)["Grants"]
    return {
        "enabled": kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"],
        "policy": kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
        "grants": [{name: value for name, value in one.items() if name not in GRANT_ITSELF} for one in grants],
    }


GRANT_ITSELF: Final = frozenset({"CreationDate", "GrantId"})
"""What differs where a grant is made again."""


def s3_account(client: Client) -> Any:
    try:
        return client("s3control").get_public_access_block(AccountId=cast.ACCOUNT)
    except client("s3control").exceptions.NoSuchPublicAccessBlockConfiguration:
        return None


def s3_public(client: Client) -> Any:
    return _of_buckets(client, "PublicAccessBlock")


def s3_policies(client: Client) -> Any:
    return _of_buckets(client, "Policy")


def s3_kept(client: Client) -> Any:
    """What keeps or removes versions."""
    found = _of_buckets(client, "Lifecycle", "Versioning")
    return {name: {**told, "holds": _holds(client("s3"), name)} for name, told in found.items()}


def _of_buckets(client: Client, *what: str) -> dict[str, Any]:
    s3 = client("s3")
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    return {name: {one: _bucket(s3, name, one) for one in what} for name in names}


def _bucket(s3: Any, name: str, what: str) -> Any:
    return _or_none(s3, CONFIGURATIONS[what].operation, CONFIGURATIONS[what].absent, Bucket=name)


def _holds(s3: Any, name: str) -> Any:
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=name).get("Contents", ())]
    held = {
        key: _or_none(s3, "GetObjectLegalHold", "NoSuchObjectLockConfiguration", Bucket=name, Key=key) for key in keys
    }
    return {key: one["LegalHold"].get("Status", "OFF") for key, one in held.items() if one}


def _or_none(client: Any, operation: str, absent: str, **params: Any) -> Any:
    try:
        return getattr(client, xform_name(operation))(**params)
    except ClientError as error:
        if error.response["Error"]["Code"] not in (absent, "InvalidRequest"):
            raise
        return None


def ssm_hosts(client: Client) -> Any:
    """The packet filter of every host, asked of the host itself through its agent."""
    ssm = client("ssm")
    online = ssm.describe_instance_information()["InstanceInformationList"]
    return {one["InstanceId"]: _asked(ssm, one["InstanceId"]) for one in online if one["PingStatus"] == "Online"}


def _asked(ssm: Any, instance: str) -> str:
    sent = ssm.send_command(
        InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters={"commands": [RULESET]}
    )
    for _ in range(2):  # under way, then done
        told = ssm.get_command_invocation(CommandId=sent["Command"]["CommandId"], InstanceId=instance)
    return str(told["StandardOutputContent"])


def ssm_sessions(client: Client) -> Any:
    return client("ssm").describe_sessions(State="Active")["Sessions"]


def dns_domains(client: Client) -> Any:
    """Every domain on a list; our list and rule group are left where they are, and block nothing without domains."""
    dns = client("route53resolver")
    lists = dns.list_firewall_domain_lists()["FirewallDomainLists"]
    return [domain for one in lists for domain in dns.list_firewall_domains(FirewallDomainListId=one["Id"])["Domains"]]


def dns_query_logs(client: Client) -> Any:
    """Which VPC's queries are written where; our configuration is left where it is, and writes nothing without a VPC."""
    dns = client("route53resolver")
    places = {
        one["Id"]: one["DestinationArn"] for one in dns.list_resolver_query_log_configs()["ResolverQueryLogConfigs"]
    }
    told = dns.list_resolver_query_log_config_associations()["ResolverQueryLogConfigAssociations"]
    return [[one["ResourceId"], places[one["ResolverQueryLogConfigId"]]] for one in told]


def ec2_prefix_lists(client: Client) -> Any:
    ec2 = client("ec2")
    own = [one for one in ec2.describe_managed_prefix_lists()["PrefixLists"] if one.get("OwnerId") != "AWS"]
    ids = [one["PrefixListId"] for one in own]
    return {one: ec2.get_managed_prefix_list_entries(PrefixListId=one)["Entries"] for one in ids}


def firewall_rules(client: Client) -> Any:
    firewall = client("network-firewall")
    names = [one["Name"] for one in firewall.list_rule_groups()["RuleGroups"]]
    told = {name: firewall.describe_rule_group(RuleGroupName=name, Type="STATEFUL") for name in names}
    return {name: (one["RuleGroup"], one["RuleGroupResponse"]) for name, one in told.items()}


def waf_sets(client: Client) -> Any:
    waf = client("wafv2")
    sets = waf.list_ip_sets(Scope="REGIONAL")["IPSets"]
    return [waf.get_ip_set(Name=one["Name"], Scope="REGIONAL", Id=one["Id"])["IPSet"] for one in sets]


def lambda_functions(client: Client) -> Any:
    functions = client("lambda")
    return {
        one["FunctionName"]: _function(functions, one["FunctionName"])
        for one in functions.list_functions()["Functions"]
    }


def _function(functions: Any, name: str) -> Any:
    mappings = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    address = _or_none(functions, "GetFunctionUrlConfig", "ResourceNotFoundException", FunctionName=name)
    policy = _or_none(functions, "GetPolicy", "ResourceNotFoundException", FunctionName=name)
    return {
        "address": [address[one] for one in ("AuthType", "FunctionUrl")] if address else None,
        "concurrency": functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions"),
        "mappings": {one["UUID"]: one["State"] for one in mappings},
        "policy": json.loads(policy["Policy"]) if policy else None,
    }


def lambda_code(client: Client) -> Any:
    """What runs: $LATEST and where aliases lead. Versions are kept for good, and what is kept of an attack is one."""
    functions = client("lambda")
    names = ("CodeSha256", "Handler", "Layers", "Role")
    return {
        one["FunctionName"]: [
            {name: one.get(name) for name in names},
            [
                [alias["Name"], alias["FunctionVersion"], alias.get("RoutingConfig")]
                for alias in functions.list_aliases(FunctionName=one["FunctionName"])["Aliases"]
            ],
        ]
        for one in functions.list_functions()["Functions"]
    }


def ecs_services(client: Client) -> Any:
    ecs, scaling = client("ecs"), client("application-autoscaling")
    names = [
        (cluster, one)
        for cluster in ecs.list_clusters()["clusterArns"]
        for one in ecs.list_services(cluster=cluster)["serviceArns"]
    ]
    told = {one: ecs.describe_services(cluster=cluster, services=[one])["services"][0] for cluster, one in names}
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return {
        "counts": {one: service["desiredCount"] for one, service in told.items()},
        "scaling": {
            one["ResourceId"]: [one["MinCapacity"], one["MaxCapacity"], any(one.get("SuspendedState", {}).values())]
            for one in targets
        },
    }


def ecs_tasks(client: Client) -> Any:
    """How many tasks of each cluster are in which state; a task that was stopped does not come back as the same."""
    ecs = client("ecs")
    found = {}
    for cluster in ecs.list_clusters()["clusterArns"]:
        ids = ecs.list_tasks(cluster=cluster)["taskArns"]
        told = ecs.describe_tasks(cluster=cluster, tasks=ids)["tasks"] if ids else []
        found[cluster] = [one["desiredStatus"] for one in told]
    return found


def eks_endpoints(client: Client) -> Any:
    eks = client("eks")
    names = eks.list_clusters()["clusters"]
    return {name: eks.describe_cluster(name=name)["cluster"]["resourcesVpcConfig"] for name in names}


def eks_inside(client: Client) -> Any:
    """Everything in each cluster, without what the server makes up each time."""
    eks = client("eks")
    found = {}
    for name in eks.list_clusters()["clusters"]:
        told = eks.describe_cluster(name=name)["cluster"]
        api = Api({name: told}.__getitem__, client("sts"), simulated_at=told["endpoint"].partition("/hikeshi-sim")[0])
        found[name] = [
            _lasting(one) for kind in KINDS for one in getattr(api, xform_name(f"List{kind}"))(cluster=name)["items"]
        ]
    return found


def _lasting(thing: Mapping[str, Any]) -> Any:
    made_up = ("creationTimestamp", "resourceVersion", "uid")
    return {**thing, "metadata": {key: value for key, value in thing["metadata"].items() if key not in made_up}}


def eks_access(client: Client) -> Any:
    eks = client("eks")
    found = {}
    for cluster in eks.list_clusters()["clusters"]:
        for principal in eks.list_access_entries(clusterName=cluster)["accessEntries"]:
            which = {"clusterName": cluster, "principalArn": principal}
            policies = eks.list_associated_access_policies(**which)["associatedAccessPolicies"]
            found[f"{cluster} {principal}"] = eks.describe_access_entry(**which)["accessEntry"], policies
    return found


def s3_objects(client: Client) -> Any:
    """What a reader of each bucket sees: keys and entity tags of the current versions."""
    s3 = client("s3")
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    return {
        name: [[one["Key"], one["ETag"]] for one in s3.list_objects_v2(Bucket=name).get("Contents", ())]
        for name in names
    }


def rds_clusters(client: Client) -> Any:
    told = client("rds").describe_db_clusters()["DBClusters"]
    moments = ("EarliestRestorableTime", "LatestRestorableTime")
    return [{name: value for name, value in one.items() if name not in moments} for one in told]


def rds_instances(client: Client) -> Any:
    told = client("rds").describe_db_instances()["DBInstances"]
    return [{name: value for name, value in one.items() if name != "LatestRestorableTime"} for one in told]


def rds_sharing(client: Client) -> Any:
    """Who else may restore each manual snapshot."""
    rds = client("rds")
    single = [one["DBSnapshotIdentifier"] for one in rds.describe_db_snapshots()["DBSnapshots"]]
    whole = [one["DBClusterSnapshotIdentifier"] for one in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]]
    return {
        **{one: rds.describe_db_snapshot_attributes(DBSnapshotIdentifier=one) for one in single},
        **{one: rds.describe_db_cluster_snapshot_attributes(DBClusterSnapshotIdentifier=one) for one in whole},
    }


def logs_retention(client: Client) -> Any:
    return {
        one["logGroupName"]: one.get("retentionInDays") for one in client("logs").describe_log_groups()["logGroups"]
    }


def secrets_versions(client: Client) -> Any:
    secrets = client("secretsmanager")
    names = [one["Name"] for one in secrets.list_secrets()["SecretList"]]
    # How many versions there are, and which is current; their ids are made up anew each time.
    return {name: list(secrets.describe_secret(SecretId=name)["VersionIdsToStages"].values()) for name in names}


AREAS: Final[Mapping[str, Area]] = {
    "autoscaling.groups": autoscaling_groups,
    "cloudtrail.trails": cloudtrail_trails,
    "config.recorders": config_recorders,
    "dns.domains": dns_domains,
    "dns.query_logs": dns_query_logs,
    "ec2.acls": ec2_acls,
    "ec2.addresses": ec2_addresses,
    "ec2.attributes": ec2_attributes,
    "ec2.block_public": ec2_block_public,
    "ec2.consoles": ec2_consoles,
    "ec2.flow_logs": ec2_flow_logs,
    "ec2.groups": ec2_groups,
    "ec2.instances": ec2_instances,
    "ec2.interfaces": ec2_interfaces,
    "ec2.mirrors": ec2_mirrors,
    "ec2.prefix_lists": ec2_prefix_lists,
    "ec2.profiles": ec2_profiles,
    "ec2.rebuilt": ec2_rebuilt,
    "ec2.routes": ec2_routes,
    "ec2.serial_console": ec2_serial_console,
    "ec2.sharing": ec2_sharing,
    "ec2.snapshot_locks": ec2_snapshot_locks,
    "ec2.snapshots": ec2_snapshots,
    "ecs.services": ecs_services,
    "ecs.tasks": ecs_tasks,
    "eks.access": eks_access,
    "eks.endpoints": eks_endpoints,
    "eks.inside": eks_inside,
    "elbv2.targets": elbv2_targets,
    "firewall.rules": firewall_rules,
    "guardduty.detectors": guardduty_detectors,
    "guardduty.findings": guardduty_findings,
    "guardduty.lists": guardduty_lists,
    "iam.devices": iam_devices,
    "iam.passwords": iam_passwords,
    "iam.providers": iam_providers,
    "iam.roles": iam_roles,
    "iam.root": iam_root,
    "iam.users": iam_users,
    "kms.keys": kms_keys,
    "lambda.code": lambda_code,
    "lambda.functions": lambda_functions,
    "logs.retention": logs_retention,
    "organizations.policies": org_policies,
    "rds.clusters": rds_clusters,
    "rds.instances": rds_instances,
    "rds.sharing": rds_sharing,
    "rolesanywhere.anchors": rolesanywhere_anchors,
    "s3.account": s3_account,
    "s3.kept": s3_kept,
    "s3.objects": s3_objects,
    "s3.policies": s3_policies,
    "s3.public": s3_public,
    "secretsmanager.versions": secrets_versions,
    "ssm.hosts": ssm_hosts,
    "ssm.sessions": ssm_sessions,
    "sso.people": sso_people,
    "waf.sets": waf_sets,
}
"""What is looked at, by name; the part before the dot is the service. One line for each thing an action can change."""


def state(client: Client, areas: Iterable[str] = tuple(AREAS)) -> dict[str, Any]:
    """The account's state in these areas."""
    return {area: _plain(AREAS[area](client)) for area in areas}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in sorted(value.items()) if key not in MEANINGLESS}
    if isinstance(value, (list, tuple)):
        return sorted((_plain(one) for one in value), key=repr)  # the order of a list means nothing to AWS
    return value
