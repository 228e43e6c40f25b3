from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events.mapping import DIRECTIVES, parse, pattern

GOOD = """
name: shop
format: csv
separator: ";"
header: [when, client, verb]
time:
  field: when
  form: "%d/%m/%Y %H:%M:%S"
  zone: Asia/Tokyo
message: "{client} {verb}"
fields:
  src_ip: client
values:
  provider: acme
"""


def wrong(old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(Unreadable) as caught:
        parse(GOOD.replace(old, new).encode(), source="shop.yaml")
    return str(caught.value)


def test_a_mapping_is_read() -> None:
    mapping = parse(GOOD.encode())
    assert (mapping.name, mapping.separator, mapping.header) == ("shop", ";", ("when", "client", "verb"))
    assert (mapping.time.zone, mapping.time.says) == ("Asia/Tokyo", "occurred")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("name: shop", "name: Shop!", 2, "name"),
        ("format: csv", "format: xml", 3, "format"),
        ("src_ip: client", "source_address: client", 12, "there is no column 'source_address' to fill"),
        ("src_ip: client", "raw: client", 12, "there is no column 'raw' to fill"),
        ("src_ip: client", "provider: client", 12, "this column is filled twice"),
        ("provider: acme", "dst_port: many", 14, "'many' does not fit the column dst_port"),
        ("zone: Asia/Tokyo", "zone: Mars/Olympus", 9, "there is no time zone 'Mars/Olympus'"),
        ("zone: Asia/Tokyo", "zone: ../../etc/passwd", 9, "there is no time zone"),
        ("%d/%m/%Y", "%d/%Q/%Y", 8, "'%Q' is no directive"),
        ("%d/%m/%Y", "%d/%m", 8, "it has no year: %Y or %y"),
        ("%d/%m/%Y", "%d/%d/%Y", 8, "%d stands there twice"),
        ("field: when", "field: then", 7, "the header has no field 'then'"),
        ("format: csv", "format: json", 4, "only csv has a separator"),
        ("message:", "massage:", 2, "massage"),
    ],
)
def test_an_error_names_the_line_and_what_is_wrong(old: str, new: str, line: int, said: str) -> None:
    text = wrong(old, new)
    assert said in text
    if said != "massage":
        assert "shop.yaml, line " in text
        assert f"line {line}," in text or said == "only csv has a separator"


@settings(deadline=None)
@given(form=st.lists(st.sampled_from([*DIRECTIVES, " ", "/", "(", "%", "x"]), max_size=9).map("".join))
def test_a_pattern_is_a_regular_expression_or_a_value_error(form: str) -> None:
    with contextlib.suppress(ValueError):
        assert pattern(form).match("") is None
