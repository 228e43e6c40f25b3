"""Where signing keys may live, by the scheme of their address. A new place is one file beside this one and one line here.

file:/srv/hikeshi/ledger-key.pem      kms:alias/hikeshi      pkcs11:token=hikeshi;object=ledger?module-path=/usr/lib/...so
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hikeshi.aws.reach import Reach
from hikeshi.custody.kms_signer import KmsSigner
from hikeshi.custody.secret_files import read_secret
from hikeshi.custody.signing import FileSigner, Signer
from hikeshi.custody.token_signer import TokenSigner
from hikeshi.errors import Refused


def _file(place: str, secret_file: Path | None, reach: Reach) -> Signer:
    del reach
    password = read_secret(secret_file, of=place) if secret_file else None
    return FileSigner(Path(place.removeprefix("file:").removeprefix("//")), password=password)


def _kms(place: str, secret_file: Path | None, reach: Reach) -> Signer:
    del secret_file  # AWS knows us by the credentials of the SDK's usual places
    return KmsSigner(place.removeprefix("kms:"), reach=reach)


def _token(place: str, secret_file: Path | None, reach: Reach) -> Signer:
    del reach
    return TokenSigner(place, pin_file=secret_file)


SIGNERS: Final[dict[str, Callable[[str, Path | None, Reach], Signer]]] = {
    "file": _file,
    "kms": _kms,
    "pkcs11": _token,
}


def open_signer(place: str, *, secret_file: Path | None = None, reach: Reach | None = None) -> Signer:
    """The signer at `place`. `secret_file` holds the passphrase of a key file or the PIN of a token.

    Raises `Refused` for a place that is not understood or a key that does not fit, `Failed` when it cannot be reached now.
    """
    scheme = place.partition(":")[0]
    if scheme not in SIGNERS:
        raise Refused(f"No keys are known at {scheme!r}.", hint=f"Use one of: {', '.join(f'{s}:' for s in SIGNERS)}.")
    return SIGNERS[scheme](place, secret_file, reach or Reach())
