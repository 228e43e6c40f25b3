"""What a text for the public or for customers should not say: hints, never a block.

A notice says what happened, its scope, what was done, what the reader can do, and prevention. It leaves out what helps the next attacker,
names of people, and phrases that say nothing. Patterns look at one text in either language; a person decides.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from hikeshi.text import Text

TEXT_LIMIT: Final = 100_000
"""Characters looked at. A notice is a page or two."""


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a text: `start` and `end` count characters, `found` is what stands there, `why` and what to write instead."""

    rule: str
    start: int
    end: int
    found: str
    why: Text


class Pattern(msgspec.Struct, frozen=True):
    """One line of the table below."""

    name: str
    looks_for: re.Pattern[str]
    why: Text


PATTERNS: Final[tuple[Pattern, ...]] = (
    Pattern(
        "address",
        re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\d.])|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b", re.IGNORECASE),
        Text("A network address helps an attacker. Share it under TLP instead.", "ネットワークのアドレスは攻撃者の助けになります。公表せず TLP を付けて共有してください。"),
    ),
    Pattern(
        "empty-phrase",
        re.compile(r"take[s]? (?:your |the )?(?:security|privacy)[\w ]{0,20}seriously|out of an abundance of caution|万全を期して|厳粛に受け止め", re.IGNORECASE),
        Text("This says nothing. Say what was done.", "内容のない表現です。実施した対応を書いてください。"),
    ),
    Pattern(
        "hash",
        re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b", re.IGNORECASE),
        Text("A raw indicator. Share it under TLP instead.", "インディケータそのものです。公表せず TLP を付けて共有してください。"),
    ),
    Pattern(
        "no-evidence",
        re.compile(r"no (?:evidence|indication|sign) (?:of|that)|(?:悪用|不正利用|流出)[^。]{0,12}確認されて(?:いません|おりません)", re.IGNORECASE),
        Text("Say what was checked, from when to when, and by whom.", "何を、いつからいつまで、誰が調べたかを書いてください。"),
    ),
    Pattern(
        "secret",
        re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:password|passwd|パスワード)\s*[:=]\s*\S+", re.IGNORECASE),
        Text("A secret. Take it out, and treat it as leaked if it ever stood here.", "秘密情報です。削除し、一度でも記載した場合は漏えいとして扱ってください。"),
    ),
    Pattern(
        "version",
        re.compile(r"\b(?:apache|nginx|openssl|openssh|windows server|wordpress|fortios|ivanti|citrix|exchange|tomcat|php|log4j)[ /-]*v?\d+(?:\.\d+)+", re.IGNORECASE),
        Text("A product with its version tells where else to look. Name neither.", "製品名とバージョンは次の標的を示します。どちらも書かないでください。"),
    ),
    Pattern(
        "vulnerability",
        re.compile(r"\bCVE-\d{4}-\d{4,}\b|\bJVN(?:DB)?[#-][\d-]+", re.IGNORECASE),
        Text("The weakness used is detail for an attacker. Say that it is closed.", "悪用された脆弱性の詳細です。対策済みであることだけを書いてください。"),
    ),
)  # fmt: skip
"""Alphabetical. `tests/clocks/test_disclosure.py` has a text for each that hits, and one that must not."""


def hints(text: str) -> list[Hint]:
    """Every place that somebody should look at, in the order of the text."""
    found = [
        Hint(rule=one.name, start=hit.start(), end=hit.end(), found=hit.group()[:120], why=one.why)
        for one in PATTERNS
        for hit in one.looks_for.finditer(text[:TEXT_LIMIT])
    ]
    return sorted(found, key=lambda hint: (hint.start, hint.rule))
