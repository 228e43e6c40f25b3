"""Papers that are drafted without a clock of their own: Japan's three common forms, and the notice to customers.

The common forms unify the form, not the duty, the recipient or the deadline (関係省庁申合せ; in use for DDoS and ransomware since
2025-10-01, for other attacks since 2026-10-01). Field names here are the kinds of field, to be carried into the current spreadsheets:
https://www.cyber.go.jp/policy/group/cyber/policy.html (medium confidence).
"""

from __future__ import annotations

from typing import Final

import msgspec

from hikeshi.text import Text


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """`content` is one of duty.CONTENTS. `for_outsiders`: the text is read by people outside, and words that help attackers are named."""

    title: Text
    recipient: Text
    content: str
    for_outsiders: bool = False


_TO: Final = Text(
    "as chosen: competent ministry, police, NCO, FSA, PPC, and others that take the form",
    "提出先を選択(所管省庁、警察、国家サイバー統括室、金融庁、個人情報保護委員会など、様式を受け付ける機関)",
)

FORMS: Final[dict[str, Form]] = {
    "customer-notice": Form(
        title=Text("Notice to customers", "お客様へのお知らせ"),
        recipient=Text("customers and others affected", "影響を受けるお客様・関係者"),
        content="C-COMMON",
        for_outsiders=True,
    ),
    "jp-form-ddos": Form(
        title=Text("Common form: DDoS", "共通様式: DDoS 攻撃事案"), recipient=_TO, content="C-JP-DDOS"
    ),
    "jp-form-other": Form(
        title=Text("Common form: other cyber attacks", "共通様式: その他のサイバー攻撃事案"),
        recipient=_TO,
        content="C-JP-OTHER",
    ),
    "jp-form-ransomware": Form(
        title=Text("Common form: ransomware", "共通様式: ランサムウェア事案"), recipient=_TO, content="C-JP-RANSOM"
    ),
}
"""By name, alphabetical; a name is used wherever a draft asks for a rule."""
