"""A CloudTrail bucket of our own, with its chain of digests: keys are generated, nothing is from anybody's account."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ACCOUNT, REGION, BUCKET, TRAIL = "111122223333", "ap-northeast-1", "example-trail", "main"
BEGIN = datetime(2026, 11, 6, 12, 0, tzinfo=UTC)


@cache
def key(number: int = 1) -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@dataclass
class Trail:
    """Writes logs and digests below `folder` under their keys in the bucket, as `aws s3 sync` leaves them."""

    folder: Path
    previous: dict[str, Any] = field(default_factory=dict)

    def log(self, hour: int, number: int = 1, minute: int = 10) -> dict[str, Any]:
        """A log file delivered in this hour, and its entry in the digest."""
        at = BEGIN + timedelta(hours=hour, minutes=minute)
        record = {
            "eventVersion": "1.11", "eventID": f"{hour:04d}{number:04d}-0000-4000-8000-000000000000", "awsRegion": REGION,
            "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventSource": "iam.amazonaws.com", "eventName": "ListUsers",
            "recipientAccountId": ACCOUNT, "userIdentity": {"type": "IAMUser", "userName": "example"}, "sourceIPAddress": "192.0.2.7",
        }  # fmt: skip
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{at:%Y%m%dT%H%MZ}_{number:016d}.json.gz"
        body = json.dumps({"Records": [record]}).encode()
        where = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{at:%Y/%m/%d}/{name}"
        self._write(where, body)
        return {
            "s3Bucket": BUCKET, "s3Object": where, "hashValue": hashlib.sha256(body).hexdigest(), "hashAlgorithm": "SHA-256",
            "newestEventTime": record["eventTime"], "oldestEventTime": record["eventTime"],
        }  # fmt: skip

    def digest(self, hour: int, logs: int = 1, *, starting: bool = False, late: bool = False, by: int = 1) -> Path:
        """The digest of this hour, signed and linked to the last one of its kind."""
        start, end = BEGIN + timedelta(hours=hour), BEGIN + timedelta(hours=hour + 1)
        kind = "_backfill" if late else ""
        where = (
            f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{end:%Y/%m/%d}/"
            f"{ACCOUNT}_CloudTrail-Digest_{REGION}_{TRAIL}_{REGION}_{end:%Y%m%dT%H%M%SZ}{kind}.json.gz"
        )
        before = {} if starting else self.previous.get(kind, {})
        says = {
            "awsAccountId": ACCOUNT, "digestStartTime": f"{start:%Y-%m-%dT%H:%M:%SZ}", "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": BUCKET, "digestS3Object": where, "digestPublicKeyFingerprint": f"{by:032x}",
            "digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": None, "oldestEventTime": None,
            "previousDigestS3Bucket": before.get("bucket"), "previousDigestS3Object": before.get("object"),
            "previousDigestHashValue": before.get("sha256"), "previousDigestHashAlgorithm": "SHA-256" if before else None,
            "previousDigestSignature": before.get("signature"),
            "logFiles": [self.log(hour, 100 * late + number) for number in range(1, logs + 1)],
        }  # fmt: skip
        body = json.dumps(says).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        lines = (says["digestEndTime"], f"{BUCKET}/{where}", sha256, says["previousDigestSignature"] or "null")
        signature = key(by).sign("\n".join(map(str, lines)).encode(), PKCS1v15(), SHA256()).hex()
        self.previous[kind] = {"bucket": BUCKET, "object": where, "sha256": sha256, "signature": signature}
        path = self._write(where, body)
        more = {"backfill-generation-timestamp": "2026-11-09T00:00:00Z"} if late else {}
        beside = {"signature": signature, "signature-algorithm": "SHA256withRSA", **more}
        path.with_name(path.name + ".metadata.json").write_text(json.dumps(beside))
        return path

    def _write(self, where: str, body: bytes) -> Path:
        path = self.folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(body, mtime=0))
        return path


def keys_file(path: Path, *numbers: int) -> Path:
    """What `aws cloudtrail list-public-keys` answers."""
    listed = [
        {
            "Value": base64.b64encode(key(number).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode(),
            "ValidityStartTime": "2026-11-01T00:00:00Z",
            "ValidityEndTime": "2026-12-01T00:00:00Z",
            "Fingerprint": f"{number:032x}",
        }
        for number in numbers or (1,)
    ]
    path.write_text(json.dumps({"PublicKeyList": listed}))
    return path
