"""What CloudTrail's digests prove of a store's sources: kept in its folder, and read into each event as it is shown.

    integrity.json                 by SHA-256 of the source: digest_valid, hash_ok, digest_missing or digest_mismatch
    digests.json                   everything that was found, see events/digests.py

Events are not rewritten for it, so that keys and digests may come later. A source that is no CloudTrail log is `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from hikeshi.events.digest_files import Given
from hikeshi.events.digests import INTEGRITY, Validation, validate
from hikeshi.stores.layout import replace

UNKNOWN: Final = "unknown"
_BY_SOURCE, _FOUND = "integrity.json", "digests.json"


def prove(
    folder: Path, files: Iterable[Given], sha256_of: Mapping[str, str], keys: Mapping[str, Any] | None = None
) -> Validation:
    """Check the sources' digests and keep what was found. `sha256_of` has the SHA-256 of each path, packed as it lies there."""
    found = validate(files, keys)
    of = {sha256_of[log.path]: INTEGRITY[log.result] for log in found.logs if log.path in sha256_of}
    replace(folder / _FOUND, msgspec.json.encode(found))
    replace(folder / _BY_SOURCE, msgspec.json.encode(of))
    return found


def found_in(folder: Path) -> Validation | None:
    """What was found when the store was built; None where there were no digests."""
    path = folder / _FOUND
    return msgspec.json.decode(path.read_bytes(), type=Validation) if path.exists() else None


def found_at(folder: Path) -> int:
    """When that was, as nanoseconds since 1970; 0 where there were no digests."""
    path = folder / _FOUND
    return path.stat().st_mtime_ns if path.exists() else 0


def integrity_of(folder: Path) -> Mapping[str, str]:
    """By the SHA-256 of each source that digests say something about, what they say."""
    path = folder / _BY_SOURCE
    return _read(path, path.stat().st_mtime_ns) if path.exists() else {}


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int) -> dict[str, str]:
    return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
