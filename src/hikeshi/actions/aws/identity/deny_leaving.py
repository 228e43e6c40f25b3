"""Keep an account from leaving the organization or closing itself, by a service control policy: what binds it ends with either."""

from __future__ import annotations

from typing import Any, ClassVar

from hikeshi.actions.aws.identity.service_policy import ServicePolicy
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

_LEFT = (
    Text(
        en="Everything else that an administrator of the account can do (aws.org.quarantine_account denies that).",
        ja="アカウントの管理者によるそのほかの操作は止まりません（止めるには aws.org.quarantine_account）。",
    ),
    Text(
        en="If it has left already: the roles of Hikeshi in it still work. Contain it, then invite it again from the management account.",
        ja="すでに離脱した場合も、アカウント内の Hikeshi のロールは使えます。封じ込めてから、管理アカウントから再び招待してください。",
    ),
)


class DenyLeaving(ServicePolicy, frozen=True, kw_only=True):
    """AWS Organizations User Guide, "Example SCPs"; Account Management Reference, CloseAccount. Best done before anything happens."""

    name: ClassVar = "aws.org.deny_leaving"
    title: ClassVar = Text(en="Keep the account in the organization", ja="アカウントの組織からの離脱を禁止する")
    what: ClassVar = Text(
        en="Attaches an organization policy by which nobody in the account can make it leave the organization, or close it.",
        ja="アカウント内の誰も、組織からの離脱やアカウントの閉鎖ができなくなる組織ポリシーを付けます。",
    )
    by_hand: ClassVar = Text(
        en="AWS Organizations console, the account, Policies: detach hikeshi-stay-... .",
        ja="AWS Organizations コンソールのアカウントの［ポリシー］で hikeshi-stay-... を外します。",
    )
    label: ClassVar = "hikeshi-stay-"
    attach: ClassVar = Text(
        en="Nobody in the account can make it leave, or close it.",
        ja="アカウント内の誰も、離脱も閉鎖もできなくなります。",
    )
    detach: ClassVar = Text(en="As before.", ja="元の状態に戻します。")

    @property
    def statement(self) -> dict[str, Any]:
        actions = ["account:CloseAccount", "organizations:LeaveOrganization"]
        return {"Sid": "HikeshiStay", "Effect": "Deny", "Action": actions, "Resource": "*"}

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=_LEFT)
