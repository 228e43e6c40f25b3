"""The EBS direct APIs, reading: what moto lacks of them, above all the content of a snapshot that EC2 has made.

ListSnapshotBlocks and GetSnapshotBlock as the EBS User Guide describes them: pages that may be shorter than asked for or empty, page
tokens that are good for 60 minutes, block tokens for 7 days, a SHA-256 with each block, and only completed snapshots. A snapshot made
by EC2 holds a made-up sparse image, the same for the same volume; one written through PutSnapshotBlock holds what was written. Pages are
far smaller than the real ones, so that even a small image has several.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import secrets
import time
from typing import Any, Final

from hikeshi.simulation import cast
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

BLOCK: Final = 512 * 1024
BLOCKS_A_GIBIBYTE: Final = 2048
PAGE: Final = 16
PRESENT: Final = 24
"""Blocks of a made-up image that have data."""
PAGE_TOKEN_SECONDS: Final = 3600
BLOCK_TOKEN_SECONDS: Final = 7 * 86400
MARK: Final = b"SIMULATED VOLUME"

_SECRET: Final = secrets.token_bytes(16)
_SIGNED: Final = 12


def list_blocks(call: Call) -> Answer:
    """ListSnapshotBlocks."""
    snapshot = _snapshot(call)
    if snapshot is None:
        return _refused(call, "INVALID_SNAPSHOT_ID", "The snapshot does not exist, or is not completed.")
    first, empty = int(call.params.get("startingBlockIndex", 0)), False
    if page := call.params.get("pageToken"):
        said = _opened(page, snapshot.id, PAGE_TOKEN_SECONDS)
        if said is None:
            return _refused(call, "INVALID_PAGE_TOKEN", "The page token is not valid, or has expired.")
        empty, first = said[0] == "e", int(said[1:])
    indexes = [index for index in _present(snapshot, call.region) if index >= first]
    shown = [] if empty else indexes[: min(PAGE, int(call.params.get("maxResults", PAGE)))]
    rest = indexes[len(shown) :]
    told: dict[str, Any] = {
        "Blocks": [{"BlockIndex": index, "BlockToken": _token(snapshot.id, f"b{index}")} for index in shown],
        "BlockSize": BLOCK,
        "ExpiryTime": time.time() + BLOCK_TOKEN_SECONDS,
        "VolumeSize": snapshot.volume.size,
    }
    if rest:  # after every page with blocks comes an empty one
        told["NextToken"] = _token(snapshot.id, f"{'f' if empty else 'e'}{rest[0]}")
    return json_answer(told)


def get_block(call: Call) -> Answer:
    """GetSnapshotBlock."""
    snapshot, index = _snapshot(call), int(call.params.get("blockIndex", 0))
    if snapshot is None:
        return _refused(call, "INVALID_SNAPSHOT_ID", "The snapshot does not exist, or is not completed.")
    if _opened(str(call.params.get("blockToken", "")), snapshot.id, BLOCK_TOKEN_SECONDS) != f"b{index}":
        return _refused(call, "INVALID_BLOCK_TOKEN", "The block token is not valid, or has expired.")
    data = _content(snapshot, call.region, index)
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    headers = (
        ("Content-Type", "application/octet-stream"), ("x-amz-Data-Length", str(len(data))), ("x-amz-Checksum", checksum),
        ("x-amz-Checksum-Algorithm", "SHA256"),
    )  # fmt: skip
    return Answer(status=200, headers=headers, body=data)


def image_block(volume: str, index: int) -> bytes:
    """One block of the made-up image of a volume."""
    block = random.Random(f"{volume} {index}").randbytes(4096) * (BLOCK // 4096)  # noqa: S311 -- made-up content, not cryptography
    return (MARK + f" {volume}, block {index}, made up for a drill\n".encode() + block)[:BLOCK]


def image_blocks(volume: str, gibibytes: int) -> list[int]:
    """Which blocks of the made-up image have data."""
    chance = random.Random(volume)  # noqa: S311 -- as above
    return sorted({0, *chance.sample(range(1, gibibytes * BLOCKS_A_GIBIBYTE), PRESENT - 1)})


def _snapshot(call: Call) -> Any:
    from moto.ec2.models import ec2_backends  # after SETTINGS: moto reads them when it is imported

    backend: Any = ec2_backends[cast.ACCOUNT][call.region]
    found = backend.snapshots.get(call.params["snapshotId"])
    return found if found is not None and found.status == "completed" else None


def _written(snapshot: Any, region: str) -> dict[int, Any] | None:
    """What was written through PutSnapshotBlock; None where EC2 has made the snapshot."""
    from moto.ebs.models import ebs_backends  # as above

    backend: Any = ebs_backends[cast.ACCOUNT][region]
    found = backend.snapshots.get(snapshot.id)
    return None if found is None else found.blocks


def _present(snapshot: Any, region: str) -> list[int]:
    written = _written(snapshot, region)
    return sorted(written) if written is not None else image_blocks(snapshot.volume.id, snapshot.volume.size)


def _content(snapshot: Any, region: str, index: int) -> bytes:
    written = _written(snapshot, region)
    return bytes(written[index].block_data) if written is not None else image_block(snapshot.volume.id, index)


def _token(snapshot: str, said: str) -> str:
    body = f"{said}:{int(time.time())}"
    return base64.urlsafe_b64encode(_signature(snapshot, body) + body.encode()).decode()


def _opened(token: str, snapshot: str, seconds: int) -> str | None:
    """What the token says; None where it is not ours, another snapshot's, or too old."""
    try:
        raw = base64.urlsafe_b64decode(token)
        body = raw[_SIGNED:].decode()
    except ValueError:
        return None
    said, _, at = body.rpartition(":")
    ours = hmac.compare_digest(raw[:_SIGNED], _signature(snapshot, body))
    return said if ours and time.time() - int(at) <= seconds else None


def _signature(snapshot: str, body: str) -> bytes:
    return hmac.digest(_SECRET, f"{snapshot} {body}".encode(), "sha256")[:_SIGNED]


def _refused(call: Call, reason: str, message: str) -> Answer:
    return error_answer(call, 400, "ValidationException", f"{reason}: {message}")
