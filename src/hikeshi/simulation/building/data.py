"""What the actions in `actions/aws/data/` are tried on, built in a simulated account: each function returns the inputs it made."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

from hikeshi.simulation import kubernetes
from hikeshi.simulation.account import ACCOUNT, REGION, Account

POD = "web-6d4cf56db6-x2lzp"
NODE = "ip-10-1-1-17.ap-northeast-1.compute.internal"
FILES = "example-files"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Web",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{FILES}/*",
            }
        ],
    },
    indent=3,
)
RULES = [
    {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 1}},
    {"ID": "day", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Date": "2027-01-01T00:00:00Z"}},
]


def files(account: Account, **more: Any) -> Any:
    s3 = account.client("s3")
    s3.create_bucket(Bucket=FILES, CreateBucketConfiguration={"LocationConstraint": REGION}, **more)
    return s3


def public_bucket(account: Account) -> dict[str, Any]:
    files(account).put_bucket_policy(Bucket=FILES, Policy=POLICY)
    return {"bucket": FILES}


def half_blocked_bucket(account: Account) -> dict[str, Any]:
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    files(account).put_public_access_block(Bucket=FILES, PublicAccessBlockConfiguration=block)
    return {"bucket": FILES}


def the_account(account: Account) -> dict[str, Any]:
    del account  # it is there
    return {"account_id": ACCOUNT}


def bucket_with_policy(account: Account) -> dict[str, Any]:
    return public_bucket(account) | {"let_in": [f"arn:aws:iam::{ACCOUNT}:role/break-glass"]}


def bucket_without_policy(account: Account) -> dict[str, Any]:
    files(account)
    return {"bucket": FILES, "let_in": [f"arn:aws:iam::{ACCOUNT}:role/break-glass"]}


def files_alone(account: Account) -> dict[str, Any]:
    files(account)
    return {"bucket": FILES}


def bucket_with_rules(account: Account) -> dict[str, Any]:
    files(account).put_bucket_lifecycle_configuration(Bucket=FILES, LifecycleConfiguration={"Rules": RULES})
    return {"bucket": FILES}


def bucket_with_lock(account: Account) -> dict[str, Any]:
    s3 = files(account, ObjectLockEnabledForBucket=True)
    s3.put_bucket_versioning(Bucket=FILES, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=FILES, Key="2026/invoice.pdf", Body=b"invoice")
    return {"bucket": FILES, "keys": ["2026/invoice.pdf"]}


OTHER = "444455556666"


def shared_snapshot(account: Account) -> dict[str, Any]:
    volume = account.ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    snapshot = account.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    for whom in ({"UserIds": [OTHER]}, {"GroupNames": ["all"]}):
        account.ec2.modify_snapshot_attribute(SnapshotId=snapshot, OperationType="add", **whom)
    return {"snapshot_id": snapshot}


def shared_image(account: Account) -> dict[str, Any]:
    image = account.ec2.create_image(InstanceId=account.plain_machine().id, Name="web")["ImageId"]
    whom = {"Add": [{"UserId": OTHER}, {"Group": "all"}]}
    account.ec2.modify_image_attribute(ImageId=image, LaunchPermission=whom)
    return {"image_id": image}


def blinded_trail(account: Account) -> dict[str, Any]:
    """Never started, one region, only reading calls, nothing of KMS."""
    trail = account.client("cloudtrail")
    account.client("s3").create_bucket(Bucket="example-trail", CreateBucketConfiguration={"LocationConstraint": REGION})
    trail.create_trail(Name="main-trail", S3BucketName="example-trail")
    data = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]
    blind = {
        "ReadWriteType": "ReadOnly",
        "IncludeManagementEvents": False,
        "DataResources": data,
        "ExcludeManagementEventSources": ["kms.amazonaws.com"],
    }
    trail.put_event_selectors(TrailName="main-trail", EventSelectors=[blind])
    return {"trail": "main-trail"}


TLS = {
    "Sid": "Tls",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::example-trail", "arn:aws:s3:::example-trail/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def shut_out_trail(account: Account) -> dict[str, Any]:
    """The bucket's policy denies CloudTrail to write and allows it nothing; a good deny is beside it."""
    made = blinded_trail(account)
    shut = {
        "Sid": "Shut",
        "Effect": "Deny",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:Put*",
        "Resource": "arn:aws:s3:::example-trail/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [shut, TLS]}, indent=1)
    account.client("s3").put_bucket_policy(Bucket="example-trail", Policy=policy)
    return made


def trail_of_few_resources(account: Account) -> dict[str, Any]:
    """The same with advanced selectors."""
    made = blinded_trail(account)
    few = [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]
    account.client("cloudtrail").put_event_selectors(
        TrailName="main-trail", AdvancedEventSelectors=[{"Name": "data", "FieldSelectors": few}]
    )
    return made


def disabled_key(account: Account) -> dict[str, Any]:
    """Disabled, closed to its own account, and with a grant to an intruder beside a good one."""
    kms = account.client("kms")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)
    key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    for name in ("app", "mallory"):
        kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/{name}", Operations=["Decrypt"])
    kms.disable_key(KeyId=key)
    return {"key_id": key, "revoke_from": [f"arn:aws:iam::{ACCOUNT}:user/mallory"]}


def key_to_be_deleted(account: Account) -> dict[str, Any]:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return {"key_id": key}


ADDRESSES = ["198.51.100.7", "203.0.113.0/24"]
RULES_TEXT = """# what has to be blocked
drop ip 192.0.2.1 any <> any any (msg:"theirs"; sid:1; rev:1;)
"""


def some_vpc(account: Account) -> dict[str, Any]:
    return {"vpc_id": account.network()[0], "domains": ["Evil.example.", "t.tunnel.example"]}


def prefix_list(account: Account) -> dict[str, Any]:
    made = account.ec2.create_managed_prefix_list(
        PrefixListName="block", MaxEntries=10, AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.1/32"}]
    )
    return {"prefix_list_id": made["PrefixList"]["PrefixListId"], "addresses": ADDRESSES}


def rule_group(account: Account) -> dict[str, Any]:
    account.client("network-firewall").create_rule_group(
        RuleGroupName="block",
        Type="STATEFUL",
        Capacity=10,
        Description="Block list",
        RuleGroup={"RulesSource": {"RulesString": RULES_TEXT}},
    )
    return {"rule_group": "block", "addresses": ADDRESSES}


def ip_set(account: Account) -> dict[str, Any]:
    made = account.client("wafv2").create_ip_set(
        Name="block", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["192.0.2.1/32"], Description="Block list"
    )
    return {"ip_set": "block", "ip_set_id": made["Summary"]["Id"], "addresses": ADDRESSES}


FUNCTION = "order-intake"


def busy_function(account: Account) -> dict[str, Any]:
    """Fed by a queue, with a public address and permissions for everybody and for S3."""
    role = account.client("iam").create_role(RoleName="intake", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    packed = {"FunctionName": FUNCTION, "Runtime": "python3.12", "Role": role, "Handler": "a.b"}
    functions, queues = account.client("lambda"), account.client("sqs")
    functions.create_function(**packed, Code={"ZipFile": _zipped("a.py", "b = print")})
    queue = queues.create_queue(QueueName="orders")["QueueUrl"]
    source = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_event_source_mapping(FunctionName=FUNCTION, EventSourceArn=source)
    functions.create_function_url_config(FunctionName=FUNCTION, AuthType="NONE", Cors={"AllowOrigins": ["*"]})
    for name, more in (
        ("public", {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}),
        ("files", {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::x"}),
    ):
        functions.add_permission(FunctionName=FUNCTION, StatementId=name, **more)
    return {"function": FUNCTION}


def layered_function(account: Account) -> dict[str, Any]:
    """With a layer, and a version published before its code was changed."""
    made, functions = busy_function(account), account.client("lambda")
    layer = functions.publish_layer_version(LayerName="tools", Content={"ZipFile": _zipped("tools.py", "x = 1")})
    functions.publish_version(FunctionName=FUNCTION)
    functions.update_function_code(FunctionName=FUNCTION, ZipFile=_zipped("a.py", "b = exec"))
    functions.update_function_configuration(FunctionName=FUNCTION, Layers=[layer["LayerVersionArn"]])
    return made


def backdoored_function(account: Account) -> dict[str, Any]:
    """Published and in use by an alias, before somebody put code, a layer and a handler of their own into it, for half of the calls."""
    role = account.client("iam").create_role(RoleName="intake", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    packed = {"FunctionName": FUNCTION, "Runtime": "python3.12", "Role": role, "Handler": "a.b"}
    functions, which = account.client("lambda"), {"FunctionName": FUNCTION}
    functions.create_function(**packed, Code={"ZipFile": _zipped("a.py", "b = print")}, Publish=True)
    functions.create_alias(**which, Name="live", FunctionVersion="1")
    layer = functions.publish_layer_version(LayerName="tools", Content={"ZipFile": _zipped("tools.py", "x = 1")})
    functions.update_function_code(**which, ZipFile=_zipped("a.py", "b = exec"))
    functions.update_function_configuration(**which, Layers=[layer["LayerVersionArn"]], Handler="tools.x")
    theirs = functions.publish_version(**which)["Version"]
    shares = {"AdditionalVersionWeights": {theirs: 0.5}}
    functions.update_alias(**which, Name="live", FunctionVersion="1", RoutingConfig=shares)
    functions.update_function_code(**which, ZipFile=_zipped("a.py", "b = eval"))
    return {"function": FUNCTION, "version": "1", "aliases": ["live"]}


def _zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def reserved_function(account: Account) -> dict[str, Any]:
    made = busy_function(account)
    account.client("lambda").put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=5)
    return made


def scaled_service(account: Account) -> dict[str, Any]:
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="prod")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "a", "image": "web", "memory": 128}])
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web", desiredCount=3)
    account.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/prod/web",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=4,
    )
    return {"cluster": "prod", "service": "web"}


def open_cluster(account: Account) -> dict[str, Any]:
    """Reached from everywhere, as one is that nobody has thought about."""
    access = {"endpointPublicAccess": True, "endpointPrivateAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}
    role = f"arn:aws:iam::{ACCOUNT}:role/eks"
    account.client("eks").create_cluster(name="prod", roleArn=role, resourcesVpcConfig={"subnetIds": [], **access})
    return {"cluster": "prod"}


def inside_a_cluster(account: Account) -> dict[str, Any]:
    return open_cluster(account) | inside_the_cluster(account)


def inside_the_cluster(account: Account) -> dict[str, Any]:
    """A pod of a deployment on a node, a policy that lets every pod ask for names, and an administrator's binding that was planted."""
    cluster = account.client("eks").list_clusters()["clusters"][0]
    labels = {"app": "web", "pod-template-hash": "6d4cf56db6"}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d4cf56db6", "uid": "0f6b9c1e-simulated"}
    spec = {"containers": [{"name": "web", "image": "web:1"}], "nodeName": NODE, "serviceAccountName": "web"}
    names = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    user = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}
    for kind, metadata, rest in (
        ("Node", {"name": NODE}, {"spec": {"providerID": "aws:///ap-northeast-1a/i-0a1b2c3d4e5f60718"}}),
        ("Pod", {"name": POD, "namespace": "shop", "labels": labels, "ownerReferences": [owner]}, {"spec": spec}),
        ("NetworkPolicy", {"name": "names", "namespace": "shop"}, {"spec": names}),
        ("ClusterRoleBinding", {"name": "debug-admin"}, {"roleRef": role, "subjects": [user]}),
        ("RoleBinding", {"name": "debug", "namespace": "shop"}, {"roleRef": role, "subjects": [user]}),
    ):
        kubernetes.put(REGION, cluster, {"kind": kind, "metadata": metadata, **rest})
    return {"cluster": cluster, "namespace": "shop", "pod": POD, "node": NODE, "binding": "debug-admin"}


def cluster_admin(account: Account) -> dict[str, Any]:
    principal = f"arn:aws:iam::{ACCOUNT}:role/developer"
    which = {"clusterName": "prod", "principalArn": principal}
    open_cluster(account)
    eks = account.client("eks")
    eks.create_access_entry(**which, kubernetesGroups=["builders"])
    policies = "arn:aws:eks::aws:cluster-access-policy"
    for name, scope in (("Admin", {"type": "namespace", "namespaces": ["a"]}), ("ClusterAdmin", {"type": "cluster"})):
        eks.associate_access_policy(**which, policyArn=f"{policies}/AmazonEKS{name}Policy", accessScope=scope)
    return {"cluster": "prod", "principal_arn": principal}


def public_database(account: Account, name: str = "orders") -> dict[str, Any]:
    vpc, subnet = account.network()
    rds = account.client("rds")
    rds.create_db_subnet_group(DBSubnetGroupName="db", DBSubnetGroupDescription="db", SubnetIds=[subnet])
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="orders",
        MasterUserPassword="for-a-test-only",
        PubliclyAccessible=True,
        VpcSecurityGroupIds=[account.group(vpc, "db"), account.group(vpc, "app")],
        DBSubnetGroupName="db",
    )
    return {"database_id": name}


def rotated_secret(account: Account) -> dict[str, Any]:
    secrets = account.client("secretsmanager")
    secrets.create_secret(Name="orders", SecretString="for-a-test-only")
    secrets.rotate_secret(SecretId="orders", RotationRules={"AutomaticallyAfterDays": 30})
    return {"secret_id": "orders"}


def suspended_detector(account: Account) -> dict[str, Any]:
    """Suspended, and with one of its protections switched off."""
    off = [{"Name": "S3_DATA_EVENTS", "Status": "DISABLED"}]
    account.client("guardduty").create_detector(Enable=False, Features=off)
    return {"account_id": ACCOUNT, "features": ["S3_DATA_EVENTS"]}


def allow_listed_detector(account: Account) -> dict[str, Any]:
    """A list of addresses, a list of entities and a rule that an intruder has made, beside a rule that is meant."""
    guard = account.client("guardduty")
    which = {"DetectorId": guard.create_detector(Enable=True)["DetectorId"]}
    place = {"Format": "TXT", "Location": "s3://mallory/list.txt", "Activate": True}
    guard.create_ip_set(**which, Name="office", **place)
    guard.create_trusted_entity_set(**which, Name="partners", **place)
    criteria = {"Criterion": {"severity": {"Gte": 1}}}
    for name in ("everything", "scanner"):
        guard.create_filter(**which, Name=name, Action="ARCHIVE", FindingCriteria=criteria)
    return {"detector_id": which["DetectorId"], "names": ["everything", "office", "partners"]}


def stopped_recorder(account: Account) -> dict[str, Any]:
    """Stopped, and narrowed to one kind of resource."""
    config = account.client("config")
    role = f"arn:aws:iam::{ACCOUNT}:role/config"
    few = {"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]}
    config.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": few})
    account.client("s3").create_bucket(
        Bucket="example-config", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "example-config"})
    return {"recorder": "default"}


def shared_database_snapshot(account: Account) -> dict[str, Any]:
    public_database(account, "billing")
    rds = account.client("rds")
    which = {"DBSnapshotIdentifier": "billing-copy"}
    rds.create_db_snapshot(**which, DBInstanceIdentifier="billing")
    rds.modify_db_snapshot_attribute(**which, AttributeName="restore", ValuesToAdd=[OTHER, "all"])
    return {"snapshot": which["DBSnapshotIdentifier"]}


def running_task(account: Account, image: str = "web") -> dict[str, Any]:
    """A task on an instance of its cluster."""
    ecs, machine = account.client("ecs"), account.plain_machine()
    ecs.create_cluster(clusterName="prod")
    told = {"instanceId": machine.id, "accountId": ACCOUNT, "region": REGION}
    document = json.dumps({"version": "2010-08-31", "instanceType": "t3.small", "imageId": "ami-1", **told})
    ecs.register_container_instance(cluster="prod", instanceIdentityDocument=document)
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "a", "image": image, "memory": 128}])
    [task] = ecs.run_task(cluster="prod", taskDefinition="web", launchType="EC2")["tasks"]
    return {"cluster": "prod", "task": task["taskArn"].rpartition("/")[2]}


def pushed_image(account: Account) -> dict[str, Any]:
    """An image with a configuration and a layer, and an index that points to it."""
    ecr, where = account.client("ecr"), {"repositoryName": "shop/web"}
    ecr.create_repository(**where)
    blobs = [_pushed(ecr, body) for body in (b'{"os": "linux"}', b"a layer")]
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": blobs[0], "layers": blobs[1:]})
    inner = _put(ecr, "amd64", manifest, kind)
    kind = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [{"digest": inner}]})
    return {"repository": "shop/web", "digest": _put(ecr, "1", index, kind)}


def _pushed(ecr: Any, body: bytes) -> dict[str, Any]:
    where = {"repositoryName": "shop/web"}
    upload = ecr.initiate_layer_upload(**where)["uploadId"]
    ecr.upload_layer_part(**where, uploadId=upload, partFirstByte=0, partLastByte=len(body) - 1, layerPartBlob=body)
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    ecr.complete_layer_upload(**where, uploadId=upload, layerDigests=[digest])
    return {"digest": digest, "size": len(body)}


def _put(ecr: Any, tag: str, manifest: str, kind: str) -> str:
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    asked = {"repositoryName": "shop/web", "imageTag": tag, "imageDigest": digest}
    ecr.put_image(**asked, imageManifest=manifest, imageManifestMediaType=kind)
    return digest


def task_of_an_image(account: Account) -> dict[str, Any]:
    pushed_image(account)
    return running_task(account, f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop/web:1")


def made_stack(account: Account) -> dict[str, Any]:
    template = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}  # planted\n"
    account.client("cloudformation").create_stack(StackName="order-intake", TemplateBody=template)
    return {"stack": "order-intake"}


def public_cluster(account: Account) -> dict[str, Any]:
    """Two instances, one of them public."""
    vpc, subnet = account.network()
    rds = account.client("rds")
    rds.create_db_subnet_group(DBSubnetGroupName="db", DBSubnetGroupDescription="db", SubnetIds=[subnet])
    rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-postgresql",
        MasterUsername="shop",
        MasterUserPassword="for-a-test-only",
        VpcSecurityGroupIds=[account.group(vpc, "db"), account.group(vpc, "app")],
        DBSubnetGroupName="db",
    )
    for name, public in (("shop-1", True), ("shop-2", False)):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier="shop",
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
            PubliclyAccessible=public,
        )
    return {"cluster_id": "shop"}


def a_vpc(account: Account) -> dict[str, Any]:
    return {"vpc_id": account.network()[0]}


def sampled_detector(account: Account) -> dict[str, Any]:
    """With two of its own sample findings."""
    guard = account.client("guardduty")
    which = {"DetectorId": guard.create_detector(Enable=True)["DetectorId"]}
    kinds = ["Backdoor:EC2/C&CActivity.B", "Recon:EC2/PortProbeUnprotectedPort"]
    guard.create_sample_findings(**which, FindingTypes=kinds)
    found = guard.list_findings(**which)["FindingIds"]
    return {"detector_id": which["DetectorId"], "finding_ids": found, "feedback": "USEFUL"}


def watching_detector(account: Account) -> dict[str, Any]:
    made = account.client("guardduty").create_detector(Enable=True)
    return {"detector_id": made["DetectorId"], "entities": ["198.51.100.7", "203.0.113.0/24", "evil.example"]}


def short_log_groups(account: Account) -> dict[str, Any]:
    """One that keeps a week, one that keeps for ever, and one whose name begins alike."""
    logs = account.client("logs")
    for name in ("/vpc/flow", "/vpc/flow-old", "/eks/prod"):
        logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName="/vpc/flow", retentionInDays=7)
    return {"names": ["/vpc/flow", "/eks/prod"]}
