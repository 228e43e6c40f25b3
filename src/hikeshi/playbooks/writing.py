"""A playbook as the YAML file that `load` reads."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import yaml

from hikeshi.playbooks.playbook import Playbook

FIRST: Final = ("name", "version", "severity", "title", "summary", "key", "phase", "kind", "role", "en", "ja")
LAST: Final = ("steps", "simulations", "cacao")
"""The order of reading; the rest stands between, as the format has it."""


def written(book: Playbook) -> str:
    """UTF-8 text without aliases, which are refused on the way in; what is left at its default is left out."""
    return yaml.dump(_ordered(msgspec.to_builtins(book)), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's name
        return True


def _ordered(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_ordered(part) for part in value]
    if not isinstance(value, dict):
        return value
    names = [
        *(name for name in FIRST if name in value),
        *(name for name in value if name not in (*FIRST, *LAST)),
        *(name for name in LAST if name in value),
    ]
    return {name: value[name] if name == "cacao" else _ordered(value[name]) for name in names}
