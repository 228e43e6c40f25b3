"""What kind of attack a finding speaks of, whatever its sender calls it: by the tactics of MITRE ATT&CK and a few words of ours. No database.

Senders name findings in many ways: "CryptoCurrency:EC2/BitcoinTool.B", "T1486", "Ransomware behaviour detected". Words are looked for in
the order of the table, the gravest first, so that "Exfiltration after reconnaissance" is an exfiltration.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from hikeshi.text import Text


class FindingClass(NamedTuple):
    """`stage`: 0 before an intrusion, 1 unclear, 2 inside, 3 at the attacker's aim. `irrecoverable`: what is lost does not come back."""

    name: str
    title: Text
    stage: int
    words: str
    irrecoverable: bool = False


FINDING_CLASSES: Final = (
    FindingClass("ransomware", Text("Ransomware", "ランサムウェア"), 3, r"ransom|t1486|shadow ?cop|ランサム", irrecoverable=True),
    FindingClass("destruction", Text("Destruction", "破壊"), 3, r"^impact:(?:s3|iamuser|kubernetes)|destruct|wiper|t1485|t1561|t1490|data ?delet", irrecoverable=True),
    FindingClass("exfiltration", Text("Exfiltration", "持ち出し"), 3, r"(?<!credential)exfil|ta0010|t1041|t1048|t1567|data ?(?:theft|leak)|持ち出し|漏えい", irrecoverable=True),
    FindingClass("command", Text("Command and control", "C2 通信"), 2, r"^backdoor|c&c|\bc2\b|command ?(?:and|&) ?control|beacon|ta0011|t1071|t1568"),
    FindingClass("trojan", Text("Malware", "マルウェア"), 2, r"^trojan|malware|\bvirus|\bworm\b|マルウェア|ウイルス"),
    FindingClass("credentials", Text("Credential access", "認証情報の窃取"), 2, r"credential|ta0006|t1003|t1110\.004|t1552|mimikatz|lsass"),
    FindingClass("escalation", Text("Privilege escalation", "権限昇格"), 2, r"privilege ?escal|privesc|ta0004|t1068|t1548|権限昇格"),
    FindingClass("movement", Text("Lateral movement", "横展開"), 2, r"lateral|ta0008|t1021|t1570|pass.the.(?:hash|ticket)|横展開"),
    FindingClass("persistence", Text("Persistence", "永続化"), 2, r"persist|ta0003|t1098|t1136|t1053|webshell|web shell"),
    FindingClass("evasion", Text("Defence evasion", "検知回避"), 2, r"defen[cs]e ?evasion|stealth|ta0005|t1562|t1070|logging ?disabled|検知回避"),
    FindingClass("mining", Text("Crypto mining", "暗号資産の採掘"), 2, r"crypto|bitcoin|miner|mining|t1496|採掘|マイニング"),
    FindingClass("discovery", Text("Discovery", "内部探索"), 1, r"discovery|ta0007|t1087|t1580|内部探索"),
    FindingClass("access", Text("Unusual access", "不審なアクセス"), 1, r"initial ?access|unauthorized|anomalous|ta0001|t1078|consolelogin|不正アクセス"),
    FindingClass("attempt", Text("Password guessing", "パスワード試行"), 0, r"brute ?force|password ?spray|t1110|総当たり"),
    FindingClass("recon", Text("Reconnaissance", "偵察"), 0, r"recon|port ?(?:scan|probe)|ta0043|t1595|t1046|偵察|スキャン"),
    FindingClass("policy", Text("Breach of policy", "ポリシー違反"), 0, r"^policy|compliance|misconfig|公開設定|違反"),
)  # fmt: skip
"""In the order they are tried."""

UNCLEAR: Final = FindingClass("unclear", Text("Unclear", "種類不明"), 1, "")
_PATTERNS: Final = tuple((one, re.compile(one.words, re.IGNORECASE)) for one in FINDING_CLASSES)


@lru_cache(maxsize=4096)
def class_of(kind: str) -> FindingClass:
    """The class of a finding by what its sender calls it (`Signal.kind`). Remembered: alerts come in storms of few kinds."""
    words = kind[:300].replace("_", " ")
    return next((one for one, pattern in _PATTERNS if pattern.search(words)), UNCLEAR)
