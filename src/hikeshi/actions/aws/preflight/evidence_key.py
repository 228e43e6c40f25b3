"""Whether the KMS key of evidence is enabled, and the role that acquires may use it.

KMS API Reference, DescribeKey. Whether the key's own policy lets the role in cannot be simulated for every case, so a role that its own
policies allow is said to be allowed by those. Without a key the bucket's own encryption holds and there is nothing to ask.
"""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.actions.aws.preflight.permissions import Wish, principal_of, simulated
from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, using, yes
from hikeshi.text import Text

USED = ("kms:Decrypt", "kms:GenerateDataKey")

_KEY = Text(
    en="Enable the key or cancel its deletion, or name another one for this account.",
    ja="キーを有効化するか削除予定を取り消す、または別のキーをこのアカウントに設定してください。",
)
_GRANT = Text(
    en="Give the acquire role kms:Decrypt and kms:GenerateDataKey on the key, in its own policy and in the key's.",
    ja="取得ロールに、ロールとキーの両方のポリシーで kms:Decrypt と kms:GenerateDataKey を許可してください。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    key = ground.place.evidence_key
    if not key:
        return
    told = ground.world().read("kms", "DescribeKey", KeyId=key)["KeyMetadata"]
    state = str(told.get("KeyState", ""))
    if state != "Enabled":
        yield no(f"The key is {state}.", f"キーの状態は {state} です。", resource=key, todo=_KEY)
        return
    principal = principal_of(ground, "acquire")
    given = simulated(ground.world(), principal, [Wish(name, (told["Arn"],)) for name in USED]) if principal else {}
    refused = [name for name in USED if given.get(name, "allowed") != "allowed"]
    if refused:
        yield no(
            f"Its own policies do not give the acquire role {', '.join(refused)}.",
            f"取得ロールのポリシーが {', '.join(refused)} を許可していません。",
            resource=key,
            todo=_GRANT,
        )
        return
    yield yes("Enabled; the key's own policy was not judged.", "有効です(キーポリシー自体は未評価)。", resource=key)


QUESTION = Question(
    title=Text(en="Can the evidence key be used?", ja="証拠用の KMS キーは使えるか"),
    ask=_ask,
    permissions=("iam:SimulatePrincipalPolicy", "kms:DescribeKey"),
    needed_by=using("s3:PutObject"),
)
