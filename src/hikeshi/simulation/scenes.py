"""Scenes: what stands in the simulated account when a playbook is played (`rehearsing.py`), by name.

A simulation of a playbook names one or several ("instance access-key"), and its facts name things of them as "<instance_id>". What
a scene gives has the name of the input that actions know it by, wherever one name is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from hikeshi.errors import Refused
from hikeshi.simulation.account import ACCOUNT, BUCKET, REGION, Account
from hikeshi.simulation.building import acquisition, data, identity, instance, network, recovery
from hikeshi.text import Text

Names = dict[str, Any]
"""What was built: texts by the name of the placeholder."""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What it is, the placeholders it gives, and how it is built in an account where it does not stand yet."""

    what: Text
    gives: tuple[str, ...]
    build: Callable[[Account], Names]


EVERYWHERE: Final[Mapping[str, str]] = {"account_id": ACCOUNT, "evidence_bucket": BUCKET, "region": REGION}
"""Placeholders that need no scene."""


def _access_key(account: Account) -> Names:
    made = identity.a_user_with_two_devices(account)
    iam = account.client("iam")
    iam.create_login_profile(UserName=identity.USER, Password=identity.PASSWORD)
    told = iam.get_user(UserName=identity.USER)["User"]["Arn"]
    keys = iam.list_access_keys(UserName=identity.USER)["AccessKeyMetadata"]
    return {**made, "access_key_id": keys[0]["AccessKeyId"], "user_arn": told}


def _blinded(account: Account) -> Names:
    """The detector is suspended and a rule archives what it finds; the recorder is stopped; nothing records DNS; a week of logs is kept."""
    data.stopped_recorder(account)
    made, logs = data.allow_listed_detector(account), data.short_log_groups(account)
    account.client("guardduty").update_detector(DetectorId=made["detector_id"], Enable=False)
    return {
        "detector_id": made["detector_id"], "log_group": logs["names"][0], "quiet_vpc_id": data.a_vpc(account)["vpc_id"],
        "recorder": "default", "suppression_rule": made["names"][0],
    }  # fmt: skip


def _block_lists(account: Account) -> Names:
    made = data.prefix_list(account) | data.rule_group(account) | data.ip_set(account)
    return {name: made[name] for name in ("ip_set", "ip_set_id", "prefix_list_id", "rule_group")}


def _identity_provider(account: Account) -> Names:
    return {
        "provider_arn": identity.a_saml_provider(account)["arn"],
        "anchor_arn": identity.a_trust_anchor(account)["arn"],
    }


def _instance(account: Account) -> Names:
    """Two interfaces with an address each, two disks, a profile with a role, shells, and the endpoints of Systems Manager."""
    identity.role(account, path="/shop/")
    profile = identity.profile(account, "web-profile", identity.ROLE)
    identity.role(account, "hikeshi-forensic")
    identity.profile(account, "hikeshi-forensic", "hikeshi-forensic")
    machine = account.machine(2, IamInstanceProfile={"Arn": profile}, BlockDeviceMappings=instance.DISKS)
    network.give_addresses(account, machine)
    network.give_endpoints(account, machine)
    instance.open_shells(account, machine.id)
    other = account.machine(1, IamInstanceProfile={"Arn": profile}, BlockDeviceMappings=instance.DISKS)
    return {
        "instance_id": machine.id,
        "other_instance_id": other.id, "profile": "web-profile", "role": identity.ROLE, "subnet_id": machine.subnet,
        "vpc_id": machine.vpc, **acquisition.mirror_for(account, machine),
    }  # fmt: skip


def _kms_key(account: Account) -> Names:
    return {"kms_key": data.disabled_key(account)["key_id"]}


def _golden_image(account: Account) -> Names:
    made = recovery.golden(account)
    vpc, _ = account.network()
    return {
        "clean_before": recovery.a_while_ago(), "golden_image": made["image_id"], "new_group": account.group(vpc, "web-rebuilt"),
        "new_profile": made["new_profile"],
    }  # fmt: skip


def _kubernetes(account: Account) -> Names:
    return data.cluster_admin(account) | data.inside_the_cluster(account) | data.pushed_image(account)


def _network(account: Account) -> Names:
    made = network.a_way_out(account)
    table = account.ec2.describe_route_tables(RouteTableIds=[made["route_table_id"]])["RouteTables"][0]
    vpc = str(table["VpcId"])
    only = [{"Name": "vpc-id", "Values": [vpc]}]
    subnet = account.ec2.describe_subnets(Filters=only)["Subnets"][0]["SubnetId"]
    return {**made, "subnet_id": subnet, "vpc_id": vpc}


def _organization(account: Account) -> Names:
    return {"member_account_id": identity.a_root_with_key_and_password(account)["account_id"]}


def _public_bucket(account: Account) -> Names:
    return data.public_bucket(account)


def _ransomed_bucket(account: Account) -> Names:
    made = recovery.destroyed(account)
    return {"bucket": made["bucket"], "as_of": made["as_of"]}


def _role_session(account: Account) -> Names:
    return {"role": "build-agent", "role_arn": identity.role(account, "build-agent")}


def _shared(account: Account) -> Names:
    return data.shared_snapshot(account) | data.shared_image(account)


def _shared_database(account: Account) -> Names:
    return {"database_snapshot": data.shared_database_snapshot(account)["snapshot"]}


def _snapshot(account: Account) -> Names:
    made = acquisition.to_copy(account)
    return {"snapshot_id": made["snapshot_id"], "customer_key": made["key"]}


def _watched(account: Account) -> Names:
    made = data.sampled_detector(account)
    return {"finding_id": made["finding_ids"][0], "watching_detector_id": made["detector_id"]}


def _web(account: Account) -> Names:
    """One of two members of an Auto Scaling group that is behind a load balancer."""
    made = instance.member(account)
    machine = account.ec2.describe_instances(InstanceIds=[made["instance_id"]])["Reservations"][0]["Instances"][0]
    identity.role(account, "web-fleet")
    profile = identity.profile(account, "web-fleet", "web-fleet")
    account.ec2.associate_iam_instance_profile(InstanceId=made["instance_id"], IamInstanceProfile={"Arn": profile})
    arn = instance.target_group(account, "web", machine["VpcId"], "instance")
    account.client("elbv2").register_targets(TargetGroupArn=arn, Targets=[{"Id": made["instance_id"], "Port": 8080}])
    return {**made, "subnet_id": machine["SubnetId"], "target_group": arn, "vpc_id": machine["VpcId"]}


SCENES: Final[dict[str, Scene]] = {
    "access-key": Scene(
        what=Text("an IAM user with two keys, a password and two second factors", "キー 2 本・パスワード・MFA 2 台を持つ IAM ユーザー"),
        gives=("access_key_id", "serial", "user", "user_arn"), build=_access_key,
    ),
    "blinded": Scene(
        what=Text("GuardDuty suspended and hiding findings, AWS Config stopped, a VPC and a log group that forget", "停止され検出を隠す GuardDuty・停止した AWS Config・記録を失う VPC とロググループ"),
        gives=("detector_id", "log_group", "quiet_vpc_id", "recorder", "suppression_rule"), build=_blinded,
    ),
    "block-lists": Scene(
        what=Text("a WAF IP set, a prefix list and a rule group of Network Firewall", "WAF の IP セット・プレフィックスリスト・Network Firewall のルールグループ"),
        gives=("ip_set", "ip_set_id", "prefix_list_id", "rule_group"), build=_block_lists,
    ),
    "container-service": Scene(
        what=Text("an ECS service with three tasks that scales", "タスク 3 つでスケールする ECS サービス"),
        gives=("cluster", "service"), build=data.scaled_service,
    ),
    "container-task": Scene(
        what=Text("an ECS task that belongs to no service", "サービスに属さない ECS タスク"),
        gives=("cluster", "task"), build=data.running_task,
    ),
    "database": Scene(
        what=Text("an RDS database that the internet reaches", "インターネットから到達できる RDS データベース"),
        gives=("database_id",), build=data.public_database,
    ),
    "database-cluster": Scene(
        what=Text("an Aurora cluster with a public instance", "公開インスタンスを含む Aurora クラスター"),
        gives=("cluster_id",), build=data.public_cluster,
    ),
    "function": Scene(
        what=Text("a Lambda function with a public address, fed by a queue", "公開 URL とキューから呼ばれる Lambda 関数"),
        gives=("function",), build=data.layered_function,
    ),
    "golden-image": Scene(
        what=Text("an image older than the attack, with a group and a profile for a new instance", "攻撃より前の AMI と、新しいインスタンス用のセキュリティグループ・プロファイル"),
        gives=("clean_before", "golden_image", "new_group", "new_profile"), build=_golden_image,
    ),
    "identity-center": Scene(
        what=Text("a person in IAM Identity Center with two permission sets", "許可セット 2 つを持つ IAM Identity Center のユーザー"),
        gives=("user_id",), build=identity.a_person,
    ),
    "identity-provider": Scene(
        what=Text("a SAML provider and a trust anchor that an attacker planted", "攻撃者が追加した SAML プロバイダーとトラストアンカー"),
        gives=("anchor_arn", "provider_arn"), build=_identity_provider,
    ),
    "instance": Scene(
        what=Text("an EC2 instance with two interfaces, two disks, a role and open shells", "インターフェイス 2・ディスク 2・ロール・開いたシェルを持つ EC2 インスタンス"),
        gives=("instance_id", "mirror_filter", "mirror_target", "other_instance_id", "profile", "role", "subnet_id", "vpc_id"), build=_instance,
    ),
    "kms-key": Scene(
        what=Text("a KMS key that was disabled, with grants", "無効化され、許可 (grant) が付いた KMS キー"),
        gives=("kms_key",), build=_kms_key,
    ),
    "kubernetes": Scene(
        what=Text("an EKS cluster with an access entry for an administrator, a pod on a node, a planted binding, and the image of its pods", "管理者のアクセスエントリ・ノード上の Pod・攻撃者のバインディングがある EKS クラスターとその Pod のイメージ"),
        gives=("binding", "cluster", "digest", "namespace", "node", "pod", "principal_arn", "repository"), build=_kubernetes,
    ),
    "network": Scene(
        what=Text("a VPC with a subnet and a default route", "サブネットとデフォルトルートを持つ VPC"),
        gives=("route_table_id", "subnet_id", "vpc_id"), build=_network,
    ),
    "organization": Scene(
        what=Text("an organization with a member whose root user has a key", "ルートユーザーにキーがあるメンバーアカウントの組織"),
        gives=("member_account_id",), build=_organization,
    ),
    "public-bucket": Scene(
        what=Text("an S3 bucket that anybody reads", "誰でも読める S3 バケット"),
        gives=("bucket",), build=_public_bucket,
    ),
    "ransomed-bucket": Scene(
        what=Text("an S3 bucket with versions whose objects were deleted and overwritten", "オブジェクトが削除・上書きされた、バージョニング有効の S3 バケット"),
        gives=("as_of", "bucket"), build=_ransomed_bucket,
    ),
    "role-session": Scene(
        what=Text("an IAM role whose sessions are used by somebody else", "セッションを悪用されている IAM ロール"),
        gives=("role", "role_arn"), build=_role_session,
    ),
    "secret": Scene(
        what=Text("a secret that is rotated", "ローテーションされるシークレット"),
        gives=("secret_id",), build=data.rotated_secret,
    ),
    "shared": Scene(
        what=Text("a snapshot and an image shared with another account", "別アカウントと共有されたスナップショットとイメージ"),
        gives=("image_id", "snapshot_id"), build=_shared,
    ),
    "shared-database": Scene(
        what=Text("a database snapshot shared with another account", "別アカウントと共有されたデータベースのスナップショット"),
        gives=("database_snapshot",), build=_shared_database,
    ),
    "snapshot": Scene(
        what=Text("a snapshot, and a KMS key to copy it under", "スナップショットと、コピー用の KMS キー"),
        gives=("customer_key", "snapshot_id"), build=_snapshot,
    ),
    "stack": Scene(
        what=Text("a CloudFormation stack", "CloudFormation のスタック"),
        gives=("stack",), build=data.made_stack,
    ),
    "trail": Scene(
        what=Text("a CloudTrail trail that records next to nothing", "ほとんど記録していない CloudTrail の証跡"),
        gives=("trail",), build=data.blinded_trail,
    ),
    "watched": Scene(
        what=Text("a GuardDuty detector with findings", "検出結果のある GuardDuty 検出器"),
        gives=("finding_id", "watching_detector_id"), build=_watched,
    ),
    "web": Scene(
        what=Text("an EC2 instance of an Auto Scaling group behind a load balancer", "ロードバランサー配下の Auto Scaling グループの EC2 インスタンス"),
        gives=("instance_id", "subnet_id", "target_group", "vpc_id"), build=_web,
    ),
}  # fmt: skip
"""In alphabetical order."""


def build(account: Account, names: Iterable[str]) -> Names:
    """Build these scenes beside each other and tell what they gave, the first one first. Raises `Refused` for a name that is none."""
    found: Names = dict(EVERYWHERE)
    for name in names:
        if name not in SCENES:
            raise Refused(f"There is no scene {name!r}.", hint=f"Scenes are {', '.join(SCENES)}.")
        found = {**SCENES[name].build(account), **found}
    return found


def giving(wanted: Iterable[str]) -> tuple[str, ...]:
    """The fewest scenes that give these placeholders, as far as there are any; each next one is that which gives most of the rest."""
    rest, chosen = set(wanted) - set(EVERYWHERE), []
    while name := max(SCENES, key=lambda one: len(rest.intersection(SCENES[one].gives)), default=""):
        if not rest.intersection(SCENES[name].gives):
            break
        chosen.append(name)
        rest -= set(SCENES[name].gives)
    return tuple(chosen)
