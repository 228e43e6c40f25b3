"""docs/mappings.md is held against the code."""

from __future__ import annotations

import re
from pathlib import Path

from hikeshi.signals import fields, mapped, mapping, reading
from hikeshi.signals.decoding import DEPTH_LIMIT

PAGE = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text()


def test_it_names_every_field_and_no_other() -> None:
    table = PAGE.partition("## Fields")[2].partition("## Limits")[0]
    named = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(mapping.Mapping.__struct_fields__)
    assert set(mapping.Severity.__struct_fields__) <= set(re.findall(r"`(\w+)`", table))
    assert set(fields.KINDS) <= set(re.findall(r"`(\w+)`", table))


def test_it_names_every_shipped_mapping_and_the_limits() -> None:
    assert all(name in PAGE.lower() for name in mapped.mapped())
    assert f"{reading.SIGNAL_LIMIT:,} alerts" in PAGE
    assert f"{fields.OBSERVABLE_LIMIT} observables" in PAGE
    assert f"{DEPTH_LIMIT} levels" in PAGE


def test_its_example_is_a_mapping() -> None:
    example = PAGE.partition("```yaml\n")[2].partition("```")[0]
    assert mapping.parse(example.encode()).name == "door"
