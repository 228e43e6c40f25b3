"""Where evidence is kept, as the environment says: in a folder or in S3, encrypted or not."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from hikeshi.custody.encrypting_locker import NO_KEY, EncryptingLocker
from hikeshi.custody.encryption import SUFFIX, Keys, make_key
from hikeshi.custody.locker import Locker
from hikeshi.custody.s3_place import Place
from hikeshi.desk.evidence.models import Item
from hikeshi.errors import Refused


def locker(*, encrypt: bool = False) -> Locker:
    """The locker in force. `encrypt` asks for encryption where the environment does not; then a key is made at the first time.

    A key that cannot be read keeps encrypted bytes closed and nothing from being read that is plain.
    """
    configured = settings.ENVIRONMENT.locker_key
    if encrypt and configured is None:
        with suppress(Refused):  # it is there
            make_key(own_key())
    local, closed = home() / "locker", encrypt or configured is not None
    folder = EncryptingLocker(local, _keys(), encrypt=closed)
    if not settings.ENVIRONMENT.locker:
        return folder
    from hikeshi.custody.s3_locker import S3Locker  # with the cloud's SDK behind it: half a second

    return S3Locker(_bucket(), home() / "outgoing", _keys(), encrypt=closed, earlier=folder)


def _bucket() -> Place:
    said = settings.ENVIRONMENT
    name, _, prefix = said.locker.removeprefix("s3://").partition("/")
    mode, days = said.locker_lock or ("", 0)
    return Place(
        bucket=name, prefix=prefix, region=said.aws_region, endpoint_url=said.aws_endpoint_url or None,
        mode=mode, days=days, kms_key=said.locker_kms_key,
    )  # fmt: skip


class Kept(NamedTuple):
    """Where the sealed bytes of an item are, and whether encrypted."""

    address: str
    encrypted: bool


def kept(item: Item) -> Kept:
    """From what was recorded when it was sealed, without asking S3: pages show it. A folder's files are beside its manifest."""
    if item.lock_proof.startswith("s3://"):
        address = item.lock_proof.partition(" version ")[0]
    else:
        address = EncryptingLocker(home() / "locker", encrypt=False).address(item.sha256)
        address = str(Path(address).relative_to(home()))
    return Kept(address, address.endswith(SUFFIX))


def home() -> Path:
    return Path(settings.ENVIRONMENT.home)


def own_key() -> Path:
    """The key of what is always encrypted, where none is configured."""
    return home() / "keys" / "locker.key"


def keys() -> Keys:
    """The configured key and our own one. Raises `Refused` where there is none, or one cannot be read."""
    named = settings.ENVIRONMENT.locker_key
    files = [path for path in (named, own_key()) if path and (path == named or path.exists())]
    if not files:
        raise Refused(NO_KEY.message, hint=NO_KEY.hint)
    return Keys(*dict.fromkeys(files))


def _keys() -> Keys | Refused:
    try:
        return keys()
    except Refused as problem:
        return problem
