"""Items and their custody in CASE 1.4 (https://caseontology.org) over UCO, as JSON-LD: an extra for tools that read it.

An entry of the ledger becomes an InvestigativeAction, an item an observable file with its hashes, and its number the exhibit number of a
ProvenanceRecord that ties the two. Identifiers are made from names, so that the same record gives the same document. What proves the record
stays in the bundle: CASE has no words for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hikeshi import __version__
from hikeshi.custody.chain import Entry

UCO: Final = "https://ontology.unifiedcyberontology.org/uco"
CONTEXT: Final = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{f"uco-{name}": f"{UCO}/{name}/" for name in ("action", "core", "identity", "observable", "tool", "types", "vocabulary")},
}  # fmt: skip
HASHES: Final = {"sha256": "SHA256", "sha512": "SHA512"}
"""Of our fields, those that UCO's vocabulary of hash names has."""
Node = dict[str, Any]


def case_document(
    identity: str, incident: Mapping[str, Any], items: Sequence[Mapping[str, Any]], entries: Iterable[Entry]
) -> Node:
    """The JSON-LD document. `items` are their records, `entries` the custody lines; one that names no item is of the incident."""
    made = _Document(identity)
    numbers = {str(item["name"]): made.observable(item) for item in items}
    actions: dict[str, list[str]] = {name: [] for name in numbers}
    whole = made.name("Investigation", str(incident["name"]))
    for entry in entries:
        action = made.action(entry, numbers.get(entry.object, whole))
        actions.setdefault(entry.object, []).append(action)
    for item in items:
        name = str(item["name"])
        made.provenance(item, [numbers[name], *actions[name]])
    members = [one["@id"] for one in made.graph]
    made.add(
        "case-investigation:Investigation", whole,
        {"uco-core:name": incident["name"], "uco-core:description": incident["title"], "uco-core:object": _refs(members)},
    )  # fmt: skip
    return {"@context": {**CONTEXT, "kb": f"urn:hikeshi:{identity}:"}, "@graph": made.graph}


class _Document:
    """The graph as it grows, each node once."""

    def __init__(self, identity: str) -> None:
        self.graph: list[Node] = []
        self._identity = identity
        self._tool = self.tool("Hikeshi", __version__)

    def name(self, kind: str, what: str) -> str:
        """An identifier that ends in a UUID, as UCO asks for, and is the same each time."""
        return f"kb:{kind}-{uuid.uuid5(uuid.NAMESPACE_URL, f'{self._identity}/{kind}/{what}')}"

    def add(self, kind: str, name: str, fields: Node) -> str:
        if all(one["@id"] != name for one in self.graph):
            self.graph.append({"@id": name, "@type": kind, **fields})
        return name

    def tool(self, name: str, version: str) -> str:
        fields = {"uco-core:name": name} | ({"uco-tool:version": version} if version else {})
        return self.add("uco-tool:Tool", self.name("Tool", f"{name} {version}"), fields)

    def person(self, name: str) -> str:
        return self.add("uco-identity:Identity", self.name("Identity", name), {"uco-core:name": name})

    def observable(self, item: Mapping[str, Any]) -> str:
        """The item's bytes: their name, size and hashes. Of a folder it is the manifest that has the hash."""
        number = str(item["name"])
        size = {"@type": "xsd:integer", "@value": str(item.get("size", 0))}
        facets = [
            {
                "@id": self.name("FileFacet", number), "@type": "uco-observable:FileFacet",
                "uco-observable:fileName": str(item.get("title") or number), "uco-observable:sizeInBytes": size,
            },
            {
                "@id": self.name("ContentDataFacet", number), "@type": "uco-observable:ContentDataFacet",
                "uco-observable:hash": [
                    self._hash(number, method, str(item[field])) for field, method in HASHES.items() if item.get(field)
                ],
            },
        ]  # fmt: skip
        fields = {"uco-core:name": number, "uco-core:hasFacet": facets}
        return self.add("uco-observable:File", self.name("File", number), fields)

    def action(self, entry: Entry, about: str) -> str:
        """One line of the ledger. Its place and hash lead back to it."""
        moment = {"@type": "xsd:dateTime", "@value": entry.time}
        reference = {
            "@id": self.name("ExternalReference", f"{entry.chain}/{entry.seq}"), "@type": "uco-core:ExternalReference",
            "uco-core:definingContext": f"hikeshi ledger {entry.chain}",
            "uco-core:externalIdentifier": f"{entry.seq} {entry.hash}",
        }  # fmt: skip
        fields = {
            "uco-core:name": entry.verb, "uco-action:startTime": moment, "uco-action:endTime": moment,
            "uco-action:performer": {"@id": self.person(entry.actor)}, "uco-action:instrument": [{"@id": self._tool}],
            "uco-action:object": [{"@id": about}], "uco-core:externalReference": [reference],
        }  # fmt: skip
        name = self.name("InvestigativeAction", f"{entry.chain}/{entry.seq}")
        return self.add("case-investigation:InvestigativeAction", name, fields)

    def provenance(self, item: Mapping[str, Any], members: list[str]) -> str:
        """The exhibit: the item and everything that was done to it, with whoever and whatever collected it."""
        if item.get("collector"):
            members.append(self.person(str(item["collector"])))
        if item.get("tool"):
            members.append(self.tool(str(item["tool"]), str(item.get("tool_version") or "")))
        fields = {
            "case-investigation:exhibitNumber": item["name"], "uco-core:object": _refs(members),
            "uco-core:description": str(item.get("description") or item.get("title") or item["name"]),
        }  # fmt: skip
        return self.add("case-investigation:ProvenanceRecord", self.name("ProvenanceRecord", str(item["name"])), fields)

    def _hash(self, number: str, method: str, value: str) -> Node:
        return {
            "@id": self.name("Hash", f"{number} {method}"), "@type": "uco-types:Hash",
            "uco-types:hashMethod": {"@type": "uco-vocabulary:HashNameVocab", "@value": method},
            "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": value},
        }  # fmt: skip


def _refs(names: Iterable[str]) -> list[Node]:
    return [{"@id": name} for name in names]
