"""SHA-256 that can stop and go on in another process: its state is eight words and a length.

FIPS 180-4 section 6.2: after a whole number of 64-byte blocks, nothing else is needed. Python's hashlib keeps its state to itself, so
OpenSSL's own SHA256_* functions are used, which are as fast. Where they cannot be reached the hash is hashlib's and `state` stays
empty: then it cannot go on elsewhere and has to begin again.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
from functools import lru_cache
from typing import Any, Final

from hikeshi.errors import Failed

BLOCK: Final = 64


class _Context(ctypes.Structure):
    """SHA256_CTX of openssl/sha.h."""

    _fields_ = (
        ("words", ctypes.c_uint32 * 8), ("low", ctypes.c_uint32), ("high", ctypes.c_uint32), ("data", ctypes.c_uint32 * 16),
        ("held", ctypes.c_uint), ("length", ctypes.c_uint),
    )  # fmt: skip


class ResumableSha256:
    """Like hashlib's, with `state` to take out and to begin from. Not shared between threads."""

    def __init__(self, state: str = "") -> None:
        """`state`: what `state` was. Raises `Failed` where it cannot be gone on from here."""
        self._context = _Context()
        self._library = _library()
        self._plain = hashlib.sha256()
        if self._library:
            self._library.SHA256_Init(ctypes.byref(self._context))
        if state:
            self._go_on(state)

    @property
    def state(self) -> str:
        """Eight words and the bytes so far, in hex; "" where it cannot be told or not a multiple of 64 bytes has passed."""
        if not self._library or self._context.held:
            return ""
        bits = self._context.high << 32 | self._context.low
        return "".join(f"{word:08x}" for word in self._context.words) + f"{bits // 8:016x}"

    def update(self, data: bytes | memoryview) -> None:
        """Hash these bytes. Other threads go on meanwhile."""
        if self._library:
            self._library.SHA256_Update(ctypes.byref(self._context), bytes(data), len(data))
        else:
            self._plain.update(data)

    def hexdigest(self) -> str:
        """The hash of what has passed so far; more may follow."""
        if not self._library:
            return self._plain.hexdigest()
        last, out = _Context.from_buffer_copy(self._context), ctypes.create_string_buffer(32)
        self._library.SHA256_Final(out, ctypes.byref(last))
        return out.raw.hex()

    def _go_on(self, state: str) -> None:
        if not self._library:
            hint = "Delete the parts of this hash in the evidence bucket, or use a Python that is linked with OpenSSL."
            raise Failed("A hash that was begun cannot be gone on with here.", hint=hint)
        words = [int(state[at : at + 8], 16) for at in range(0, 64, 8)]
        bits = int(state[64:80], 16) * 8
        self._context.words[:] = words
        self._context.low, self._context.high = bits & 0xFFFFFFFF, bits >> 32


@lru_cache(maxsize=1)
def _library() -> Any:
    """OpenSSL's library where it is there and does what it should; None otherwise."""
    try:
        library = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
        library.SHA256_Update.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)
        context, out = _Context(), ctypes.create_string_buffer(32)
        library.SHA256_Init(ctypes.byref(context))
        library.SHA256_Update(ctypes.byref(context), bytes(BLOCK), BLOCK)
        library.SHA256_Final(out, ctypes.byref(context))
    except (OSError, AttributeError):
        return None
    return library if out.raw == hashlib.sha256(bytes(BLOCK)).digest() else None
