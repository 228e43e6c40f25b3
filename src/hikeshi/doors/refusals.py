"""What was refused, in Japanese: the English of the errors that people meet most, each with `{}` where something is filled in.

Errors speak English (`hikeshi.errors`), so that logs and tests are of one language; the doors say them in the reader's. What is not here is
shown in English and marked as such. `tests/family/test_refusals.py` holds every line against what the code really says.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

LONGEST: Final = 600
"""Characters of a message that is looked up."""

SAID: Final[dict[str, str]] = {
    "A contact has no {}.": "連絡先に {} という項目はありません。",
    "A question needs somebody to answer it, and its words.": "質問には宛先と内容が必要です。",
    "A rotation has up to {} parts.": "当番表の区分は {} 個までです。",
    "A rotation needs a time zone.": "当番表にはタイムゾーンが必要です。",
    "A rotation needs members.": "当番表にはメンバーが必要です。",
    "A snooze needs a reason.": "保留には理由が必要です。",
    "A suppression ends within 90 days.": "抑止の期限は 90 日以内です。",
    "A suppression needs a reason.": "抑止には理由が必要です。",
    "A suppression needs an owner.": "抑止には責任者が必要です。",
    "A verdict needs a reason.": "判定には理由が必要です。",
    "An administrator can invite more: `hikeshi user invite`.": "管理者は `hikeshi user invite` で追加の招待ができます。",
    "An exercise is not merged with what is real.": "訓練と実際のアラートは統合できません。",
    "An incident needs a title and a reason.": "インシデントには件名と理由が必要です。",
    "Ask the Incident Commander for a role on the incident, or an administrator.": "インシデントコマンダーに役割を依頼するか、管理者に相談してください。",
    "Bringing a group back needs a reason.": "抑止を解くには理由が必要です。",
    "Check the name, and who you are.": "名前と、使っているアカウントを確認してください。",
    "Choose one from the list.": "一覧から選んでください。",
    "Choose one that is open, or declare a new one.": "対応中のものを選ぶか、新しく宣言してください。",
    "Covering needs a reason.": "代役には理由が必要です。",
    "Ending a rotation needs a reason.": "当番表の終了には理由が必要です。",
    "Ending a suppression needs a reason.": "抑止の終了には理由が必要です。",
    "It is {}.": "現在の状態: {}",
    "It was taken back already.": "既に取り消されています。",
    "It would have hidden {} groups suggested as SEV-1.": "SEV-1 と提案されたグループ {} 件が隠れることになります。",
    "Judge the simulated group by itself.": "訓練のグループは個別に判定してください。",
    "Leave out those nobody would try.": "使わない手段は除いてください。",
    "Merging needs a reason.": "統合には理由が必要です。",
    "Name 1 to {}.": "1 ~ {} 件を指定してください。",
    "Name a day; it can be made again.": "日付を指定してください。後で作り直せます。",
    "Name a person who looks at it again before it ends.": "期限前に見直す人を指定してください。",
    "Name an earlier moment to come.": "もっと早い時刻を指定してください。",
    "Name the kind of alert, or what it is about.": "アラートの種類か対象を指定してください。",
    "Name two or more.": "2 件以上を指定してください。",
    "Name up to {} ways, each once.": "連絡手段は {} 個まで、それぞれ 1 回だけ指定してください。",
    "No incident was chosen.": "インシデントが選ばれていません。",
    "One group cannot be merged.": "1 つのグループだけでは統合できません。",
    "One sentence each is enough.": "それぞれ 1 文で十分です。",
    "One sentence is enough.": "1 文で十分です。",
    "Only what was sent or failed can be sent again.": "再送できるのは、送信済みか不達の通知だけです。",
    "Put the details into an incident.": "詳細はインシデントに記入してください。",
    "Reopening a verdict needs a reason.": "判定の取り消しには理由が必要です。",
    "Say in one sentence what is known now.": "現時点で分かっていることを 1 文で書いてください。",
    "Say in one sentence what you looked at.": "何を確認したかを 1 文で書いてください。",
    "Say in one sentence what you wait for.": "何を待つのかを 1 文で書いてください。",
    "Say in one sentence why these alerts are harmless.": "なぜ無害なのかを 1 文で書いてください。",
    "Say in one sentence why they have one cause.": "なぜ原因が同じなのかを 1 文で書いてください。",
    "Say in one sentence why, such as: leave.": "理由を 1 文で書いてください(例: 休暇)。",
    "Say in one sentence why.": "理由を 1 文で書いてください。",
    "Say yes a second time (hide SEV-1 too), or narrow it.": "もう一度承認する(SEV-1 も隠す)か、条件を絞ってください。",
    "Take that back first: {}": "先に次を取り消してください: {}",
    "Taking a group out again needs a reason.": "統合の解除には理由が必要です。",
    "Taking somebody off the list needs a reason.": "連絡網から外すには理由が必要です。",
    "The address for {} is empty or too long.": "{} の宛先が空か、長すぎます。",
    "The answer is empty.": "回答が空です。",
    "The length of a turn is none.": "交代の間隔が正しくありません。",
    "The mail address is none.": "メールアドレスとして読めません。",
    "The number for {} is none.": "{} の番号として読めません。",
    "The reason is longer than {} characters.": "理由が {} 文字を超えています。",
    "The time is empty or too long.": "期間が空か、長すぎます。",
    "The time of detection is in the future.": "検知時刻が未来になっています。",
    "There is no role to give.": "任命する役割がありません。",
    "There is no such role.": "その役割はありません。",
    "There is no time zone {}.": "タイムゾーン {} はありません。",
    "There is nobody of this name.": "その名前の人はいません。",
    "This would hide too much.": "隠れる範囲が広すぎます。",
    "Up to 500 characters.": "500 文字までです。",
    "Use one of: {}.": "次のいずれかを指定してください: {}",
    "Use: {}.": "使えるもの: {}",
    "Write 09:00.": "09:00 のように書いてください。",
    "Write 2026-11-08 09:00.": "2026-11-08 09:00 のように書いてください。",
    "Write it like +81-3-5550-0101.": "+81-3-5550-0101 のように書いてください。",
    "Write it like Asia/Tokyo.": "Asia/Tokyo のように書いてください。",
    "Write it like name@example.com.": "name@example.com のように書いてください。",
    "Write what they said.": "回答の内容を書いてください。",
    "{} groups were named.": "{} 件のグループが指定されました。",
    "{} is decided on already.": "{} は既に判定されています。",
    "{} is no time of day.": "{} は時刻として読めません。",
    "{} is no time.": "{} は日時として読めません。",
    "{} is no way to reach anybody.": "{} という連絡手段はありません。",
    "{} is not a reason for the verdict {}.": "{} は判定 {} の理由として選べません。",
    "{} is not a role.": "{} という役割はありません。",
    "{} is not a severity.": "{} という重大度はありません。",
    "{} is not a verdict.": "{} という判定はありません。",
    "{} is not as you saw it.": "{} は、表示した後に変わっています。",
    "{} is not on the list.": "{} は連絡網にいません。",
    "{} may be put off by {} hours at most.": "{} を保留できるのは {} 時間までです。",
    "{} may not do this (needs the right to {}).": "{} にはこの操作の権限({})がありません。",
    "{} may not judge alerts.": "{} はアラートを判定できません。",
    "{} was ended already.": "{} は既に終了しています。",
}  # fmt: skip
"""Alphabetical."""


def japanese(text: str) -> str:
    """The message in Japanese; empty where it is not in the table."""
    if text in SAID:
        return SAID[text]
    for pattern, said in _patterns() if len(text) <= LONGEST else ():
        found = pattern.fullmatch(text)
        if found:
            return said.format(*found.groups())
    return ""


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Those with something filled in, the most words first: `It is {}.` fits much."""
    open_ones = sorted((one for one in SAID if "{}" in one), key=lambda one: -len(one))
    return [(re.compile("(.+?)".join(map(re.escape, one.split("{}"))), re.DOTALL), SAID[one]) for one in open_ones]
