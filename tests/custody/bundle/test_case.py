"""The record in CASE: every item and custody line is in it, and every identifier it uses is defined in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bundles import CHAIN, record
from hikeshi.custody.bundle.case import case_document
from hikeshi.custody.canonical import canonical

ITEMS = [
    {"name": "EV-001", "title": "メモリ", "sha256": "ab" * 32, "sha512": "cd" * 64, "size": 6, "collector": "sato", "tool": "avml", "tool_version": "0.14"},
    {"name": "EV-002", "title": "logs", "sha256": "ef" * 32, "size": 2**53 + 1},
]  # fmt: skip
INCIDENT = {"name": CHAIN, "title": "Mining traffic"}


def document() -> dict[str, Any]:
    return case_document("hikeshi.0123456789abcdef", INCIDENT, ITEMS, record(5))


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from nodes(inner)


def of_type(kind: str) -> list[dict[str, Any]]:
    return [node for node in nodes(document()["@graph"]) if node.get("@type") == kind]


def test_every_item_is_an_exhibit_with_its_hashes() -> None:
    assert [one["case-investigation:exhibitNumber"] for one in of_type("case-investigation:ProvenanceRecord")] == ["EV-001", "EV-002"]  # fmt: skip
    values = {one["uco-types:hashValue"]["@value"] for one in of_type("uco-types:Hash")}
    assert values == {"ab" * 32, "cd" * 64, "ef" * 32}


def test_every_custody_line_is_an_action_that_leads_back_to_the_ledger() -> None:
    actions = of_type("case-investigation:InvestigativeAction")
    told = [one["uco-core:externalReference"][0]["uco-core:externalIdentifier"] for one in actions]
    assert told == [f"{entry.seq} {entry.hash}" for entry in record(5)]
    exhibit = of_type("case-investigation:ProvenanceRecord")[0]
    assert {one["@id"] for one in actions} <= {ref["@id"] for ref in exhibit["uco-core:object"]}


def test_every_identifier_is_defined_once_and_every_prefix_is_known() -> None:
    made = document()
    defined = [node["@id"] for node in nodes(made["@graph"]) if "@type" in node and "@id" in node]
    used = {node["@id"] for node in nodes(made["@graph"]) if set(node) == {"@id"}}
    assert len(defined) == len(set(defined))
    assert used <= set(defined)
    names = {key for node in nodes(made["@graph"]) for key in node if not key.startswith("@")}
    names |= {str(node["@type"]) for node in nodes(made["@graph"]) if "@type" in node} | set(defined)
    assert {name.split(":")[0] for name in names} <= set(made["@context"])


def test_the_same_record_gives_the_same_document() -> None:
    assert canonical(document()) == canonical(document())
