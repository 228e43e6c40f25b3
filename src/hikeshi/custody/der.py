"""Just enough DER to put the certificates of a time-stamp reply in order.

DER sorts the members of a SET OF (X.690 11.6). `openssl ts`, and authorities built on it, put certificates in as they come, which
CMS allows (RFC 5652 5.1) and our strict decoder does not. Nothing signs their order, so sorting them changes nothing that is proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

CERTIFICATES: Final = 0xA0
"""The tag [0] of the certificates in SignedData."""


class Part(NamedTuple):
    """One element: its tag, where it begins, where its content begins, and where it ends."""

    tag: int
    start: int
    content: int
    end: int


def parts(data: bytes, start: int, end: int) -> Iterator[Part]:
    """The elements between two places. Raises ValueError for anything but short tags with definite lengths that fit."""
    while start < end:
        size, content = data[start + 1] if start + 1 < end else 0x80, start + 2
        if size & 0x80:
            count = size & 0x7F
            if not 0 < count <= 4 or content + count > end:
                raise ValueError(f"no DER length at byte {start}")
            size, content = int.from_bytes(data[content : content + count]), content + count
        if content + size > end:
            raise ValueError(f"the element at byte {start} is longer than what holds it")
        yield Part(data[start], start, content, content + size)
        start = content + size


def with_sorted_certificates(reply: bytes) -> bytes:
    """A TimeStampResp (RFC 3161) with its certificates in DER's order; the same bytes where it has none.

    TimeStampResp { status, ContentInfo { type, [0] { SignedData { version, digests, content, [0] certificates, ... } } } }
    """
    (whole,) = parts(reply, 0, len(reply))
    outer = list(parts(reply, whole.content, whole.end))
    if len(outer) < 2:
        return reply
    _type, explicit = parts(reply, outer[1].content, outer[1].end)
    (signed,) = parts(reply, explicit.content, explicit.end)
    for part in parts(reply, signed.content, signed.end):
        if part.tag == CERTIFICATES:
            members = sorted(reply[one.start : one.end] for one in parts(reply, part.content, part.end))
            return reply[: part.content] + b"".join(members) + reply[part.end :]
    return reply
