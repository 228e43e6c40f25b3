"""Words for people: every sentence exists in both languages."""

from __future__ import annotations

from typing import Annotated

import msgspec

Words = Annotated[str, msgspec.Meta(pattern=r"\S")]


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in English and in Japanese. Neither may be empty when it is read from a file."""

    en: Words
    ja: Words
