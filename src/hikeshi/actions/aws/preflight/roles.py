"""Whether each role can be assumed now. Asked by assuming it for fifteen minutes and letting the session go. STS API Reference, AssumeRole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hikeshi.actions.aws.policy import Role, role_of
from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, unknown, yes
from hikeshi.aws.failures import DENIED, CallFailed
from hikeshi.text import Text

SESSION = "hikeshi-preflight"
SHORTEST = 900

_TRUST = Text(
    en="Let the role trust the credentials of Hikeshi with the external id of this account, and let those assume it.",
    ja="ロールの信頼ポリシーで Hikeshi の認証情報と外部 ID を許可し、Hikeshi 側にも sts:AssumeRole を許可してください。",
)
_NAME = Text(
    en="Deploy deploy/cloudformation/roles.yaml (or the Terraform module) and name its roles for this account.",
    ja="deploy/cloudformation/roles.yaml(または Terraform)を展開し、作成されたロールをこのアカウントに設定してください。",
)


def _asking(role: Role) -> Callable[[Ground], Iterator[Answer]]:
    def ask(ground: Ground) -> Iterator[Answer]:
        arn = ground.place.roles.get(role)
        yield _assumed(ground, arn) if arn else _own(ground)

    return ask


def _assumed(ground: Ground, arn: str) -> Answer:
    outside = {"ExternalId": ground.place.external_id} if ground.place.external_id else {}
    try:
        ground.own().read(
            "sts", "AssumeRole", RoleArn=arn, RoleSessionName=SESSION, DurationSeconds=SHORTEST, **outside
        )
    except CallFailed as failure:
        if failure.code in DENIED or failure.code in ("NoSuchEntity", "ValidationError"):
            return no(
                f"AWS refuses it ({failure.code}).", f"AWS が拒否しました ({failure.code})。", resource=arn, todo=_TRUST
            )
        return unknown(f"It was not answered: {failure}", f"応答がありません ({failure.code})。", resource=arn)
    if not outside:
        return yes("Assumed, without an external id.", "引き受けられました(外部 ID なし)。", resource=arn)
    return yes("Assumed.", "引き受けられました。", resource=arn)


def _own(ground: Ground) -> Answer:
    """No role is named: then the credentials Hikeshi runs with must be of that very account."""
    told = ground.own().read("sts", "GetCallerIdentity")
    if told["Account"] != ground.place.account:
        en = f"No role is named, and our own credentials are of {told['Account']}."
        return no(en, f"ロールの指定がなく、認証情報は {told['Account']} のものです。", todo=_NAME)
    return yes(
        "No role is named: our own credentials are used.", "ロールの指定がないため、Hikeshi 自身の認証情報を使います。"
    )


def _question(role: Role, title: Text) -> Question:
    return Question(
        title=title,
        ask=_asking(role),
        permissions=("sts:AssumeRole", "sts:GetCallerIdentity"),
        regional=False,
        own=True,
        needed_by=lambda kind: role_of(kind) == role,
    )


READ = _question("read", Text(en="Can the role that reads be assumed?", ja="読み取りロールを引き受けられるか"))
ACQUIRE = _question("acquire", Text(en="Can the role that acquires be assumed?", ja="取得ロールを引き受けられるか"))
CONTAIN = _question("contain", Text(en="Can the role that contains be assumed?", ja="封じ込めロールを引き受けられるか"))
ERADICATE = _question(
    "eradicate", Text(en="Can the role that eradicates be assumed?", ja="根絶ロールを引き受けられるか")
)
