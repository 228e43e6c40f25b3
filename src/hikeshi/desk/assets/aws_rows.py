"""The asset register from the tags of an AWS account. Reads the network: never called inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from hikeshi.aws.inventory import Resource, inventory
from hikeshi.aws.reach import Reach
from hikeshi.desk.assets.csv_rows import Bad, Row, row_of
from hikeshi.errors import Refused
from hikeshi.text import Text

KEPT: Final = 50
"""Tags kept of one resource: as many as AWS allows."""


class TagKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Which tags say what, in any case; of several the first that is there counts."""

    name: tuple[str, ...] = ("Name",)
    owner: tuple[str, ...] = ("Owner", "Team")
    criticality: tuple[str, ...] = ("Criticality",)
    environment: tuple[str, ...] = ("Environment", "Env")
    data: tuple[str, ...] = ("Data", "DataClassification")


def read(reach: Reach, keys: TagKeys) -> list[Row | Bad]:
    """A row for each resource; one whose tags say what the register does not take is a `Bad` that names it.

    Raises `CallFailed`. `line` counts the resources, from 1.
    """
    return list(_rows(inventory(reach), keys))


def _rows(resources: Iterator[Resource], keys: TagKeys) -> Iterator[Row | Bad]:
    for number, one in enumerate(resources, start=1):
        given = _given(one, keys)
        try:
            row = row_of(number, given)
        except Refused as problem:
            row = Bad(number, Text(problem.message, f"受け付けられない値: {problem.message}"))
        if isinstance(row, Bad):
            yield Bad(number, Text(f"{one.identifier}: {row.reason.en}", f"{one.identifier}: {row.reason.ja}"))
        else:
            yield row


def _given(one: Resource, keys: TagKeys) -> dict[str, str]:
    tags = {key.lower(): value.strip() for key, value in one.tags.items()}
    said = {
        "name": _first(tags, keys.name), "owner_name": _first(tags, keys.owner), "criticality": _first(tags, keys.criticality),
        "environment": _first(tags, keys.environment), "data": _first(tags, keys.data),
        "identifier": one.identifier, "kind": one.kind, "account": one.account,
    }  # fmt: skip
    ours = {key: value for key, value in list(one.tags.items())[:KEPT] if not key.startswith("hikeshi:")}
    return said | {f"tag:{key}": value for key, value in ours.items()}


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((tags[name.lower()] for name in names if tags.get(name.lower())), "")
