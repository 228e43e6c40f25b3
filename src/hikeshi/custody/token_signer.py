"""A signing key on a PKCS#11 token: a smart card, a YubiKey, an HSM. Named by its URI (RFC 7512), opened with a PIN from a file.

    pkcs11:token=hikeshi;object=ledger?module-path=/usr/lib/softhsm/libsofthsm2.so

The PIN is never in the URI: a URI is shown, stored and logged. Ed25519 keys sign with CKM_EDDSA, P-256 keys with CKM_ECDSA over
SHA-256 (PKCS #11 v3.0, 2.3).
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hikeshi.custody.secret_files import read_secret
from hikeshi.custody.signing import Algorithm, checked
from hikeshi.errors import Failed, Refused

P256: Final = bytes.fromhex("06082a8648ce3d030107")
"""CKA_EC_PARAMS of P-256: the curve's object identifier in DER."""

_one_at_a_time = threading.Lock()
"""The login state of a token belongs to the whole process, not to a session."""

_wrong_pins: set[bytes] = set()
"""Digests of token and PIN that were refused. Tried again and again, a wrong PIN locks the token for good."""


class TokenUri:
    """What an RFC 7512 URI says. Raises `Refused` for one that holds a PIN, or lacks the module or the object."""

    def __init__(self, uri: str) -> None:
        scheme, _, rest = uri.partition(":")
        path, _, query = rest.partition("?")
        said = dict(part.partition("=")[::2] for part in path.split(";") if part)
        asked = dict(part.partition("=")[::2] for part in query.split("&") if part)
        if scheme != "pkcs11" or {"pin-value", "pin-source"} & {*said, *asked}:
            # The URI itself is not repeated: it may hold the PIN.
            raise Refused(
                "This is not a pkcs11: URI without a PIN.",
                hint="Write the PIN to the file HIKESHI_SIGNING_SECRET_FILE names.",
            )
        self.module = unquote(asked.get("module-path", ""))
        self.token: str | None = unquote(said["token"]) if "token" in said else None
        self.serial: str | None = unquote(said["serial"]) if "serial" in said else None
        self.object: str | None = unquote(said["object"]) if "object" in said else None
        self.id: bytes | None = unquote_to_bytes(said["id"]) if "id" in said else None
        unknown = {*said} - {"token", "serial", "object", "id", "type", "manufacturer", "model"}
        if unknown or not Path(self.module).is_absolute() or not (self.object or self.id):
            raise Refused(
                f"The key {uri} is not understood.",
                hint="pkcs11:token=LABEL;object=LABEL?module-path=/path/of/the/module.so (serial= and id= are known, too)",
            )


class TokenSigner:
    """A key on a token. The token is logged into for one signature and left again."""

    algorithm: Algorithm

    def __init__(self, uri: str, *, pin_file: Path | None) -> None:
        """Raises `Refused` for a URI or key that does not fit, `Failed` when the token cannot be reached or refuses the PIN."""
        self.place = uri
        self._uri = TokenUri(uri)
        self._pin_file = pin_file
        with self._session() as (session, pkcs11):
            public = self._key(session, pkcs11.ObjectClass.PUBLIC_KEY)
            self.algorithm, self.public = _public(public, pkcs11, self.place)

    def sign(self, message: bytes) -> bytes:
        with self._session() as (session, pkcs11):
            key = self._key(session, pkcs11.ObjectClass.PRIVATE_KEY)
            if self.algorithm == "ed25519":
                signature = bytes(key.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
            else:
                raw = bytes(key.sign(hashlib.sha256(message).digest(), mechanism=pkcs11.Mechanism.ECDSA))
                half = len(raw) // 2
                signature = encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
        return checked(self, message, signature)

    def _key(self, session: Any, kind: Any) -> Any:
        return session.get_key(object_class=kind, label=self._uri.object, id=self._uri.id)

    @contextlib.contextmanager
    def _session(self) -> Iterator[tuple[Any, Any]]:
        try:
            import pkcs11  # an extra: only whoever has a token needs it
        except ImportError as error:
            raise Refused("Keys on tokens need python-pkcs11.", hint="pip install 'hikeshi[hsm]'") from error
        pin = read_secret(self._pin_file, of=self.place)
        seen = hashlib.sha256(self.place.encode() + b"\0" + pin).digest()
        if seen in _wrong_pins:
            raise self._unreachable(
                "the PIN was refused before and is not tried again, so that the token is not locked"
            )
        with _one_at_a_time:
            try:
                module = pkcs11.lib(self._uri.module)
                token = module.get_token(token_label=self._uri.token, token_serial=_bytes(self._uri.serial))
                with token.open(user_pin=pin.decode("utf-8", "replace")) as session:
                    yield session, pkcs11
            except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid, pkcs11.PinLocked) as error:
                _wrong_pins.add(seen)
                raise self._unreachable(f"the token refuses the PIN ({type(error).__name__})") from error
            except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
                raise self._unreachable(f"{type(error).__name__} {error}".strip(), permanent=False) from error

    def _unreachable(self, why: str, *, permanent: bool = True) -> Failed:
        return Failed(
            f"The key {self.place} cannot be used: {why}.",
            permanent=permanent,
            hint="Check the token, its labels (pkcs11-tool -O) and the PIN file.",
        )


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _public(key: Any, pkcs11: Any, place: str) -> tuple[Algorithm, str]:
    """The kind and the PEM of a public key object. Tokens wrap the point as an OCTET STRING, a BIT STRING or not at all."""
    point = bytes(key[pkcs11.Attribute.EC_POINT])
    algorithm: Algorithm
    public: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
    if key.key_type == pkcs11.KeyType.EC_EDWARDS and len(point) in {32, 34, 35}:
        algorithm, public = "ed25519", ed25519.Ed25519PublicKey.from_public_bytes(point[-32:])
    elif key.key_type == pkcs11.KeyType.EC and bytes(key[pkcs11.Attribute.EC_PARAMS]) == P256 and len(point) >= 65:
        algorithm, public = "ecdsa-p256", ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point[-65:])
    else:
        raise Refused(
            f"{place} is neither Ed25519 nor ECDSA P-256.", hint="pkcs11-tool --keypairgen --key-type EC:prime256v1"
        )
    return algorithm, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
