"""What to do about a GuardDuty finding: by family, which actions in which order, how far without a person, and why.

Facts: GuardDuty finding types (User Guide, "GuardDuty finding types" and "Finding format": resourceRole, sample and archived findings).
The advice is a proposal: nothing happens before a person or a standing order says so, and what is unknown is left to people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from hikeshi.text import Text

Mode = Literal["triage", "notify", "approval", "two-person", "order"]
"""How far: look only; look and tell the owner; each containment by approval; by two people; fit for a standing order."""

Order = Literal["evidence first", "contain first", "none"]


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one finding. `names` are its observables by kind (`signals.signal.Kind`), each as often as it was named."""

    kind: str
    resource_role: str = ""
    sample: bool = False
    archived: bool = False
    names: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Finding types that are answered alike. `types` are beginnings; `actions` in the order in which they are done."""

    name: str
    title: Text
    types: tuple[str, ...]
    mode: Mode
    order: Order
    actions: tuple[str, ...]
    role: str = ""
    """Only where the resource has this role ("ACTOR", "TARGET"); empty: any."""
    note: Text


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one sign: the family (none: unknown), how far to go, why, and the actions in order."""

    family: Family | None
    mode: Mode
    why: Text
    actions: tuple[str, ...]


_FIRST_LOOK: Final = ("aws.ec2.metadata",)
_DISK: Final = ("aws.ebs.snapshot_set", "aws.ebs.lock")
_KEEP_ALIVE: Final = ("aws.ec2.protect", "aws.asg.standby", "aws.elb.deregister")
_ROLE_OF_INSTANCE: Final = ("aws.iam.revoke_instance_sessions", "aws.ec2.swap_profile")

FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        name="inward", title=Text(en="Scanned or attacked from outside", ja="外部からのスキャン・攻撃"), role="TARGET",
        types=("Recon:EC2/PortProbe", "UnauthorizedAccess:EC2/SSHBruteForce", "UnauthorizedAccess:EC2/RDPBruteForce", "Impact:EC2/WinRMBruteForce"),
        mode="notify", order="none", actions=("aws.ec2.block_peer", "aws.waf.block_address"),
        note=Text(
            en="The instance is attacked, it does not attack: isolating it would hand outsiders a switch. Block the source if it is worth it, and look whether an attempt succeeded.",
            ja="インスタンスは攻撃される側で、攻撃元ではありません。隔離すると外部者に停止手段を与えます。必要なら送信元を遮断し、成功した試行がないか確認します。",
        ),
    ),
    Family(
        name="dns", title=Text(en="Data or commands over DNS", ja="DNS を使った持ち出し・指令"), role="ACTOR",
        types=("Trojan:EC2/DNSDataExfiltration", "Trojan:Runtime/DNSDataExfiltration", "Trojan:EC2/DGADomainRequest", "Trojan:Runtime/DGADomainRequest", "Backdoor:EC2/C&CActivity.B!DNS"),
        mode="order", order="contain first",
        actions=("aws.dns.block", "aws.ebs.snapshot_set", "aws.ssm.capture_memory", "aws.ec2.isolate_ssm", "aws.ssm.host_firewall", *_ROLE_OF_INSTANCE, *_KEEP_ALIVE),
        note=Text(
            en="Security groups do not filter the Amazon resolver: block the names first, then cut the rest.",
            ja="セキュリティグループは Amazon のリゾルバーを遮断できません。先に名前を遮断し、その後に残りの通信を遮断します。",
        ),
    ),
    Family(
        name="command-server", title=Text(en="Talks to a command server", ja="C&C サーバーとの通信"), role="ACTOR",
        types=("Backdoor:EC2/C&CActivity", "Backdoor:Runtime/C&CActivity"), mode="order", order="contain first",
        actions=("aws.ebs.snapshot_set", "aws.ssm.capture_memory", "aws.ec2.isolate_ssm", "aws.ec2.shrink_tracking", "aws.ec2.block_peer", *_ROLE_OF_INSTANCE, *_KEEP_ALIVE),
        note=Text(
            en="Open connections survive a change of groups: shorten their tracking and block the peer for that time.",
            ja="確立済みの通信はグループを替えても続きます。追跡時間を短くし、その間は通信相手を遮断します。",
        ),
    ),
    Family(
        name="flood", title=Text(en="Floods others or sends spam", ja="DoS・迷惑メールの発信"), role="ACTOR",
        types=("Backdoor:EC2/DenialOfService", "Backdoor:EC2/Spambot"), mode="order", order="contain first",
        actions=("aws.ebs.snapshot_set", "aws.ec2.isolate", "aws.ec2.remove_public", *_ROLE_OF_INSTANCE),
        note=Text(
            en="Others are being harmed now: cut it at once, evidence runs beside it.",
            ja="他者に被害が及んでいます。すぐに遮断し、証拠の取得は並行して行います。",
        ),
    ),
    Family(
        name="mining", title=Text(en="Mines cryptocurrency", ja="暗号資産の採掘"),
        types=("CryptoCurrency:EC2/", "CryptoCurrency:Runtime/", "Impact:EC2/BitcoinDomainRequest", "Impact:Runtime/BitcoinDomainRequest", "Impact:EC2/CryptoMinerDomainRequest", "Impact:Runtime/CryptoMinerExecuted", "Impact:Runtime/CryptoMinerDomainRequest"),
        mode="order", order="evidence first",
        actions=("aws.ssm.host_triage", "aws.ssm.capture_memory", "aws.ebs.snapshot_set", "aws.ec2.isolate_ssm", "aws.iam.revoke_instance_sessions"),
        note=Text(
            en="Mining is loud and rarely urgent: take the evidence first. Look at image layers, too: a miner can live in one only.",
            ja="採掘は目立ちますが緊急性は低めです。先に証拠を取得します。コンテナイメージの層も確認します。",
        ),
    ),
    Family(
        name="trojan", title=Text(en="Trojan traffic", ja="トロイの木馬による通信"),
        types=("Trojan:EC2/", "Trojan:Runtime/"), mode="order", order="evidence first",
        actions=("aws.ssm.capture_memory", "aws.ebs.snapshot_set", "aws.ec2.isolate_ssm", "aws.ec2.block_peer", "aws.dns.block"),
        note=Text(en="Evidence first, then cut it off.", ja="先に証拠を取得し、その後に遮断します。"),
    ),
    Family(
        name="anonymous", title=Text(en="Uses Tor or a listed address", ja="Tor・登録済み不審アドレスとの通信"),
        types=("UnauthorizedAccess:EC2/TorClient", "UnauthorizedAccess:EC2/TorRelay", "UnauthorizedAccess:EC2/MaliciousIPCaller"),
        mode="approval", order="contain first", actions=("aws.ssm.host_triage", "aws.ec2.block_peer", "aws.ebs.snapshot_set", "aws.ec2.isolate_ssm"),
        note=Text(en="There are lawful uses: ask the owner.", ja="正当な利用もあります。所有者に確認します。"),
    ),
    Family(
        name="outward", title=Text(en="Scans or attacks others", ja="他者へのスキャン・攻撃"), role="ACTOR",
        types=("Recon:EC2/Portscan", "Impact:EC2/PortSweep", "Impact:EC2/WinRMBruteForce", "UnauthorizedAccess:EC2/SSHBruteForce", "UnauthorizedAccess:EC2/RDPBruteForce", "Impact:EC2/"),
        mode="order", order="contain first", actions=("aws.ssm.capture_memory", "aws.ebs.snapshot_set", "aws.ec2.isolate_ssm"),
        note=Text(en="It looks for its next victim: cut it off.", ja="次の標的を探しています。遮断します。"),
    ),
    Family(
        name="metadata", title=Text(en="Reaches for the instance's metadata", ja="インスタンスメタデータへの不正アクセス"),
        types=("UnauthorizedAccess:EC2/MetadataDNSRebind",), mode="approval", order="contain first",
        actions=("aws.ec2.imds", "aws.iam.revoke_instance_sessions", "aws.ec2.metadata"),
        note=Text(en="Tokens only, one hop; the credentials already read are revoked.", ja="トークン必須・1 ホップにし、読み取られた認証情報を失効させます。"),
    ),
    Family(
        name="behaviour", title=Text(en="Behaves unusually", ja="通常と異なる振る舞い"),
        types=("Behavior:EC2/", "DefenseEvasion:EC2/"), mode="triage", order="none", actions=("aws.ssm.host_triage", "aws.ec2.flow_logs"),
        note=Text(en="Unusual is not yet malicious: act when something else says so too.", ja="異常が直ちに攻撃とは限りません。別の兆候が揃ってから対処します。"),
    ),
    Family(
        name="malware-in-copies", title=Text(en="Malware in a snapshot or image", ja="スナップショット・イメージ内のマルウェア"),
        types=("Execution:EC2/MaliciousFile!Snapshot", "Execution:EC2/MaliciousFile!AMI", "Execution:EC2/MaliciousFile!RecoveryPoint"),
        mode="approval", order="none", actions=("aws.ec2.unshare_snapshot", "aws.ec2.unshare_image"),
        note=Text(en="Do not restore it; find the instances made from it.", ja="復元してはいけません。そこから作られたインスタンスを探します。"),
    ),
    Family(
        name="malware", title=Text(en="Malware on a disk", ja="ディスク上のマルウェア"),
        types=("Execution:EC2/MaliciousFile", "Execution:Container/MaliciousFile", "Execution:ECS/MaliciousFile", "Execution:Kubernetes/MaliciousFile"),
        mode="order", order="evidence first", actions=("aws.ebs.snapshot_set", "aws.ebs.hash", "aws.ec2.isolate_ssm", "aws.ecs.contain", "aws.eks.isolate_pod"),
        note=Text(en="The scan names volume and path: keep them.", ja="検査結果がボリュームとパスを示しています。保全します。"),
    ),
    Family(
        name="runtime", title=Text(en="Attack seen inside the host", ja="ホスト内部で検知された攻撃"),
        types=("Backdoor:Runtime/", "DefenseEvasion:Runtime/", "Discovery:Runtime/", "Execution:Runtime/", "Impact:Runtime/", "Persistence:Runtime/", "PrivilegeEscalation:Runtime/", "UnauthorizedAccess:Runtime/"),
        mode="order", order="contain first", actions=("aws.ssm.capture_memory", "aws.ec2.isolate_ssm", "aws.ebs.snapshot_set", "aws.ecs.contain", "aws.eks.isolate_pod", "aws.eks.cordon_node"),
        note=Text(en="An escape from a container makes the whole node the victim.", ja="コンテナからの脱出では、ノード全体が被害対象になります。"),
    ),
    Family(
        name="stolen-role", title=Text(en="An instance's credentials are used elsewhere", ja="インスタンスの認証情報の外部利用"),
        types=("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration", "UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration"),
        mode="order", order="contain first",
        actions=(*_ROLE_OF_INSTANCE, "aws.ec2.imds", "aws.ssm.capture_memory", "aws.ebs.snapshot_set", "aws.ec2.isolate_ssm", "aws.logs.preserve"),
        note=Text(
            en="Revoke the sessions of this one instance, not of everybody who shares the role.",
            ja="ロールを共有する全員ではなく、この 1 台のセッションだけを失効させます。",
        ),
    ),
    Family(
        name="root", title=Text(en="Root was used", ja="ルートユーザーの使用"),
        types=("Policy:IAMUser/RootCredentialUsage", "Policy:IAMUser/ShortTermRootCredentialUsage"),
        mode="two-person", order="none", actions=("aws.logs.preserve", "aws.iam.secure_root", "aws.org.quarantine_account"),
        note=Text(en="Call the owner of the account first.", ja="まずアカウントの所有者に電話で確認します。"),
    ),
    Family(
        name="tampering", title=Text(en="Logging was switched off", ja="ログの停止・改ざん"),
        types=("Stealth:IAMUser/", "DefenseEvasion:IAMUser/BedrockLoggingDisabled", "Stealth:S3/ServerAccessLoggingDisabled"),
        mode="order", order="contain first", actions=("aws.cloudtrail.restore", "aws.iam.disable_key", "aws.iam.revoke_role_sessions", "aws.logs.preserve"),
        note=Text(en="Switch the recording back on, then stop who switched it off.", ja="記録を再開し、停止させた主体を止めます。"),
    ),
    Family(
        name="console", title=Text(en="Signed in to the console from odd places", ja="不審な場所からのコンソールログイン"),
        types=("UnauthorizedAccess:IAMUser/ConsoleLoginSuccess",), mode="approval", order="contain first",
        actions=("aws.iam.deny_user", "aws.iam.console_off", "aws.iam.remove_mfa", "aws.logs.preserve"),
        note=Text(en="Call the user; a device the attacker enrolled must go.", ja="本人に電話で確認し、攻撃者が登録した MFA デバイスは外します。"),
    ),
    Family(
        name="identity", title=Text(en="Credentials used by somebody else", ja="認証情報の不正使用"),
        types=("CredentialAccess:IAMUser/", "DefenseEvasion:IAMUser/", "Discovery:IAMUser/", "Exfiltration:IAMUser/", "Impact:IAMUser/", "InitialAccess:IAMUser/", "PenTest:IAMUser/", "Persistence:IAMUser/", "Policy:IAMUser/", "PrivilegeEscalation:IAMUser/", "Recon:IAMUser/", "ResourceConsumption:IAMUser/", "UnauthorizedAccess:IAMUser/"),
        mode="approval", order="contain first",
        actions=("aws.iam.disable_key", "aws.iam.deny_user", "aws.iam.revoke_role_sessions", "aws.iam.sweep", "aws.logs.preserve"),
        note=Text(
            en="Sessions made earlier survive a disabled key: deny the user as well, and look for what was left behind.",
            ja="無効化前のセッションはキーを無効にしても残ります。ユーザーも拒否し、残された足場を探します。",
        ),
    ),
    Family(
        name="open-bucket", title=Text(en="A bucket was opened", ja="バケットの公開"),
        types=("Policy:S3/",), mode="order", order="contain first", actions=("aws.s3.block_bucket", "aws.logs.preserve"),
        note=Text(en="Unless the register says that it is public on purpose.", ja="意図的な公開として登録されている場合を除きます。"),
    ),
    Family(
        name="bucket-object", title=Text(en="A malicious object", ja="悪意のあるオブジェクト"),
        types=("Object:S3/MaliciousFile",), mode="approval", order="none", actions=("aws.s3.preserve",),
        note=Text(en="Hold it, and see who has read it.", ja="保全し、誰が読み取ったかを確認します。"),
    ),
    Family(
        name="bucket", title=Text(en="Objects stolen or destroyed", ja="オブジェクトの窃取・破壊"),
        types=("Exfiltration:S3/", "Impact:S3/", "UnauthorizedAccess:S3/", "Discovery:S3/", "PenTest:S3/"), mode="approval", order="contain first",
        actions=("aws.iam.disable_key", "aws.iam.revoke_role_sessions", "aws.s3.preserve", "aws.s3.lock_policy", "aws.logs.preserve"),
        note=Text(en="Stop the principal first, then keep what is left.", ja="先に主体を止め、残っているものを保全します。"),
    ),
    Family(
        name="function", title=Text(en="A function misbehaves", ja="Lambda 関数の不審な動作"),
        types=("Backdoor:Lambda/", "CryptoCurrency:Lambda/", "Trojan:Lambda/", "UnauthorizedAccess:Lambda/"), mode="approval", order="evidence first",
        actions=("aws.lambda.freeze", "aws.iam.revoke_role_sessions", "aws.logs.preserve"),
        note=Text(
            en="Download the code by hand before it is replaced: there is no action for it yet.",
            ja="コードが差し替えられる前に、手動でダウンロードして保全します(対応するアクションはまだありません)。",
        ),
    ),
    Family(
        name="kubernetes", title=Text(en="Kubernetes control plane", ja="Kubernetes の制御プレーン"),
        types=("CredentialAccess:Kubernetes/", "DefenseEvasion:Kubernetes/", "Discovery:Kubernetes/", "Execution:Kubernetes/", "Impact:Kubernetes/", "Persistence:Kubernetes/", "Policy:Kubernetes/", "PrivilegeEscalation:Kubernetes/"),
        mode="approval", order="contain first", actions=("aws.eks.contain", "aws.eks.isolate_pod", "aws.eks.remove_binding", "aws.iam.revoke_role_sessions", "aws.eks.restrict_endpoint", "aws.logs.preserve"),
        note=Text(en="Save a binding before it is removed.", ja="バインディングは削除前に保存します。"),
    ),
    Family(
        name="database", title=Text(en="Odd sign-ins to a database", ja="データベースへの不審なログイン"),
        types=("CredentialAccess:RDS/", "Discovery:RDS/"), mode="approval", order="contain first",
        actions=("aws.ec2.block_peer", "aws.rds.contain", "aws.secretsmanager.rotate"),
        note=Text(en="Block the source, then change what it knows.", ja="送信元を遮断し、知られた秘密を変更します。"),
    ),
    Family(
        name="sequence", title=Text(en="A whole attack", ja="一連の攻撃"), types=("AttackSequence:",), mode="approval", order="contain first",
        actions=("aws.iam.disable_key", *_ROLE_OF_INSTANCE, "aws.iam.revoke_role_sessions", "aws.ec2.isolate_ssm", "aws.ebs.snapshot_set", "aws.s3.preserve", "aws.logs.preserve"),
        note=Text(
            en="Several signals make one attack: act on each member; what they share, a role or an image, is the pivot.",
            ja="複数の兆候が 1 つの攻撃を成します。対象それぞれに対処し、共有するロールやイメージを起点として止めます。",
        ),
    ),
)  # fmt: skip
"""The longest beginning wins, a family with a role before one without; what is in no family is left for triage."""

_UNKNOWN: Final = Text(
    en="This type is in no family that we know: look at it, and decide by hand.",
    ja="既知の系統にない種類です。内容を確認し、人が判断します。",
)
_SAMPLE: Final = Text(
    en="A sample finding: it comes through the same door as a real one and says nothing.",
    ja="サンプルの検出結果です。実際の検出と同じ経路で届きますが、何も意味しません。",
)
_ARCHIVED: Final = Text(
    en="The finding is archived: somebody has judged it.", ja="アーカイブ済みの検出結果です。すでに判断されています。"
)


def family_of(kind: str, resource_role: str) -> Family | None:
    """The family of a finding type; None for one that is unknown, or known only in another role."""
    fits = [
        (len(start), bool(family.role), family)
        for family in FAMILIES
        for start in family.types
        if kind.startswith(start) and family.role in ("", resource_role)
    ]
    return max(fits, key=lambda fit: fit[:2])[2] if fits else None


def advise(sign: Sign) -> Advice:
    """What to do about it. A sample, an archived finding and an unknown type are for triage, and nothing else."""
    family = family_of(sign.kind, sign.resource_role)
    if sign.sample or sign.archived:
        return Advice(family=family, mode="triage", why=_SAMPLE if sign.sample else _ARCHIVED, actions=())
    if family is None:
        return Advice(family=None, mode="triage", why=_UNKNOWN, actions=())
    actions = tuple(dict.fromkeys((*_look(sign), *family.actions)))
    return Advice(family=family, mode=family.mode, why=family.note, actions=actions)


def _look(sign: Sign) -> tuple[str, ...]:
    """What an instance says of itself is kept before anything is done to it."""
    return _FIRST_LOOK if sign.names.get("instance") else ()


def _first(kind: str) -> Callable[[Sign], Any]:
    return lambda sign: next(iter(sign.names.get(kind, ())), None)


def _peer(sign: Sign) -> Any:
    """The other side's address, which an alert names first; the others may be our own."""
    return list(sign.names.get("address", ())[:1]) or None


def _about(sign: Sign) -> Any:
    """Whose calls are looked for: a key's, else a user's or session's, else an instance's."""
    return next((sign.names[kind][0] for kind in ("key", "principal", "instance") if sign.names.get(kind)), None)


def _all(kind: str) -> Callable[[Sign], Any]:
    return lambda sign: list(sign.names.get(kind, ())) or None


def _long_term_key(sign: Sign) -> Any:
    """Only a key that can be switched off; those of a session begin with ASIA."""
    return next((key for key in sign.names.get("key", ()) if key.startswith("AKIA")), None)


def _user(sign: Sign) -> Any:
    return _first("principal")(sign) if _long_term_key(sign) else None


def _role(sign: Sign) -> Any:
    """The name beside a session's key is the role's."""
    sessions = any(key.startswith("ASIA") for key in sign.names.get("key", ()))
    return _first("principal")(sign) if sessions else None


def _named(start: str) -> Callable[[Sign], Any]:
    """What follows `start` in the first ARN that begins so, up to the next part."""
    return lambda sign: next(
        (name[len(start) :].split("/")[0] for name in sign.names.get("resource", ()) if name.startswith(start)), None
    )


GIVES: Final[Mapping[str, Callable[[Sign], Any]]] = {
    "about": _about,
    "access_key_id": _long_term_key,
    "account_id": _first("account"),
    "addresses": _peer,
    "bucket": _named("arn:aws:s3:::"),
    "domains": _all("domain"),
    "evidence_of": _first("instance"),
    "instance_id": _first("instance"),
    "peers": _peer,
    "role": _role,
    "user": _user,
}
"""What of a finding an input takes; only where it can be nothing else."""


def bound(inputs: tuple[str, ...], sign: Sign) -> dict[str, Any]:
    """Those of an action's inputs that the finding knows."""
    given = {name: GIVES[name](sign) for name in inputs if name in GIVES}
    return {name: value for name, value in given.items() if value is not None}
