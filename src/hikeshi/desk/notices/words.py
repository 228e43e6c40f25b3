"""What messages say, in both languages: a table of ours, and files of an administrator that replace lines of it.

A text holds `{field}` where one of FIELDS goes, and nothing else is filled in: no attributes, no indexes, no formats. Files are
`templates/notices/<name>.<language>.txt` in the home folder: the subject, an empty line, the body. Whatever is wrong with one is said with file
and line, and our own text is used. The mark of an exercise and the link are no part of a text: `sending.py` puts them on.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, NamedTuple

from hikeshi.errors import Unreadable

Language = Literal["en", "ja"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ja")
FIELDS: Final = frozenset({"by", "deadline", "incident", "rule", "severity", "title", "what"})
"""What a text may name. `incident` is its number or code name; `what` is the ledger's own sentence about what happened."""
SIZE_LIMIT: Final = 16 * 1024
VALUE_LIMIT: Final = 300
LETTER_LIMIT: Final = 8_000
"""Characters of a playbook's message."""


class Words(NamedTuple):
    """One message in one language."""

    subject: str
    body: str


TEMPLATES: Final[dict[str, dict[Language, Words]]] = {
    "asked": {
        "en": Words("{incident}: your decision is needed", "{title}\n\n{what}"),
        "ja": Words("{incident}: 判断をお願いします", "{title}\n\n{what}"),
    },
    "bare": {
        "en": Words("{incident}: please look", "There is something you have to see. It is not written here on purpose; open Hikeshi."),
        "ja": Words("{incident}: 確認をお願いします", "確認が必要な事項があります。内容はここには記載しません。Hikeshi を開いてください。"),
    },
    "broken_glass": {
        "en": Words("{incident} SEV-{severity}: the glass was broken", "{title}\n\n{what}\n\nIt was carried out without the approvals it needs. Somebody other than {by} has to review it before {deadline}."),
        "ja": Words("{incident} SEV-{severity}: 承認なしの緊急実行", "{title}\n\n{what}\n\n必要な承認を得ずに実行されました。{deadline} までに {by} 以外の人が事後審査を行ってください。"),
    },
    "clock_over": {
        "en": Words("{incident} SEV-{severity}: deadline passed: {rule}", "{title}\n\n{rule} was due at {deadline}."),
        "ja": Words("{incident} SEV-{severity}: 期限超過: {rule}", "{title}\n\n{rule} の期限は {deadline} でした。"),
    },
    "clock_soon": {
        "en": Words("{incident} SEV-{severity}: due soon: {rule}", "{title}\n\n{rule} is due at {deadline}."),
        "ja": Words("{incident} SEV-{severity}: 期限間近: {rule}", "{title}\n\n{rule} の期限は {deadline} です。"),
    },
    "difference": {
        "en": Words("{incident}: evidence or record differs", "{what}\n\nSomebody has to look at once: what is damaged may not be used."),
        "ja": Words("{incident}: 証拠または記録に不一致", "{what}\n\nただちに確認してください。損傷したものは使用できません。"),
    },
    "group_again": {
        "en": Words("Alerts that were judged became worse", "{what}"),
        "ja": Words("判定済みのアラートが悪化", "{what}"),
    },
    "group_waits": {
        "en": Words("SEV-{severity} alerts wait beyond their time: {incident}", "{title}\n\nNobody has judged these alerts; they should have been answered by {deadline}."),
        "ja": Words("SEV-{severity} のアラートが未判定のまま時間超過: {incident}", "{title}\n\nこのアラートはまだ判定されていません。対応期限は {deadline} でした。"),
    },
    "halted": {
        "en": Words("Hikeshi: containment is stopped, or goes on", "{what}"),
        "ja": Words("Hikeshi: 封じ込めの停止または再開", "{what}"),
    },
    "intake": {
        "en": Words("Intake: a payload was set aside or a source is silent", "{what}"),
        "ja": Words("受信: 保留されたデータ、または応答のないソース", "{what}"),
    },
    "message": {
        "en": Words("{incident}: {rule}", "{what}"),
        "ja": Words("{incident}: {rule}", "{what}"),
    },
    "page": {
        "en": Words("{incident} SEV-{severity}: you are needed", "{title}\n\nDeclared by {by}. Respond before {deadline}."),
        "ja": Words("{incident} SEV-{severity}: 対応をお願いします", "{title}\n\n宣言者: {by}。{deadline} までに対応を開始してください。"),
    },
    "readiness": {
        "en": Words("Preflight: something that worked would fail now", "{what}\n\nThe page Would it work now? says what to do about each."),
        "ja": Words("事前確認: 動作していたものが失敗する状態になりました", "{what}\n\n「いま動作するか」のページに対処方法があります。"),
    },
    "role": {
        "en": Words("{incident} SEV-{severity}: you have a role", "{title}\n\n{what}"),
        "ja": Words("{incident} SEV-{severity}: 役割の任命", "{title}\n\n{what}"),
    },
    "severity": {
        "en": Words("{incident} is now SEV-{severity}", "{title}\n\n{what}"),
        "ja": Words("{incident} の重大度が SEV-{severity} になりました", "{title}\n\n{what}"),
    },
    "test": {
        "en": Words("Hikeshi: a test", "This channel works. {by} sent this test."),
        "ja": Words("Hikeshi: テスト送信", "このチャンネルは正常です。送信者: {by}。"),
    },
    "undelivered": {
        "en": Words("{incident}: a message reached nobody", "{what}\n\nReach them another way: the printed contact list has their numbers."),
        "ja": Words("{incident}: 通知が届いていません", "{what}\n\n別の手段で連絡してください。印刷した連絡網に電話番号があります。"),
    },
    "update": {
        "en": Words("{incident} SEV-{severity}: for your information", "{title}\n\n{what}"),
        "ja": Words("{incident} SEV-{severity}: 状況のお知らせ", "{title}\n\n{what}"),
    },
    "yours": {
        "en": Words("{incident} SEV-{severity}: something waits for you", "{title}\n\n{what}"),
        "ja": Words("{incident} SEV-{severity}: 対応待ちの依頼", "{title}\n\n{what}"),
    },
}  # fmt: skip
"""Alphabetical. `bare` is all that is said of a restricted or quiet incident, and of one marked TLP:RED."""


def say(template: str, language: Language, facts: Mapping[str, str], folder: Path | None = None) -> Words:
    """The message in one language. `folder` holds an administrator's own texts; one with errors is left alone."""
    words = TEMPLATES[template][language]
    own = folder / f"{template}.{language}.txt" if folder else None
    if own and own.is_file():
        with suppress(Unreadable):  # `problems` says so in the doctor and the console; the message must go all the same
            words = read(own)
    values = {name: plain(facts.get(name, "")) for name in FIELDS}
    if template == "message":  # somebody has written it, and it may have several lines
        values["what"] = "\n".join(plain(line) for line in facts.get("what", "").splitlines())[:LETTER_LIMIT]
    subject = plain(words.subject.format_map(values))
    return Words(subject[:VALUE_LIMIT], words.body.format_map(values).strip())


def plain(value: str) -> str:
    """Text of others on one line, without what could pass for our own words: no controls, no marks of direction, no mention of a group."""
    text = " ".join(
        "".join(" " if unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"} else one for one in value).split()
    )
    return text.replace("<", "‹").replace(">", "›").replace("@", "＠")[:VALUE_LIMIT]


def read(path: Path) -> Words:
    """An administrator's text. Raises `Unreadable` with the line."""
    name, _, language = path.name.removesuffix(".txt").rpartition(".")
    if name not in TEMPLATES or language not in LANGUAGES or path.suffix != ".txt":
        raise Unreadable(
            "is no message of ours", source=str(path), hint=f"<name>.<en|ja>.txt with {', '.join(TEMPLATES)}."
        )
    try:
        with path.open("rb") as file:
            text = file.read(SIZE_LIMIT + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise Unreadable(f"cannot be read: {problem}", source=str(path), hint="Plain text in UTF-8.") from problem
    lines = text.splitlines()
    if len(text) > SIZE_LIMIT or len(lines) < 3 or not lines[0].strip() or lines[1].strip():
        raise Unreadable(
            "is not a subject, an empty line and a body", source=str(path), place="line 1", hint="At most 16 KiB."
        )
    for number, line in enumerate(lines, 1):
        _check_line(line, str(path), number)
    return Words(lines[0].strip(), "\n".join(lines[2:]).strip())


def _check_line(line: str, source: str, number: int) -> None:
    hint = f"Only {', '.join('{' + name + '}' for name in sorted(FIELDS))}; a brace itself is written twice."
    try:
        parts = list(string.Formatter().parse(line))
    except ValueError as problem:
        raise Unreadable(str(problem), source=source, place=f"line {number}", hint=hint) from problem
    for _text, field, form, turned in parts:
        if field is not None and (field not in FIELDS or form or turned):
            raise Unreadable(f"{field[:40]!r} is not known", source=source, place=f"line {number}", hint=hint)


def problems(folder: Path) -> list[Unreadable]:
    """What is wrong with an administrator's texts."""
    found: list[Unreadable] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            read(path)
        except Unreadable as problem:
            found.append(problem)
    return found
