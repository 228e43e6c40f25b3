"""A folder of this step in the evidence bucket: what an action keeps there, under the same names on every repeat."""

from __future__ import annotations

from typing import Any, Final

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

ABSENT: Final = ("404", "NoSuchKey", "NotFound")


class EvidenceFolder:
    """`<prefix>/<incident>/<step>/<name>/` in the evidence bucket."""

    def __init__(self, world: AwsWorld, name: str) -> None:
        self._world = world
        self.bucket = world.settings.evidence_bucket
        self.path = f"{world.settings.evidence_prefix}/{world.incident}/{world.step}/{name}"

    def address(self, name: str) -> str:
        return f"s3://{self.bucket}/{self.path}/{name}"

    def names(self) -> list[str]:
        """What is there, without the folder, sorted."""
        told = self._world.pages("s3", "ListObjectsV2", "Contents", Bucket=self.bucket, Prefix=f"{self.path}/")
        return sorted(str(one["Key"]).removeprefix(f"{self.path}/") for one in told)

    def get(self, name: str) -> bytes | None:
        """The object, None where there is none."""
        try:
            body: bytes = self._world.read("s3", "GetObject", **self.place(name))["Body"].read()
        except CallFailed as failure:
            if failure.code in ABSENT:
                return None
            raise
        return body

    def put(self, name: str, body: bytes, why: Text) -> None:
        # A bucket with Object Lock takes nothing without a checksum, and it catches what breaks on the way.
        self._world.change("s3", "PutObject", why, **self.place(name), Body=body, ChecksumAlgorithm="SHA256")

    def place(self, name: str) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": f"{self.path}/{name}"}


def need_bucket(world: AwsWorld) -> None:
    """Raises `Refused` where there is no evidence bucket."""
    if not world.settings.evidence_bucket:
        raise Refused("There is no evidence bucket to keep this in.", hint="Set one for this account first.")
