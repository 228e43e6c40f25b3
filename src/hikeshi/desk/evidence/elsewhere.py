"""Evidence that stays where it is: its description is sealed in the locker, its bytes are not moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings

from hikeshi.aws.reach import Reach
from hikeshi.custody.locker import Checked
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on

if TYPE_CHECKING:
    from hikeshi.custody.elsewhere import Left


def leave(
    incident: Incident, address: str, *, actor: Actor, title: str = "", kind: str = "file", version: str = "",
    read: bool = False, record: Mapping[str, Any] | None = None,
) -> Item:  # fmt: skip
    """Record an object in S3 (s3://bucket/key) that is not to be moved. `read` reads it once for its SHA-256, storing nothing.

    Raises `Refused` where there is none, `CallFailed` where S3 does not answer; nothing is recorded then.
    """
    from hikeshi.custody import elsewhere  # the cloud's SDK takes half a second, which no other verb needs

    require_on(actor, "write", incident)
    left = elsewhere.look(address, _reach(), version=version)
    if read:
        left = elsewhere.read(left, _reach())
    content = msgspec.json.format(msgspec.json.encode(left), indent=1)
    return verbs.seal_bytes(
        incident, content, actor=actor, title=title or f"Left at {address}", kind=kind, source=address,
        held_at=address, lock_proof=left.lock, record=record,
    )  # fmt: skip


def check(item: Item, description: bytes) -> Checked | None:
    """Ask the place again, and read where it was read before. None for an item that is described in another way: a receipt."""
    from hikeshi.custody import elsewhere  # as above

    try:
        left: Left = msgspec.json.decode(description, type=elsewhere.Left)
    except msgspec.DecodeError:
        return None
    return elsewhere.check(left, _reach()) if left.address == item.held_at else None


def _reach() -> Reach:
    said = settings.ENVIRONMENT
    return Reach(region=said.aws_region, endpoint_url=said.aws_endpoint_url or None)
