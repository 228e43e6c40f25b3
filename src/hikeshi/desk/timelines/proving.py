"""What CloudTrail's digests among the evidence prove of a timeline's logs.

Beside the logs themselves: digests and `FILE.metadata.json` sealed with them, receipts of logs that were fetched from S3 (they hold the
metadata of each object), and public keys. A list of keys is believed only where it was sealed on its own: one that lies in a bucket
may be the attacker's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import ItemsView, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from hikeshi.custody.acquire import listing, record as records
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.timelines.models import Timeline
from hikeshi.events.digest_files import BESIDE, DIGEST_NAME, SMALL, Given, lists_keys, public_keys
from hikeshi.stores.integrity import prove

ABOUT: Final = frozenset({records.NAME, listing.MANIFEST})
"""What an acquisition writes about itself, beside what it collected."""


class _Object(msgspec.Struct):
    """An object in S3, as the receipt of logs fetched from there describes it."""

    name: str
    sha256: str
    metadata: dict[str, str] = msgspec.field(default_factory=dict)


class _Receipt(msgspec.Struct):
    objects: list[_Object]


def is_log(item: Item, name: str, sha256: str) -> bool:
    """Whether a file of an item is to be read, and not only proves others."""
    if name.endswith(BESIDE) or (name in ABOUT and records.NAME in evidence.files_of(item).values()):
        return False
    if not _may_be_keys(item):
        return True
    with evidence.locker().plain([sha256]) as files:
        return not lists_keys(files[sha256])


def proven(timeline: Timeline, files: Mapping[str, Path]) -> dict[str, object]:
    """Check the digests, keep what was found with the store, and tell the counts for the report; nothing where there are no digests.

    `files` has the plain bytes of each file of the timeline's items by SHA-256.
    """
    objects = {one.sha256: one for one in _objects(timeline)}
    held = [(item, name, sha256) for item in timeline.items.order_by("name") for sha256, name in _files(item)]
    named = {sha256: objects[sha256].name if sha256 in objects else name for _, name, sha256 in held}
    if not any(DIGEST_NAME.search(name) for name in named.values()):
        return {}
    lists = [files[sha256] for item, _, sha256 in held if _may_be_keys(item) and lists_keys(files[sha256])]
    keys = {fingerprint: key for path in lists for fingerprint, key in public_keys(path).items()}
    given = [
        Given(str(files[sha256]), name, objects[sha256].metadata.get("signature", "") if sha256 in objects else "")
        for sha256, name in named.items()
        if files[sha256] not in lists
    ]
    found = prove(timeline.folder, given, {str(files[sha256]): sha256 for sha256 in named}, keys)
    counted: dict[str, Any] = {
        "differs": found.differs, "keys": sorted(keys), "holes": len(found.holes),
        "digests": dict(Counter(one.proof for one in found.digests)), "logs": dict(Counter(one.result for one in found.logs)),
    }  # fmt: skip
    return {"integrity": counted}


def _files(item: Item) -> ItemsView[str, str]:
    return evidence.files_of(item).items()


def _may_be_keys(item: Item) -> bool:
    """A list of keys is sealed on its own, and small."""
    return item.files == 0 and item.size <= SMALL


def _objects(timeline: Timeline) -> Iterator[_Object]:
    for receipt in timeline.incident.evidence.filter(kind="receipt", files=0):
        with evidence.locker().open(receipt.sha256) as stream:
            try:
                yield from msgspec.json.decode(stream.read(), type=_Receipt).objects
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # the receipt of something else
