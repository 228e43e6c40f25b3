"""A signing key in AWS KMS: the private half never leaves Amazon's hardware, and IAM says who may use it.

Written from the KMS API reference (Sign, GetPublicKey): `ECC_NIST_EDWARDS25519` with `ED25519_SHA_512` (plain Ed25519 of RFC 8032)
and `ECC_NIST_P256` with `ECDSA_SHA_256`. Both take the message itself (`RAW`), which KMS limits to 4096 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from hikeshi.aws.reach import Reach
from hikeshi.custody.signing import Algorithm, checked
from hikeshi.errors import Failed, Refused

ALGORITHMS: Final[dict[str, Algorithm]] = {"ED25519_SHA_512": "ed25519", "ECDSA_SHA_256": "ecdsa-p256"}
MESSAGE_LIMIT: Final = 4096
"""Bytes KMS signs as they are. A checkpoint's text has a few hundred."""
SECONDS: Final = 10.0
ATTEMPTS: Final = 3
"""Signing changes nothing in AWS, so sending it again is safe."""


class KmsSigner:
    """The key `kms:KEY`, where KEY is a key's ARN, an alias' ARN, a key id or `alias/NAME`."""

    algorithm: Algorithm

    def __init__(self, key: str, *, reach: Reach) -> None:
        """Asks for the public key. Raises `Failed` when KMS does not answer or refuses, `Refused` for a key of another kind."""
        if not key:
            raise Refused("kms: names no key.", hint="Such as kms:alias/hikeshi or kms:arn:aws:kms:...")
        self.place = f"kms:{key}"
        self._key = key
        self._region, self._endpoint = region_of(key) or reach.region, reach.endpoint_url
        answer = self._call("get_public_key", KeyId=key)
        self._named = next((name for name in answer.get("SigningAlgorithms", ()) if name in ALGORITHMS), "")
        key_spec = str(answer.get("KeySpec") or answer.get("CustomerMasterKeySpec"))
        if not self._named or key_spec not in {"ECC_NIST_EDWARDS25519", "ECC_NIST_P256"}:
            raise Refused(
                f"{self.place} is a key of the kind {key_spec}.",
                hint="Make one with --key-usage SIGN_VERIFY --key-spec ECC_NIST_EDWARDS25519 (or ECC_NIST_P256).",
            )
        self.algorithm = ALGORITHMS[self._named]
        public = load_der_public_key(answer["PublicKey"])
        self.public = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> bytes:
        if len(message) > MESSAGE_LIMIT:
            raise Refused(f"{len(message)} bytes are more than KMS signs.", hint=f"It signs up to {MESSAGE_LIMIT}.")
        answer = self._call("sign", KeyId=self._key, Message=message, MessageType="RAW", SigningAlgorithm=self._named)
        return checked(self, message, answer["Signature"])

    def _call(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # half a second, only where a key is in KMS

        from hikeshi.aws.clients import client
        from hikeshi.aws.failures import translate

        permission = {"get_public_key": "kms:GetPublicKey", "sign": "kms:Sign"}[operation]
        try:
            kms = client("kms", self._region, self._endpoint, SECONDS, attempts=ATTEMPTS)
            answer: Mapping[str, Any] = getattr(kms, operation)(**arguments)
        except (ClientError, BotoCoreError) as error:
            failure = translate(error, permission, changing=False)
            raise Failed(
                f"The key {self.place} cannot be used: {failure.message}",
                permanent=failure.permanent,
                hint=failure.hint,
            ) from error
        return answer


def region_of(key: str) -> str:
    """The region an ARN names, or nothing."""
    parts = key.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else ""
