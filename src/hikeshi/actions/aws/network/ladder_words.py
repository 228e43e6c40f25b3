"""What the ladder says: why a rung is chosen, and what gets through."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from hikeshi.actions.aws.network.paths import HOPS, Path
from hikeshi.text import Text

ATTACKED: Final = Text(
    en="The instance is the target, not the actor: isolating it would hand an outsider an off switch. Look whether the attack succeeded.",
    ja="このインスタンスは攻撃されている側です。隔離すると、外部の者が停止させられることになります。攻撃が成功したかどうかを確認してください。",
)
OTHER_SOURCES: Final = Text(
    en="The same attack from other addresses, and everything else: nothing is isolated.",
    ja="ほかのアドレスからの同じ攻撃と、その他すべての通信。隔離は行いません。",
)
NO_SOURCE: Final = Text(
    en="The finding names no address that could be blocked.", ja="検出結果に、遮断できるアドレスが含まれていません。"
)
DNS: Final = Text(
    en="The channel is DNS, and no group filters the Amazon resolver: block the names before anything else. Everything below a name "
    "is blocked with it; where the finding names a random subdomain, block what it stands under.",
    ja="DNS が通信路になっており、セキュリティグループでは Amazon のリゾルバーを遮断できません。最初にドメイン名を遮断します。サブドメインもまとめて遮断されるため、検出結果の名前がランダムなサブドメインなら、その親ドメインを指定してください。",
)
ISOLATE: Final = Text(
    en="Stops everything new, in both directions and both address families; costs nobody else anything.",
    ja="双方向、IPv4 と IPv6 の新しい通信をすべて止めます。ほかのシステムへの影響はありません。",
)
ISOLATE_SSM: Final = Text(
    en="Stops everything new but the way to Systems Manager, so that memory can still be taken; costs nobody else anything.",
    ja="Systems Manager への経路以外の新しい通信をすべて止めます。メモリはその後でも取得でき、ほかのシステムへの影響はありません。",
)
UNTRACK: Final = Text(
    en="The peers are not known, so what is open can only be ended by losing its tracking: open to all for seconds, then isolated.",
    ja="通信相手が分からないため、確立済みの通信は追跡を外して切るしかありません。数秒だけ全開放し、その後隔離します。",
)
SHRINK: Final = Text(
    en="What EC2 goes on tracking ends a minute after it falls silent, instead of after up to 5 days; costs nobody anything.",
    ja="EC2 が追跡し続ける通信を、最長 5 日ではなく無通信 1 分で終わらせます。ほかのシステムへの影響はありません。",
)
HOST: Final = Text(
    en="Open connections go through hops that are always tracked, to peers nobody knows: only the host itself can end them. Memory first.",
    ja="確立済みの通信は常に追跡される経路を通り、相手も不明です。切れるのはホスト自身だけです。先にメモリを取得してください。",
)
DEREGISTER: Final = Text(
    en="Ends what comes through the load balancer, after its draining time (300 s by default).",
    ja="ロードバランサー経由の通信を、登録解除の待機時間（既定 300 秒）の後に終わらせます。",
)
DETACH: Final = Text(
    en="Ends at once what goes through the secondary interfaces; the system may not set them up again by itself.",
    ja="セカンダリインターフェースを通る通信を直ちに切ります。OS が自動では復元しないことがあります。",
)
SUBNET: Final = Text(
    en="Ends at once everything that crosses the border of the subnet. Every neighbour in the subnet is cut off, too.",
    ja="サブネットの境界を越える通信を直ちに切ります。同じサブネットのすべてのシステムも切り離されます。",
)
ROUTE: Final = Text(
    en="Takes the way out from every subnet of this table, open connections included.",
    ja="このルートテーブルのすべてのサブネットから外部への経路を失わせ、確立済みの通信も切ります。",
)
STOP: Final = Text(
    en="Ends everything. Memory and instance store are gone for good.",
    ja="すべてを終わらせます。メモリとインスタンスストアは完全に失われます。",
)
REGION: Final = Text(
    en="Cuts every VPC of the account off the internet in this region: an outage for everybody.",
    ja="このリージョンの全 VPC をインターネットから切り離します。全員に影響する停止になります。",
)
NO_ENDPOINTS: Final = Text(
    en="Not isolate_ssm: a VPC of the instance lacks the endpoints of Systems Manager. Memory has to be taken before the isolation.",
    ja="isolate_ssm は選べません。VPC に Systems Manager のエンドポイントがありません。メモリは隔離の前に取得する必要があります。",
)
PEERS_SUFFICE: Final = Text(
    en="Not untrack, not remove_public: the peers are known, and blocking them is cheaper.",
    ja="untrack と remove_public は選びません。通信相手が分かっているため、遮断するほうが影響が小さく済みます。",
)
CANNOT_UNTRACK: Final = Text(
    en="Not untrack: the ways out are always tracked or not known, or the internet would reach the host by IPv6 while it is open.",
    ja="untrack は選べません。経路が常に追跡されるか不明であるか、開放中に IPv6 でインターネットから到達できてしまいます。",
)
NO_AGENT: Final = Text(
    en="Not the host firewall: the SSM agent is not online.",
    ja="ホストのファイアウォールは選べません。SSM エージェントがオンラインではありません。",
)
ENDPOINTS: Final = Text(
    en="Through the endpoints left open, whoever has the instance's role can reach AWS, unless the endpoint policies say otherwise.",
    ja="残したエンドポイントを通じて、インスタンスのロールを持つ者は AWS に届きます。制限できるのはエンドポイントポリシーだけです。",
)
SAME_SUBNET: Final = Text(
    en="Open connections inside the same subnet: no network ACL and no route sees them.",
    ja="同じサブネット内の確立済みの通信: ネットワーク ACL もルートも通らないため遮断できません。",
)
METADATA: Final = Text(
    en="Instance metadata and the time service, and credentials that were taken already: revoke the sessions of the instance.",
    ja="インスタンスメタデータ、時刻サービス、すでに盗まれた認証情報。インスタンスのセッションを失効させてください。",
)
ROOTKIT: Final = Text(
    en="What has control of the kernel of the host may get around its firewall.",
    ja="ホストのカーネルを支配している攻撃者は、ホストのファイアウォールを回避できます。",
)


def public(found: Sequence[str]) -> Text:
    return Text(
        en=f"Takes {', '.join(found)} away: ends what comes and goes by it, and nobody outside reaches the host while it is opened.",
        ja=f"{', '.join(found)} を外します。このアドレスを使う通信を切り、開放中に外部から到達されないようにします。",
    )


def block(peers: Sequence[str]) -> Text:
    return Text(
        en=f"Ends what is open to {', '.join(peers)} at once, on every way, tracked or not; neighbours lose only these peers.",
        ja=f"{', '.join(peers)} との確立済みの通信を、経路や追跡の有無にかかわらず直ちに止めます。近隣が失うのはこの相手だけです。",
    )


def not_a_peer(remote: str) -> Text:
    return Text(
        en=f"{remote} is not blocked: inside the network, reserved, not an address, or one too many.",
        ja=f"{remote} は遮断しません。内部または予約済みのアドレス、アドレスではない値、または上限超過です。",
    )


def missing(action: str) -> Text:
    return Text(
        en=f"{action} would be next and does not exist here: do it by hand, or accept what is left.",
        ja=f"次に必要な {action} はこの環境にありません。手作業で行うか、残る通信を受け入れてください。",
    )


def way(path: Path) -> Text:
    """One interface and its ways out."""
    en, ja = [], []
    if path.public:
        en.append(f"public address {path.public}")
        ja.append(f"パブリックアドレス {path.public}")
    if path.direct_ipv6:
        en.append("internet by IPv6")
        ja.append("IPv6 でインターネット")
    for hop in path.hops:
        en.append(f"{HOPS[hop.field].en} ({hop.id})")
        ja.append(f"{HOPS[hop.field].ja}（{hop.id}）")
    if path.unread:
        en.append("routes not known")
        ja.append("ルート不明")
    return Text(
        en=f"{path.interface} in {path.subnet}: {', '.join(en) or 'no way out of the VPC'}.",
        ja=f"{path.interface}（{path.subnet}）: {'、'.join(ja) or 'VPC の外への経路なし'}。",
    )


def tracked(path: Path, peers: Sequence[str]) -> Text:
    hops_en = ", ".join(f"{HOPS[hop.field].en} ({hop.id})" for hop in path.hops)
    hops_ja = "、".join(f"{HOPS[hop.field].ja}（{hop.id}）" for hop in path.hops)
    but_en = f" to anyone but {', '.join(peers)}" if peers else ""
    but_ja = f"（{', '.join(peers)} 以外が相手のもの）" if peers else ""
    return Text(
        en=f"Open connections of {path.interface} through {hops_en}{but_en}, until they fall silent: always tracked.",
        ja=f"{path.interface} から{hops_ja}を通る確立済みの通信{but_ja}: 常に追跡され、無通信になるまで続きます。",
    )


def direct(path: Path, peers: Sequence[str]) -> Text:
    but_en = f" to anyone but {', '.join(peers)}" if peers else ""
    but_ja = f"（{', '.join(peers)} 以外が相手のもの）" if peers else ""
    return Text(
        en=f"Open connections of {path.interface}{but_en} that EC2 tracks, until they fall silent.",
        ja=f"EC2 が追跡している {path.interface} の確立済みの通信{but_ja}: 無通信になるまで続きます。",
    )


def unproven(path: Path) -> Text:
    return Text(
        en=f"Open connections of {path.interface} should have ended; sources differ whether they do. Prove it by flow logs.",
        ja=f"{path.interface} の確立済みの通信は切れるはずですが、資料によって見解が異なります。フローログで確認してください。",
    )


def unread(path: Path) -> Text:
    return Text(
        en=f"Unknown: the routes of {path.subnet} could not be read ({path.unread})",
        ja=f"不明: {path.subnet} のルートを読み取れませんでした（{path.unread}）",
    )


def balancers(groups: Sequence[str]) -> Text:
    return Text(
        en=f"Open connections of clients through network load balancers ({', '.join(groups)}): always tracked.",
        ja=f"Network Load Balancer（{', '.join(groups)}）経由のクライアントとの確立済みの通信: 常に追跡されます。",
    )


def dns(*, blocked: Collection[str], channel: bool) -> Text:
    if blocked:
        return Text(
            en=f"DNS through the Amazon resolver for every name but {', '.join(blocked)}.",
            ja=f"Amazon の DNS リゾルバーを使う名前解決（{', '.join(blocked)} 以外）。",
        )
    if channel:
        return Text(
            en="THE CHANNEL ITSELF: DNS through the Amazon resolver, which no group and no network ACL filters. Block the names by DNS Firewall.",
            ja="通信路そのもの: Amazon の DNS リゾルバーを使う通信。グループでもネットワーク ACL でも遮断できません。DNS Firewall でドメイン名を遮断してください。",
        )
    return Text(
        en="DNS through the Amazon resolver, tunnels in it included: no group filters it.",
        ja="Amazon の DNS リゾルバーを使う通信（DNS トンネルを含む）: セキュリティグループでは遮断できません。",
    )
