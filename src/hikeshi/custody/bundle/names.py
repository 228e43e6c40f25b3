"""Names that mean the same on every system: only these are written into a bundle, and nothing else is accepted from one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from hikeshi.text import Text

NAME_LIMIT: Final = 400
"""Bytes of a whole name in UTF-8, so that it still fits below a folder on any system."""
PART_LIMIT: Final = 200
DEPTH_LIMIT: Final = 40
DEVICES: Final = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")


def trouble(name: str) -> Text | None:
    """Why this name, relative and with "/" between folders, may not be in a bundle; None where it may."""
    return next((said for wrong, said in RULES if wrong(name)), None)


def _has_parts(wrong: Callable[[str], object]) -> Callable[[str], bool]:
    return lambda name: any(wrong(part) for part in name.split("/"))


RULES: Final[tuple[tuple[Callable[[str], object], Text], ...]] = (
    (re.compile(r"/|[A-Za-z]:").match, Text("is an absolute name", "絶対パスです")),
    (_has_parts("..".__eq__), Text("leads out of the bundle", "バンドルの外を指しています")),
    (re.compile(r"[\x00-\x1f\x7f-\x9f]").search, Text("has control characters", "制御文字を含みます")),
    (
        lambda name: not name.isprintable() or "\ufffd" in name or unicodedata.normalize("NFC", name) != name,
        Text("has characters that other systems write differently", "他のシステムで表記が変わる文字を含みます"),
    ),
    # The backslash is another way to say "/" on Windows, which does not allow the others.
    (
        re.compile(r'[<>:"|?*\\]').search,
        Text("has characters that some systems do not allow", "一部のシステムで使えない文字を含みます"),
    ),
    (lambda name: len(name.encode()) > NAME_LIMIT, Text("is too long", "長すぎます")),
    (lambda name: name.count("/") >= DEPTH_LIMIT, Text("is too deep", "階層が深すぎます")),
    (_has_parts({"", "."}.__contains__), Text("has an empty part", "空の部分があります")),
    (
        _has_parts(lambda part: len(part.encode()) > PART_LIMIT),
        Text("has a part that is too long", "長すぎる部分があります"),
    ),
    (
        _has_parts(lambda part: part[-1] in ". " or part[0] == " " or DEVICES.fullmatch(part)),
        Text("has a part that some systems cannot keep", "一部のシステムで保存できない部分を含みます"),
    ),
)
"""Asked in this order, so that each may rely on those before."""


def alike(name: str) -> str:
    """What a file system that ignores case takes the name for."""
    return unicodedata.normalize("NFC", name.casefold())


def clashing(names: list[str]) -> tuple[str, str] | None:
    """Two names that some system would take for the same file, or for a file and a folder of the same name."""
    seen: dict[str, str] = {}
    for name in names:
        key = alike(name)
        if key in seen:
            return seen[key], name
        seen[key] = name
    for name in names:
        folder = alike(name).rpartition("/")[0]
        while folder:
            if folder in seen:
                return seen[folder], name
            folder = folder.rpartition("/")[0]
    return None
