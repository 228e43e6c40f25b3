"""Addresses that nobody shall follow by mistake: written harmless for people (`hxxps://evil[.]example`), and read back to what they are.

Reference: https://datatracker.ietf.org/doc/draft-grimminck-safe-ioc-sharing/
"""

from __future__ import annotations

import re
from typing import Final

URL: Final = re.compile(r"\b(?:https?|ftp)://[^\s<>\"'`\x00-\x1f　、。」』）]{3,2000}", re.IGNORECASE)
MAIL: Final = re.compile(r"\b[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}\b", re.ASCII)

_BACK: Final = (
    (re.compile(r"\bh(?:xx|XX|\*\*|__)p(s?)\b(?=\s?\[?:)", re.IGNORECASE), r"http\1"),
    (re.compile(r"\bfxp(?=\[?:)", re.IGNORECASE), "ftp"),
    (re.compile(r"\[:\]|\[:(?=//)"), ":"),
    (re.compile(r"\[://\]|:\[//\]"), "://"),
    (re.compile(r"\s?[\[({](?:\.|dot|DOT)[\])}]\s?"), "."),
    (re.compile(r"(?<=\w)\[\.(?=\w)|(?<=\w)\.\](?=\w)|(?<=\w)\\\.(?=\w)"), "."),
    (re.compile(r"\s?[\[({](?:@|at|AT)[\])}]\s?"), "@"),
)


def defang(text: str) -> str:
    """The text with its URLs and mail addresses made harmless, the rest as it is."""
    return MAIL.sub(lambda found: _dots(found[0]), URL.sub(lambda found: _harmless(found[0]), text))


def refang(text: str) -> str:
    """The text with what was made harmless as it is in truth."""
    for pattern, plain in _BACK:
        text = pattern.sub(plain, text)
    return text


def urls(text: str) -> list[str]:
    """Every URL in a text, also those that were made harmless; each once, in order."""
    return list(dict.fromkeys(found.rstrip(".,;:!?)]}>'*") for found in URL.findall(refang(text))))


def host_of(url: str) -> str:
    """The host a URL leads to, without port and credentials; empty where there is none."""
    authority = re.split(r"[/?#\\]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    return authority.partition("]")[0].strip("[") if authority.startswith("[") else authority.partition(":")[0].lower()


def _harmless(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return f"{scheme.replace('t', 'x').replace('T', 'X')}://{_dots(host)}{rest[len(host) :]}"


def _dots(text: str) -> str:
    return text.replace(".", "[.]")
