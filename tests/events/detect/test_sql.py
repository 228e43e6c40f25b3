"""Patterns, addresses and values at a path, asked of a real engine and compared with Python's own."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings, strategies as st
from sigma.types import SigmaCIDRExpression, SigmaString

from hikeshi.events.detect import sql


@pytest.fixture(scope="module")
def con() -> Iterator[Any]:
    with duckdb.connect() as opened:
        for macro in sql.MACROS:
            opened.execute(macro)
        yield opened


def _one(con: Any, expression: str) -> Any:
    return con.execute(f"SELECT {expression}").fetchone()[0]


def _regex(pattern: SigmaString) -> str:
    """What the pattern means, said in another way."""
    return "".join(
        re.escape(part) if isinstance(part, str) else {"WILDCARD_MULTI": ".*", "WILDCARD_SINGLE": "."}[part.name]
        for part in pattern.s
    )


signs = st.text(alphabet="aB*?%_!\\'\". ", max_size=8)


@settings(max_examples=150, deadline=None)
@given(pattern=signs, value=st.text(alphabet="aB*?%_!\\'\". ", max_size=8))
def test_a_pattern_matches_what_it_means(con: Any, pattern: str, value: str) -> None:
    meant = SigmaString(pattern)
    expected = re.fullmatch(_regex(meant).lower(), value.lower(), re.DOTALL) is not None
    assert _one(con, sql.matches(meant)(sql.text(value.lower()))) is expected
    cased = re.fullmatch(_regex(meant), value, re.DOTALL) is not None
    assert _one(con, sql.matches(meant, cased=True)(sql.text(value))) is cased


def test_simple_patterns_agree_with_those_of_the_shell(con: Any) -> None:
    for pattern in ("*", "a*", "*c", "*b*", "a?c", "abc", "?", "a**c"):
        assert _one(con, sql.matches(SigmaString(pattern))("'abc'")) is fnmatch.fnmatchcase("abc", pattern), pattern


@given(st.text(max_size=20))
def test_a_literal_is_the_text(con: Any, value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    assert _one(con, sql.text(value)) == value


v4 = st.ip_addresses(v=4).map(str)
v6 = st.ip_addresses(v=6).map(str)


@settings(max_examples=150, deadline=None)
@given(address=v4, network=v4, bits=st.integers(0, 32))
def test_networks_of_version_4(con: Any, address: str, network: str, bits: int) -> None:
    cidr = str(ip_network(f"{network}/{bits}", strict=False))
    inside = ip_address(address) in ip_network(cidr)
    assert bool(_one(con, sql.in_network(SigmaCIDRExpression(cidr))(sql.text(address)))) is inside


@settings(max_examples=60, deadline=None)
@given(address=v6, network=v6, bits=st.integers(0, 128), same=st.booleans())
def test_networks_of_version_6(con: Any, address: str, network: str, bits: int, same: bool) -> None:
    cidr = str(ip_network(f"{address if same else network}/{bits}", strict=False))
    inside = ip_address(address) in ip_network(cidr)
    assert bool(_one(con, sql.in_network(SigmaCIDRExpression(cidr))(sql.text(address)))) is inside


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4.5", "a.b.c.d", "ec2.amazonaws.com", "::ffff", "x:y", "1::2::3"])
def test_what_is_no_address_is_in_no_network(con: Any, text: str) -> None:
    for cidr in ("10.0.0.0/8", "2001:db8::/32"):
        assert not _one(con, sql.in_network(SigmaCIDRExpression(cidr))(sql.text(text)))


def _walk(value: Any, path: tuple[str, ...]) -> list[Any]:
    """Every value at the path, lists searched element by element."""
    if isinstance(value, list) and path:
        return [found for one in value for found in _walk(one, path)]
    if not path:
        return value if isinstance(value, list) else [value]
    return _walk(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


leaves = st.one_of(st.none(), st.booleans(), st.integers(-9, 99), st.text(alphabet='aZé"\\{[ ', max_size=4))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda one: not isinstance(one, list)), max_size=3),
        st.dictionaries(st.sampled_from("abc."), inner, max_size=3),
    ),
    max_leaves=8,
)


def _texts(found: list[Any]) -> set[str]:
    return {one if isinstance(one, str) else json.dumps(one) for one in found if not isinstance(one, (dict, list, type(None)))}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(record=st.dictionaries(st.sampled_from("abc."), trees, max_size=3), path=st.lists(st.sampled_from("abc."), min_size=1, max_size=3))  # fmt: skip
def test_values_at_a_path_are_those_a_walk_finds(con: Any, record: dict[str, Any], path: list[str]) -> None:
    raw = sql.text(json.dumps(record, ensure_ascii=False))
    found = f"json_extract(raw, {sql.text(sql.json_path(path))})"
    asked = f"(SELECT {sql.values_at('raw', found, path, cased=True)} FROM (SELECT {raw} AS raw))"
    texts = set(_one(con, asked) or [])
    walked = _walk(record, tuple(path))
    assert _texts(walked) <= texts
    assert all(text.startswith(("{", "[")) or text in _texts(walked) for text in texts)


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [(".+:assumed-role/aws:.+", ":assumed-role/aws:"), ("^Run[A-Z]stances", "stances"), ("a|bcd", ""), ("(?i)abc", ""), ("(abc)?x", "x"), (r"\p{L}abc", "")],
)  # fmt: skip
def test_an_expression_is_looked_for_where_the_letters_it_needs_are(con: Any, pattern: str, needed: str) -> None:
    assert sql._needed(pattern) == needed
    for value in ("arn:assumed-role/aws:x", "RunInstances", "a", "bcd", "ABC", "x", "éabc"):
        plain = f"regexp_matches({sql.text(value)}, {sql.text(pattern)})"
        assert _one(con, sql.searched(pattern)(sql.text(value))) == _one(con, plain)
