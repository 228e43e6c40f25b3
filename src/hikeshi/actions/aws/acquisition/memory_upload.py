"""The storage side of a memory capture: a multipart upload whose parts the host fills through signed URLs.

Amazon S3 User Guide, "Uploading and copying objects using multipart upload": parts of 5 MiB to 5 GiB, at most 10 000.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Failed
from hikeshi.text import Text

MAX_PARTS = 350
"""The answer names each part in about 60 characters, and Systems Manager keeps 24 000 characters of output."""
MIN_PART_BYTES = 16 * 2**20
USUAL_PART_BYTES = 64 * 2**20
"""One part at a time lies in the host's memory, so small hosts get smaller ones; each address takes time to sign."""
MAX_PART_BYTES = 5 * 2**30
SPARE_SECONDS = 600
"""How much longer than the deadlines the signed URLs stay valid."""

_OPEN = Text(en="The image is stored in parts.", ja="メモリイメージを分割して保存します。")
_LIST = Text(
    en="The addresses of the parts, so that no credential is needed on the host.",
    ja="対象ホストに認証情報を置かずに済むよう、分割先のアドレス一覧を用意します。",
)
_CLOSE = Text(
    en="All parts are there: make them one object.", ja="すべての部分がそろったため、1 つのオブジェクトにまとめます。"
)


class Part(msgspec.Struct, frozen=True):
    """One stored part, as the host reports it."""

    number: int
    etag: str


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """Where the image goes and how it is cut."""

    bucket: str
    key: str
    part_bytes: int
    parts: int

    @property
    def place(self) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self.key}

    @property
    def list_place(self) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": f"{self.key}.parts.json"}


def planned_upload(world: AwsWorld, instance_id: str, memory_mib: int, form: str = "lime") -> Upload:
    """An upload with room for the memory of this host and a tenth more. The key is the same on every repeat of the step."""
    room = math.ceil(memory_mib * 2**20 * 1.1) + 64 * 2**20
    part_bytes = max(MIN_PART_BYTES, min(USUAL_PART_BYTES, room // 128), math.ceil(room / MAX_PARTS))
    key = f"{world.settings.evidence_prefix}/{world.incident}/{world.step}/memory-{instance_id}.{form}"
    parts = math.ceil(room / part_bytes)
    return Upload(bucket=world.settings.evidence_bucket, key=key, part_bytes=part_bytes, parts=parts)


def open_upload(world: AwsWorld, upload: Upload) -> str:
    """The upload's id; one begun by an earlier attempt is used again."""
    if known := upload_id(world, upload):
        return known
    return str(world.change("s3", "CreateMultipartUpload", _OPEN, **upload.place)["UploadId"])


def upload_id(world: AwsWorld, upload: Upload) -> str:
    """The id of the unfinished upload under exactly this key, or ""."""
    told = world.read("s3", "ListMultipartUploads", Bucket=upload.bucket, Prefix=upload.key)
    return next((str(one["UploadId"]) for one in told.get("Uploads", ()) if one["Key"] == upload.key), "")


def publish_list(world: AwsWorld, upload: Upload, uploading: str, seconds: int) -> str:
    """Store the list of signed part addresses; returns the signed address of the list, a secret."""
    if upload.part_bytes > MAX_PART_BYTES:
        raise Failed(
            "The memory of this host is too large for one upload.", hint="Capture it by hand, to a local disk."
        )
    numbers, where = range(1, upload.parts + 1), {**upload.place, "UploadId": uploading}
    urls = world.presigned_each("UploadPart", seconds, "PartNumber", numbers, **where)
    body = msgspec.json.encode({"parts": urls, "part_bytes": upload.part_bytes})
    world.change("s3", "PutObject", _LIST, **upload.list_place, Body=body)
    return world.presigned("GetObject", seconds, **upload.list_place)


def close_upload(world: AwsWorld, upload: Upload, parts: tuple[Part, ...]) -> None:
    """Make the parts one object; nothing is sent when an earlier attempt has done it."""
    if uploading := upload_id(world, upload):
        listed: dict[str, Any] = {"Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in parts]}
        world.change(
            "s3", "CompleteMultipartUpload", _CLOSE, **upload.place, UploadId=uploading, MultipartUpload=listed
        )


def stored_bytes(world: AwsWorld, upload: Upload) -> int:
    """The size of the finished object, asked of S3."""
    return int(world.read("s3", "HeadObject", **upload.place)["ContentLength"])
