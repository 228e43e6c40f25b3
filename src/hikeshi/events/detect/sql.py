"""The spelling of DuckDB's SQL: text, patterns, addresses, and the values at a path of a JSON record. Knows nothing of rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from ipaddress import IPv4Network, IPv6Network

from sigma.types import SigmaCIDRExpression, SigmaString, SpecialChars

signs, parser = import_module("re._constants"), import_module("re._parser")
"""There is no public way to read an expression."""

Check = Callable[[str], str]
"""From the SQL of a text to the SQL of a condition on it."""

ESCAPE = "!"


def text(value: str) -> str:
    """A literal. NUL is spelled out, because no statement may contain it."""
    return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in value.split("\x00"))


def both(conditions: Iterable[str]) -> str:
    return _joined("AND", "true", list(conditions))


def either(conditions: Iterable[str]) -> str:
    return _joined("OR", "false", list(conditions))


def _joined(word: str, absorbed: str, conditions: list[str]) -> str:
    """Joined, and shortened where a part decides or does not matter."""
    decides = "true" if absorbed == "false" else "false"
    parts = list(dict.fromkeys(one for one in conditions if one != absorbed))
    if decides in parts:
        return decides
    if not parts:
        return absorbed
    return parts[0] if len(parts) == 1 else "(" + f" {word} ".join(parts) + ")"


def negated(condition: str) -> str:
    return {"true": "false", "false": "true"}.get(condition, f"(NOT {condition})")


def matches(pattern: SigmaString, *, cased: bool = False) -> Check:
    """Whether a text is the pattern, with its wildcards. Without `cased` the text has to be in small letters already."""
    parts = [part if isinstance(part, SpecialChars) else _spelled(str(part), cased=cased) for part in pattern.s]
    many = SpecialChars.WILDCARD_MULTI
    while len(parts) > 1 and parts[0] == parts[1] == many:
        del parts[0]
    while len(parts) > 1 and parts[-1] == parts[-2] == many:
        del parts[-1]
    match parts:
        case [] | [""]:
            shape = "{} = {}", ""
        case [SpecialChars.WILDCARD_MULTI]:
            return lambda x: f"{x} IS NOT NULL"
        case [str() as whole]:
            shape = "{} = {}", whole
        case [str() as start, SpecialChars.WILDCARD_MULTI]:
            shape = "starts_with({}, {})", start
        case [SpecialChars.WILDCARD_MULTI, str() as end]:
            shape = "ends_with({}, {})", end
        case [SpecialChars.WILDCARD_MULTI, str() as inner, SpecialChars.WILDCARD_MULTI]:
            shape = "contains({}, {})", inner
        case _:
            shape = f"{{}} LIKE {{}} ESCAPE '{ESCAPE}'", "".join(_like(part) for part in parts)
    return lambda x: shape[0].format(x, text(shape[1]))


def _spelled(part: str, *, cased: bool) -> str:
    return part if cased else part.lower()


def _like(part: str | SpecialChars) -> str:
    if isinstance(part, SpecialChars):
        return "%" if part is SpecialChars.WILDCARD_MULTI else "_"
    return "".join(ESCAPE + sign if sign in f"%_{ESCAPE}" else sign for sign in part)


def searched(pattern: str) -> Check:
    """Whether an expression is found in a text. What it cannot do without is looked for first, which is many times as fast."""
    needed = _needed(pattern)
    first = [lambda x: f"contains({x}, {text(needed)})"] if len(needed) > 1 else []
    checks: list[Check] = [*first, lambda x: f"regexp_matches({x}, {text(pattern)})"]
    return lambda x: both(check(x) for check in checks)


def _needed(pattern: str) -> str:
    """The longest run of letters that every match contains; empty where that cannot be told."""
    try:
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return ""
    if parsed.state.flags & (re.IGNORECASE | re.VERBOSE):
        return ""
    letters = "".join(chr(value) if sign is signs.LITERAL else "\0" for sign, value in parsed)
    return max(letters.split("\0"), key=len)


def in_network(cidr: SigmaCIDRExpression) -> Check:
    """Whether a text is an address of the network. DuckDB's own address type is an extension that has to be fetched."""
    return _in_v4(cidr.network) if isinstance(cidr.network, IPv4Network) else _in_v6(cidr.network)


def _in_v4(network: IPv4Network) -> Check:
    first, last = int(network.network_address), int(network.broadcast_address)

    def check(x: str) -> str:
        octets = " + ".join(
            f"TRY_CAST(split_part({x}, '.', {place}) AS BIGINT) * {256 ** (4 - place)}" for place in range(1, 5)
        )
        shaped = f"regexp_full_match({x}, '[0-9]{{1,3}}(\\.[0-9]{{1,3}}){{3}}')"
        begins = "".join(
            f"{octet}." for octet in str(network.network_address).split(".")[: min(3, network.prefixlen // 8)]
        )
        return f"CASE WHEN starts_with({x}, {text(begins)}) THEN {shaped} AND ({octets}) BETWEEN {first} AND {last} ELSE false END"

    return check


def _in_v6(network: IPv6Network) -> Check:
    """Compares the written-out groups. `::` stands for as many zeros as are missing."""
    groups = network.network_address.exploded.split(":")
    whole, rest = divmod(network.prefixlen, 16)

    def check(x: str) -> str:
        head, tail = f"string_split(split_part({x}, '::', 1), ':')", f"string_split(split_part({x}, '::', 2), ':')"
        filled = (
            f"CASE WHEN contains({x}, '::') THEN list_concat(list_filter({head}, lambda g: g <> ''), "
            f"list_resize([]::VARCHAR[], greatest(0, 8 - len(list_filter({head}, lambda g: g <> '')) "
            f"- len(list_filter({tail}, lambda g: g <> ''))), '0'), list_filter({tail}, lambda g: g <> '')) "
            f"ELSE string_split({x}, ':') END"
        )
        number = "TRY_CAST('0x' || ({})[{}] AS INTEGER)"
        same = [f"{number.format(filled, at + 1)} = {int(groups[at], 16)}" for at in range(whole)]
        if rest:
            same.append(
                f"({number.format(filled, whole + 1)} >> {16 - rest}) = {int(groups[whole], 16) >> (16 - rest)}"
            )
        return f"CASE WHEN contains({x}, ':') THEN {both(same)} ELSE false END"

    return check


def values_at(record: str, found: str, path: Sequence[str], *, cased: bool) -> str:
    """The texts at a path of a JSON record as a list; NULL where there is nothing, or only null.

    `found` is what lies exactly there, most often one text; where that is nothing, lists may lie on the way, and each of their elements
    is looked into, lists in lists too, to the third. Without `cased` the texts are in small letters.
    """
    steps = f"[{record}::JSON]"
    for key in path:
        steps = f"hikeshi_step({steps}, {text(json_path([key]))})"
    small = "lower(json_extract_string({0}, '$'))" if not cased else "json_extract_string({0}, '$')"
    listed = "hikeshi_texts({})" if cased else "list_transform(hikeshi_texts({}), lambda t: lower(t))"
    there = f"contains({record}, {text(_key(path[-1]))})" if len(path) > 1 else "false"
    return (
        f"CASE WHEN {found} IS NULL THEN CASE WHEN {there} THEN {listed.format(steps)} END "
        f"WHEN starts_with({found}, '{{') OR starts_with({found}, '[') THEN {listed.format(f'[{found}]')} "
        f"WHEN {found} <> 'null' THEN [{small.format(found)}] END"
    )


MACROS = (
    """
CREATE OR REPLACE TEMP MACRO hikeshi_opened(found) AS
  flatten(list_transform(found, lambda v: CASE json_type(v) WHEN 'ARRAY' THEN json_extract(v, '$[*]') ELSE [v] END))
""",
    """
CREATE OR REPLACE TEMP MACRO hikeshi_inside(v) AS
  hikeshi_opened(hikeshi_opened(json_extract(v, '$[*]')))
""",
    """
CREATE OR REPLACE TEMP MACRO hikeshi_step(found, one) AS
  list_filter(flatten(list_transform(found, lambda v: CASE json_type(v) WHEN 'ARRAY'
    THEN list_transform(hikeshi_inside(v), lambda w: json_extract(w, one))
    ELSE [json_extract(v, one)] END)), lambda v: v IS NOT NULL)
""",
    r"""
CREATE OR REPLACE TEMP MACRO hikeshi_text(v) AS
  CASE json_type(v) WHEN 'NULL' THEN [] WHEN 'OBJECT' THEN [v::VARCHAR, replace(v::VARCHAR, '\"', '"')]
    WHEN 'ARRAY' THEN [v::VARCHAR] ELSE [json_extract_string(v, '$')] END
""",
    """
CREATE OR REPLACE TEMP MACRO hikeshi_texts(found) AS
  nullif(flatten(list_transform(list_filter(found, lambda v: v IS NOT NULL), lambda v: CASE json_type(v) WHEN 'ARRAY'
    THEN flatten(list_transform(json_extract(v, '$[*]'), lambda w: CASE json_type(w) WHEN 'ARRAY'
      THEN list_concat([w::VARCHAR], flatten(list_transform(hikeshi_inside(w), lambda x: hikeshi_text(x)))) ELSE hikeshi_text(w) END))
    ELSE hikeshi_text(v) END)), [])
""",
)
"""What a connection needs for `values_at`. An object is searched as its JSON text, and once more without the escapes of texts in it."""


def json_path(path: Sequence[str]) -> str:
    """`$."a"."b"`: every key quoted, so that a dot or a sign in it is only a letter."""
    return "$" + "".join("." + _key(key) for key in path)


def _key(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
