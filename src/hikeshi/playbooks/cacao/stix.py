"""Conditions between CEL and the comparisons of STIX patterns, which CACAO 2.0 writes conditions in (sections 4.8 to 4.10).

Only what both say alike: comparisons of one name with one value, joined all by AND or all by OR. Everything else is None, and whoever
asks has to say it in another way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hikeshi.playbooks.cacao.names import variable

_CEL: Final = re.compile(
    r"""^(?P<no>!)?(?:(?P<root>choice|state)\["(?P<key>[0-9.]+)"\]|(?P<name>(?:alert|fact|incident)\.[a-z][a-z0-9_]*))"""
    r"""(?:\s*(?P<sign>==|!=|<=|>=|<|>)\s*(?P<value>"[^"\\]*"|-?[0-9]+|true|false))?$"""
)
_STIX: Final = re.compile(
    r"""^(?P<no>NOT\s+|!)?(?P<name>__[A-Za-z_][\w-]*__):value"""
    r"""(?:\s*(?P<sign>==?|!=|<>|<=|>=|<|>)\s*(?P<value>'[^'\\]*'|"[^"\\]*"|-?[0-9]+|true|false))?$"""
)


def to_stix(cel: str) -> str | None:
    """`choice["1.4"] == "rebuild"` as `__choice_1_4__:value = 'rebuild'`; None where STIX patterns cannot say it."""
    for cel_joint, joint in ((" && ", " AND "), (" || ", " OR ")):
        parts = [_to_stix(part.strip()) for part in cel.split(cel_joint)]
        if None not in parts:
            return joint.join(str(part) for part in parts)
    return None


def _to_stix(part: str) -> str | None:
    found = _CEL.match(part)
    if found is None or (found["no"] and found["sign"]):
        return None
    name = variable(f"{found['root']}.{found['key']}" if found["root"] else found["name"])
    sign, value = found["sign"] or "==", found["value"] or ("false" if found["no"] else "true")
    value = f"'{value[1:-1]}'" if value.startswith('"') else value
    return None if "'" in value[1:-1] else f"{name}:value {'=' if sign == '==' else sign} {value}"


def to_cel(condition: str, facts: Mapping[str, str]) -> str | None:
    """The same as CEL; `facts` maps the variables that are known to names such as "fact.key_id". None where it cannot be said."""
    plain = condition.strip()
    plain = plain[1:-1].strip() if plain.startswith("[") and plain.endswith("]") else plain
    for joint, cel_joint in ((r"\s+AND\s+|\s*&&\s*", " && "), (r"\s+OR\s+|\s*\|\|\s*", " || ")):
        parts = [_to_cel(part.strip(), facts) for part in re.split(joint, plain)]
        if None not in parts:
            return cel_joint.join(str(part) for part in parts)
    return None


def _to_cel(part: str, facts: Mapping[str, str]) -> str | None:
    found = _STIX.match(part)
    fact = facts.get(found["name"]) if found else None
    if found is None or fact is None or (found["no"] and found["sign"]):
        return None
    sign = {"=": "==", "<>": "!="}.get(found["sign"] or "=", found["sign"] or "==")
    if sign not in {"==", "!="}:
        return None  # told as texts, "9" would be more than "10"
    value = found["value"] or ("false" if found["no"] else "true")
    return f"{fact} {sign} {_literal(value)}"


def _literal(value: str) -> str:
    """Variables are texts here, whatever type they have there (section 10.18): numbers and truth values are compared as texts."""
    return f'"{value[1:-1]}"' if value[:1] in "'\"" else f'"{value}"'
