"""Whether CloudTrail log files are what CloudTrail delivered: its chain of digests, checked offline.

A digest is genuine where its signature verifies (SHA256withRSA, PKCS#1 v1.5, over digestEndTime, bucket/key, hexadecimal SHA-256 of
the unpacked digest, previousDigestSignature or the word null, each on a line of its own), or where a genuine digest after it gives its
hash. Every digest carries the signature of the one before, so that only the last of a chain needs its object's metadata. A chain goes
on hour by hour even where nothing happened: an hour without digest is a gap, however many in a row are gone. Digests called
`_backfill` list logs that came late and form a chain of their own, which has no hours to miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from hikeshi.events.digest_files import DIGEST_NAME, LOG_NAME, Document, Given, Held, Listed, look
from hikeshi.events.times import instant
from hikeshi.text import Text

HOUR: Final = 3_600_000_000
ALGORITHM: Final = "SHA256withRSA"
Proof = Literal["signed", "linked", "unproven", "bad"]
Result = Literal["valid", "hash-ok", "not-covered", "mismatch", "missing"]

INTEGRITY: Final[dict[str, str]] = {
    "hash-ok": "hash_ok",
    "mismatch": "digest_mismatch",
    "not-covered": "digest_missing",
    "valid": "digest_valid",
}
"""What the events of a log file with this result bear as `integrity`."""

REASONS: Final[dict[str, Text]] = {
    "content-differs": Text(en="Its content is not what the digest lists.", ja="内容がダイジェストの記載と一致しません。"),
    "copy-differs": Text(en="Another file claims to be the same digest.", ja="同じダイジェストを名乗る別のファイルがあります。"),
    "damaged": Text(en="It is damaged, cut off, or has bytes behind its end.", ja="破損・途中切れ、または末尾に余分なデータがあります。"),
    "digest-bad": Text(en="Only a digest that is not genuine lists it.", ja="真正でないダイジェストにのみ記載されています。"),
    "gone": Text(en="A digest lists it and it is not here.", ja="ダイジェストに記載されていますが、ファイルがありません。"),
    "hash-differs": Text(en="The digest after it gives another hash.", ja="後続のダイジェストに記載されたハッシュ値と一致しません。"),
    "linked": Text(en="A genuine digest after it gives its hash.", ja="後続の真正なダイジェストのハッシュ値と一致しました。"),
    "listed": Text(en="A genuine digest lists it with this content.", ja="真正なダイジェストの記載と内容が一致しました。"),
    "listed-unproven": Text(en="A digest whose signature was not proven lists it with this content.", ja="署名未確認のダイジェストの記載と内容が一致しました。"),
    "no-digest": Text(en="There is no digest for the hour it was delivered in.", ja="配信された時間帯のダイジェストがありません。"),
    "no-key": Text(en="No public key with its fingerprint was given.", ja="該当するフィンガープリントの公開鍵がありません。"),
    "no-signature": Text(en="Its signature is not here: it is in the metadata of the S3 object.", ja="署名がありません(署名は S3 オブジェクトのメタデータにあります)。"),
    "not-listed": Text(en="The digest of its hour does not list it.", ja="配信された時間帯のダイジェストに記載がありません。"),
    "off": Text(en="A new chain begins: logging or validation was off.", ja="新しいチェーンの開始: ログ記録または検証が停止していました。"),
    "previous-differs": Text(en="It gives another hash for the genuine digest before it.", ja="直前の真正なダイジェストと異なるハッシュ値が記載されています。"),
    "signature-beside-differs": Text(en="It is genuine, but the signature kept beside it is another.", ja="内容は真正ですが、保存された署名が一致しません。"),
    "signature-wrong": Text(en="Its signature does not verify.", ja="署名の検証に失敗しました。"),
    "signed": Text(en="Its signature verifies.", ja="署名を検証しました。"),
    "taken-away": Text(en="Digests that the chain names are not here.", ja="チェーンに含まれるダイジェストがありません。"),
}  # fmt: skip

_NAME = re.compile(r"^(?P<stream>.*)_\d{8}T\d{6}Z(?P<late>_backfill)?\.json\.gz$", re.DOTALL)
_RANK: dict[Proof, int] = {"bad": 0, "unproven": 1, "linked": 2, "signed": 2}


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one digest file. Times are UTC microseconds; `stream` is its chain: account, region and trail."""

    file: str
    stream: str
    object: str
    start_us: int | None
    end_us: int | None
    logs: int
    proof: Proof
    reason: str


class LogFile(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one log file: here (`path`), or only listed (`path` is empty). `sha256` is that of its content."""

    file: str
    path: str
    sha256: str
    object: str
    result: Result
    reason: str


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """Hours for which nothing is proven. `reason` is taken-away or off; `hours` is how many digests should be there."""

    stream: str
    start_us: int
    end_us: int
    hours: int
    reason: str


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found. `others` are files that are neither logs of CloudTrail nor digests."""

    digests: tuple[Digest, ...]
    logs: tuple[LogFile, ...]
    holes: tuple[Hole, ...]
    others: int
    unreadable: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether something is not as CloudTrail left it."""
        return bool(
            any(one.proof == "bad" or one.reason == "signature-beside-differs" for one in self.digests)
            or any(one.result in {"mismatch", "missing"} or one.reason == "not-listed" for one in self.logs)
            or any(one.reason == "taken-away" for one in self.holes)
        )


class _Link:
    """One digest of a chain, and what was found about it."""

    def __init__(self, held: Held, says: Document) -> None:
        self.held, self.says = held, says
        self.key = (says.digestS3Bucket, says.digestS3Object)
        self.start, self.end = _us(says.digestStartTime), _us(says.digestEndTime)
        name = _NAME.match(says.digestS3Object)
        self.late = bool(name and name["late"])
        self.stream = (
            f"{says.digestS3Bucket}/{name['stream'] if name else says.digestS3Object}" + "_backfill" * self.late
        )
        self.proof: Proof = "unproven"
        self.reason = "no-signature"

    @property
    def rank(self) -> int:
        return _RANK[self.proof]

    def found(self, proof: Proof, reason: str) -> None:
        self.proof, self.reason = proof, reason

    def row(self) -> Digest:
        return Digest(
            file=self.held.name, stream=self.stream, object=self.says.digestS3Object, start_us=self.start, end_us=self.end,
            logs=len(self.says.logFiles or ()), proof=self.proof, reason=self.reason,
        )  # fmt: skip


def validate(files: Iterable[Given], keys: Mapping[str, Any] | None = None) -> Validation:
    """Check digests and the logs they list. `keys` are public keys by fingerprint; without them no signature is proven."""
    held, unreadable = look(files)
    links = [_Link(one, one.digest) for one in held if one.digest]
    broken = [one for one in held if not one.digest and DIGEST_NAME.search(one.name)]
    _prove(links, keys or {})
    rest = [one for one in held if not one.digest and one not in broken]
    logs = _logs(rest, links)
    return Validation(
        digests=(*(link.row() for link in links), *map(_damaged, broken)),
        logs=tuple(logs),
        holes=tuple(hole for chain in _chains(links).values() for hole in _holes(chain)),
        others=len(rest) - sum(bool(one.path) for one in logs),
        unreadable=tuple(str(one) for one in unreadable),
    )


def _us(text: str) -> int | None:
    found = instant(text)
    return found.us if found else None


def _damaged(held: Held) -> Digest:
    return Digest(
        file=held.name, stream="", object="", start_us=None, end_us=None, logs=0, proof="bad", reason="damaged"
    )


def _chains(links: Iterable[_Link]) -> dict[str, list[_Link]]:
    chains: dict[str, list[_Link]] = {}
    for link in sorted(links, key=lambda link: (link.end or 0, link.held.name)):
        chains.setdefault(link.stream, []).append(link)
    return chains


def _prove(links: Sequence[_Link], keys: Mapping[str, Any]) -> None:
    """Say of each digest whether it is genuine, the latest first: each proves the one before it."""
    after = {(one.says.previousDigestS3Bucket, one.says.previousDigestS3Object): one for one in links}
    for link in sorted(links, key=lambda link: link.end or 0, reverse=True):
        _prove_one(link, after.get(link.key), keys)
    for link in links:
        follower = after.get(link.key)
        if follower is None or follower.says.previousDigestHashValue == link.held.sha256:
            continue
        if follower.proof == "unproven" and link.rank == 2:
            follower.found("bad", "previous-differs")
        elif link.proof == "unproven":
            link.found("bad", "hash-differs")
    _copies(links)


def _prove_one(link: _Link, follower: _Link | None, keys: Mapping[str, Any]) -> None:
    """By its own signature first, then by the genuine digest after it."""
    linked = False
    if follower is not None and follower.rank == 2:
        linked = follower.says.previousDigestHashValue == link.held.sha256
        if not linked:
            link.found("bad", "hash-differs")
            return
    told = follower.says.previousDigestSignature if follower is not None else None
    signature = link.held.signature or told
    key = keys.get(link.says.digestPublicKeyFingerprint)
    if linked and link.held.signature and told and link.held.signature.lower() != told.lower():
        link.found("linked", "signature-beside-differs")
    elif signature and key is not None:
        genuine = link.says.digestSignatureAlgorithm == ALGORITHM and _verifies(link, signature, key)
        link.found(
            *(("signed", "signed") if genuine else ("linked", "linked") if linked else ("bad", "signature-wrong"))
        )
    elif linked:
        link.found("linked", "linked")
    else:
        link.found("unproven", "no-key" if signature else "no-signature")


def _verifies(link: _Link, signature: str, key: Any) -> bool:
    from cryptography.exceptions import InvalidSignature  # heavy, and most runs check no signature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # as above
    from cryptography.hazmat.primitives.hashes import SHA256  # as above

    try:
        key.verify(bytes.fromhex(signature), signed_text(link.says, link.held.sha256), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def signed_text(says: Document, sha256: str) -> bytes:
    """What CloudTrail signs for a digest whose unpacked content has this SHA-256."""
    lines = (
        says.digestEndTime,
        f"{says.digestS3Bucket}/{says.digestS3Object}",
        sha256,
        says.previousDigestSignature or "null",
    )
    return "\n".join(lines).encode()


def _copies(links: Iterable[_Link]) -> None:
    """Of files that claim to be one digest, those that are not the proven one are bad."""
    same: dict[tuple[str, str], list[_Link]] = {}
    for link in links:
        same.setdefault(link.key, []).append(link)
    for copies in same.values():
        best = max(copies, key=lambda link: link.rank)
        for link in copies:
            if link.held.sha256 != best.held.sha256 and link.proof != "bad":
                link.found("bad", "copy-differs")


def _holes(chain: Sequence[_Link]) -> Iterable[Hole]:
    """The hours between digests that do not follow one another. Where what we hold begins and ends says nothing."""
    for before, after in pairwise(chain):
        if before.key == after.key or before.end is None or after.start is None:
            continue
        named = (after.says.previousDigestS3Bucket, after.says.previousDigestS3Object)
        if named == before.key:
            continue
        if after.says.previousDigestS3Object is None:
            if after.start > before.end and not after.late:
                yield _hole(before, after, "off")
        else:
            yield _hole(before, after, "taken-away")


def _hole(before: _Link, after: _Link, reason: str) -> Hole:
    start, end = before.end or 0, after.start or 0
    hours = max(1, round((end - start) / HOUR)) if not after.late else 1
    return Hole(stream=after.stream, start_us=start, end_us=max(start, end), hours=hours, reason=reason)


def _logs(held: Iterable[Held], links: Sequence[_Link]) -> list[LogFile]:
    """Every log file that is here, then those that are only listed."""
    listed = [(entry, link) for link in links for entry in link.says.logFiles or ()]
    by_hash: dict[str, list[tuple[Listed, _Link]]] = {}
    by_name: dict[str, list[tuple[Listed, _Link]]] = {}
    for entry, link in listed:
        by_hash.setdefault(entry.hashValue.lower(), []).append((entry, link))
        by_name.setdefault(_base(entry.s3Object), []).append((entry, link))
    found = [log for one in held if (log := _log(one, by_hash, by_name, links))]
    here = {log.object for log in found}
    renamed = {log.sha256 for log in found if _base(log.file) not in by_name}
    gone = {
        entry.s3Object: entry
        for entry, link in listed
        if link.rank and entry.s3Object not in here and entry.hashValue.lower() not in renamed
    }
    return found + [
        LogFile(file="", path="", sha256=entry.hashValue.lower(), object=name, result="missing", reason="gone")
        for name, entry in sorted(gone.items())
    ]


def _base(name: str) -> str:
    """The name alone; a log may have been unpacked."""
    return name.rsplit("/", 1)[-1].removesuffix(".gz")


def _log(
    one: Held,
    by_hash: Mapping[str, Sequence[tuple[Listed, _Link]]],
    by_name: Mapping[str, Sequence[tuple[Listed, _Link]]],
    links: Sequence[_Link],
) -> LogFile | None:
    """What became of a file; None where it has nothing to do with CloudTrail."""
    same = () if one.problem else by_hash.get(one.sha256, ())
    entries = same or by_name.get(_base(one.name), ())
    if not entries and not one.is_log:
        return None
    result, reason = _verdict(one, matches=bool(same), entries=entries, links=links)
    named = [entry.s3Object for entry, _ in entries if _base(entry.s3Object) == _base(one.name)]
    name = named[0] if named else entries[0][0].s3Object if entries else ""
    return LogFile(file=one.name, path=one.path, sha256=one.sha256, object=name, result=result, reason=reason)


def _verdict(
    one: Held, *, matches: bool, entries: Sequence[tuple[Listed, _Link]], links: Sequence[_Link]
) -> tuple[Result, str]:
    rank = max((link.rank for _, link in entries), default=-1)
    if rank == 0:
        return "not-covered", "digest-bad"
    if matches:
        return ("valid", "listed") if rank == 2 else ("hash-ok", "listed-unproven")
    if rank > 0:
        return "mismatch", "damaged" if one.problem else "content-differs"
    return "not-covered", "not-listed" if _hour_is_covered(one.name, links) else "no-digest"


def _hour_is_covered(name: str, links: Iterable[_Link]) -> bool:
    """Whether a digest covers the minute of delivery that the log's name gives. A minute at the edge of an hour may be either's."""
    said = LOG_NAME.search(Path(name).name)
    if not said:
        return False
    try:
        at = int(datetime.strptime(said["at"], "%Y%m%dT%H%M").replace(tzinfo=UTC).timestamp()) * 1_000_000
    except ValueError:
        return False
    region = f"_CloudTrail-Digest_{said['region']}_"
    return any(
        link.rank and link.says.awsAccountId == said["account"] and region in link.says.digestS3Object
        and link.start is not None and link.end is not None and link.start <= at and at + 60_000_000 <= link.end
        for link in links
    )  # fmt: skip
