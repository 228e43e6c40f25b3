"""The severity matrix: what each level means, with examples, who is called and by when; and the scales of impact. Data only, no database.

The first examples and the response times are the guide's; the scales are those of NIST SP 800-61 Rev. 2, section 3.2.6.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hikeshi.clocks.rule import Elapsed, rules
from hikeshi.text import Text


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the matrix. `usual_impact` is what such incidents mostly come to: a hint for a person, field by field."""

    severity: int
    name: Text
    meaning: Text
    examples: tuple[Text, ...]
    called: Text
    usual_impact: dict[str, str]

    def seconds(self, family: str) -> int | None:
        """The time limit of this level in a family of rules: response, update, containment or review."""
        rule = rules().get(f"{family}.sev{self.severity}")
        return rule.counting.seconds if rule is not None and isinstance(rule.counting, Elapsed) else None


def _impact(functional: str, information: str, recoverability: str) -> dict[str, str]:
    return {
        "functional_impact": functional, "information_impact": information, "recoverability": recoverability,
    }  # fmt: skip


LEVELS: Final = (
    Level(
        severity=1, name=Text("Critical", "重大"),
        meaning=Text("The service has stopped, or much data has leaked.", "サービスが停止した、または大量のデータが漏えいした。"),
        examples=(
            Text("Ransomware encrypts servers.", "ランサムウェアがサーバーを暗号化している。"),
            Text("A database with personal data has leaked.", "個人データを含むデータベースが漏えいした。"),
            Text("An attacker holds the root user or an administrator of the cloud account.", "攻撃者がクラウドアカウントのルートユーザーまたは管理者権限を握っている。"),
            Text("Backups are being deleted.", "バックアップが削除されている。"),
        ),
        called=Text(
            "At once, day and night: Incident Commander, Technical Lead, Communications Lead, responders on call; management is told.",
            "昼夜を問わず直ちに: インシデントコマンダー、技術責任者、広報・連絡責任者、当番の対応担当者。経営層へ報告。",
        ),
        usual_impact=_impact("high", "privacy", "extended"),
    ),
    Level(
        severity=2, name=Text("High", "高"),
        meaning=Text("The service is degraded, or a limited amount of data has leaked.", "サービスの品質が低下した、または限られた範囲のデータが漏えいした。"),
        examples=(
            Text("Somebody got in without authorisation.", "不正アクセスを受けた。"),
            Text("A DDoS attack slows the service down.", "DDoS 攻撃によりサービスが遅延している。"),
            Text("A leaked access key is being used.", "漏えいしたアクセスキーが使用されている。"),
            Text("A storage bucket with internal data was public.", "社内データを含むストレージバケットが公開されていた。"),
        ),
        called=Text(
            "Day and night: Incident Commander, Technical Lead and responders on call; the Communications Lead is told.",
            "昼夜を問わず: インシデントコマンダー、技術責任者、当番の対応担当者。広報・連絡責任者へ連絡。",
        ),
        usual_impact=_impact("medium", "proprietary", "supplemented"),
    ),
    Level(
        severity=3, name=Text("Medium", "中"),
        meaning=Text("A potential risk; the impact is small.", "潜在的なリスクがある。影響は小さい。"),
        examples=(
            Text("Somebody entered a password on a phishing page.", "フィッシングサイトにパスワードを入力してしまった。"),
            Text("Malware was detected on one host and stopped.", "1 台の端末でマルウェアを検知し、阻止した。"),
            Text("A laptop with an encrypted disk was lost.", "ディスクを暗号化したノート PC を紛失した。"),
        ),
        called=Text("In working hours: the responders on call.", "業務時間内: 当番の対応担当者。"),
        usual_impact=_impact("low", "none", "regular"),
    ),
    Level(
        severity=4, name=Text("Low", "低"),
        meaning=Text("Minor; somebody is gathering information.", "軽微。情報収集の段階。"),
        examples=(
            Text("A port scan from outside.", "外部からのポートスキャン。"),
            Text("A misconfiguration that nobody has used.", "悪用されていない設定ミス。"),
            Text("A phishing mail was reported and nobody clicked.", "フィッシングメールの報告があり、誰もクリックしていない。"),
        ),
        called=Text("Nobody is paged; it is in the queue.", "呼び出しなし。キューで対応。"),
        usual_impact=_impact("none", "none", "regular"),
    ),
)  # fmt: skip

RAISE_WHEN: Final = (
    Text("The attacker holds root or administrator rights.", "攻撃者がルートまたは管理者の権限を持っている。"),
    Text("Several accounts, networks or sites are reached.", "複数のアカウント・ネットワーク・拠点に及んでいる。"),
    Text("Data is leaving, or personal data may have been read.", "データが持ち出されている、または個人データを読まれたおそれがある。"),
    Text("Production or customers notice it.", "本番環境または顧客に影響が出ている。"),
    Text("The attacker settled in: new users, keys, tasks, images.", "ユーザー・キー・定期実行・イメージなどで潜伏の足場が作られた。"),
    Text("The attacker moves on from system to system.", "システムからシステムへ横展開している。"),
    Text("Credentials are public.", "認証情報が公開されている。"),
    Text("Nobody is sure: take the higher level and lower it later.", "判断に迷う場合は高い方を選び、後で下げる。"),
)  # fmt: skip

LOWER_WHEN: Final = (
    Text("Containment was verified by asking the systems, and has held.", "封じ込めをシステムに問い合わせて確認し、維持されている。"),
    Text("The scope is known, and no further system is suspected.", "影響範囲が判明し、他に疑わしいシステムがない。"),
    Text("It is known whether data was read, and it was not.", "データ閲覧の有無が判明し、閲覧されていない。"),
    Text("The service works as usual.", "サービスが通常どおり動作している。"),
    Text("A written reason says which of these hold; whoever commands decides.", "上記のどれが成り立つかを文書で示し、指揮者が決定する。"),
)  # fmt: skip

SCALES: Final[dict[str, dict[str, Text]]] = {
    "functional_impact": {
        "none": Text("Everyone gets every service.", "すべての利用者にすべてのサービスを提供できる。"),
        "low": Text("Every critical service works, less efficiently.", "重要なサービスはすべて提供できるが、効率が落ちている。"),
        "medium": Text("A critical service is lost to some users.", "一部の利用者に重要なサービスを提供できない。"),
        "high": Text("Some critical service is lost to everyone.", "いずれかの重要なサービスを誰にも提供できない。"),
    },
    "information_impact": {
        "none": Text("Nothing was read, changed, deleted or taken.", "閲覧・改変・削除・持ち出しはない。"),
        "privacy": Text("Personal data was read or taken.", "個人データが閲覧または持ち出された。"),
        "proprietary": Text("Confidential data of the organisation was read or taken.", "組織の機密情報が閲覧または持ち出された。"),
        "integrity": Text("Data was changed or deleted.", "データが改変または削除された。"),
    },
    "recoverability": {
        "regular": Text("The time is known, with the means at hand.", "手持ちの資源で、復旧までの時間を見通せる。"),
        "supplemented": Text("The time is known, with more people or means.", "資源を追加すれば、復旧までの時間を見通せる。"),
        "extended": Text("The time is not known; help from outside is needed.", "復旧までの時間を見通せず、外部の支援が要る。"),
        "not_recoverable": Text("It cannot be undone, such as data that was published; an inquiry begins.", "公開されたデータのように取り返しがつかず、調査に移る。"),
    },
}  # fmt: skip
"""Each field of the incident's impact with its steps, in words."""


def level(severity: int) -> Level:
    """The row of a severity, 1 to 4."""
    return LEVELS[severity - 1]
