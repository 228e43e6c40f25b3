"""Put a whole account into quarantine by a service control policy: it denies everything to everybody in it but to four roles of ours."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.aws.identity.service_policy import ServicePolicy
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

Prefix = Annotated[str, msgspec.Meta(pattern=r"^[\w+=,.@-]{1,50}$")]

_ALL = Text(
    en="Everything in the account that calls AWS stops: production, deployments, people.",
    ja="アカウント内で AWS を呼び出すものはすべて止まります（本番環境、デプロイ、利用者を含む）。",
)
_LEFT = (
    Text(
        en="Service-linked roles are not bound by it, and neither is what runs already without calling AWS: traffic of instances goes on.",
        ja="サービスにリンクされたロールには効きません。AWS を呼び出さずに動いているもの（インスタンスの通信など）も続きます。",
    ),
    Text(
        en="Principals of other accounts keep what resource policies in this account grant them (buckets, keys, queues).",
        ja="リソースポリシー（バケット、キー、キューなど）で許可されたほかのアカウントのプリンシパルには効きません。",
    ),
    Text(
        en="The four spared roles: look whether their trust policies were changed before; whoever can assume them is not bound.",
        ja="除外した 4 つのロールの信頼ポリシーが変更されていないか確認してください。引き受けられる者には効きません。",
    ),
)


class QuarantineAccount(ServicePolicy, frozen=True, kw_only=True):
    """Attach the quarantine policy to one account. Done with the organization's management account, or one it has delegated to."""

    name: ClassVar = "aws.org.quarantine_account"
    radius: ClassVar = "account"
    title: ClassVar = Text(en="Quarantine an account", ja="アカウント全体を隔離する")
    what: ClassVar = Text(
        en="Attaches an organization policy that denies everything in the account but to Hikeshi's own roles. Everything stops.",
        ja="Hikeshi のロールを除き、アカウント内のすべての操作を拒否する組織ポリシーを付けます。すべてが止まります。",
    )
    by_hand: ClassVar = Text(
        en="AWS Organizations console, the account, Policies: detach hikeshi-quarantine-... .",
        ja="AWS Organizations コンソールのアカウントの［ポリシー］で hikeshi-quarantine-... を外します。",
    )
    label: ClassVar = "hikeshi-quarantine-"
    attach: ClassVar = Text(
        en="Nobody in the account can act any more but our own roles.",
        ja="こちらのロール以外、アカウント内の誰も操作できなくなります。",
    )
    detach: ClassVar = Text(en="The account works as before.", ja="アカウントが元どおり使えるようになります。")

    spared: Prefix = "hikeshi"
    """The roles SPARED-read, SPARED-acquire, SPARED-contain and SPARED-eradicate of the account are not bound."""

    @property
    def statement(self) -> dict[str, Any]:
        roles = [f"arn:*:iam::*:role/{self.spared}-{what}" for what in ("acquire", "contain", "eradicate", "read")]
        return {
            "Sid": "HikeshiQuarantine",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": roles}},
        }

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_ALL,), will_not_stop=_LEFT)
